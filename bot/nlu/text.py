"""Text as the models see it: normalised, and brought back to its own alphabet. Pure functions."""

import re
import unicodedata
from collections.abc import Callable

LONGEST = 1000  # characters that are read; the rest of a very long message hardly changes its meaning

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f\ud800-\udfff]")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


# People write shch for щ, zh for ж, and a y that is either и or й.
_CYRILLIC = _pairs(
    "shch=щ sch=щ zgh=зг kh=х ch=ч cz=ч sh=ш sz=ш zh=ж ts=ц ya=я ja=я yu=ю ju=ю yo=йо jo=йо ye=є je=є yi=ї ji=ї a=а "
    "b=б c=ц d=д e=е f=ф g=г h=г i=і j=й k=к l=л m=м n=н o=о p=п q=к r=р s=с t=т u=у v=в w=в x=х y=и z=з ł=л ó=о "
    "ż=ж ź=з ś=с ć=ц ń=н ą=о ę=е '=ь 4=ч 6=ш"
)
_RUSSIAN = _pairs("h=х i=и y=ы e=е ye=е je=е yi=и yo=ё jo=ё shch=щ")
_RUSSIAN_CYRILLIC = _CYRILLIC | _RUSSIAN
_LETTERS = "|".join(sorted((re.escape(piece) for piece in _CYRILLIC if not piece.isdigit()), key=len, reverse=True))
_PIECE = re.compile(rf"{_LETTERS}|(?<=[a-z])[46](?=[a-z])|\b[46](?=[a-z])")  # a digit is a letter only inside a word
_LATIN = str.maketrans(
    _pairs(
        "а=a б=b в=v г=h ґ=g д=d е=e є=ye ж=zh з=z и=y і=i ї=yi й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh "
        "ц=ts ч=ch ш=sh щ=shch ь= ю=yu я=ya ы=y э=e ё=yo ъ= ў=w ’= '="
    )
)
_RUSSIAN_LATIN = str.maketrans(_pairs("г=g и=i х=h щ=sch ы=y й=i"))
# One letter for what sounds alike, so that umowa and умова are one word.
_DIGRAPHS = _pairs("szcz=s cz=c sz=s rz=r ch=h ia=a ie=e io=o iu=u")
_DIGRAPH = re.compile("|".join(_DIGRAPHS))
_ALIKE = str.maketrans(
    _pairs(
        "а=a б=b в=v г=h ґ=h д=d е=e є=e э=e ё=o ж=z з=z и=i і=i ї=i ы=i й=j к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h "
        "ц=c ч=c ш=s щ=s ь= ъ= ю=u я=a ў=v ’= '= w=v g=h y=i"
    )
)


# The same keys on a Latin and on a Ukrainian or Russian keyboard.
_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_LAYOUTS = [
    (str.maketrans(_LATIN_KEYS, "йцукенгшщзхїфівапролджєячсмитьбю"), str.maketrans("йцукенгшщзхїфівапролджєячсмитьбю", _LATIN_KEYS)),
    (str.maketrans(_LATIN_KEYS, "йцукенгшщзхъфывапролджэячсмитьбю"), str.maketrans("йцукенгшщзхъфывапролджэячсмитьбю", _LATIN_KEYS)),
]


def in_right_layout(text: str, is_word: Callable[[str], bool]) -> str:
    """`ghbdsn` -> `привіт`: what was typed on the keyboard of another alphabet, when that makes words of what is none."""
    lower = text.lower()

    def known(form: str) -> float:
        words = re.findall(r"\w+", form)
        return sum(map(is_word, words)) / len(words) if words else 0.0

    if len(lower) < 4 or known(lower) > 0.25:
        return text
    best = max((lower.translate(table) for layout in _LAYOUTS for table in layout), key=known)
    return best if known(best) >= 0.6 else text


def normalise(text: str) -> str:
    """NFC, no invisible characters, single spaces, and not shouting."""
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text[: 4 * LONGEST]))
    text = unicodedata.normalize("NFC", text).strip()[:LONGEST].rstrip()
    letters, capitals = sum(map(str.isalpha, text)), sum(map(str.isupper, text))
    shouting = letters > 3 and capitals > 0.7 * letters
    return unicodedata.normalize("NFC", text.lower())[:LONGEST].rstrip() if shouting else text


def without_diacritics(text: str) -> str:
    """`zażółć` -> `zazolc`, as on a keyboard without Polish letters."""
    decomposed = unicodedata.normalize("NFD", text.replace("ł", "l").replace("Ł", "L"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_PLAIN = {ord(c): without_diacritics(c) for c in map(chr, range(0x80, 0x400))}  # as far as Cyrillic


def on_a_plain_keyboard(text: str) -> str:
    """Lower case, Latin letters without diacritics; Cyrillic ones keep theirs, where `й` is no `и`."""
    return text.translate(_PLAIN).lower()


def in_one_alphabet(text: str) -> str:
    """Polish and the East Slavic languages in letters that they share: the same word is much the same word in each of them."""
    return _DIGRAPH.sub(lambda match: _DIGRAPHS[match[0]], on_a_plain_keyboard(text)).translate(_ALIKE)


def cyrillic_from_latin(text: str, language: str) -> str:
    """Ukrainian or Russian typed with Latin letters -> roughly its own spelling. Both languages share most rules."""
    table = _RUSSIAN_CYRILLIC if language == "ru" else _CYRILLIC
    return _PIECE.sub(lambda match: table[match[0]], text.lower())


def latin_from_cyrillic(text: str, language: str) -> str:
    """The way back, for making training examples of Latin-typed Cyrillic."""
    text = text.lower()
    return (text.translate(_RUSSIAN_LATIN) if language == "ru" else text).translate(_LATIN)

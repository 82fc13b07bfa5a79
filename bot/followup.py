"""Messages that lean on the one before, and messages that ask two things. Pure functions."""

import re
from dataclasses import replace

from bot.nlu import SMALL_TALK
from bot.nlu.text import cyrillic_from_latin, in_one_alphabet
from bot.types import Understanding

_WORD = re.compile(r"[^\W\d_][\w'’]*")


def _words(*lines: str) -> frozenset[str]:
    """In one alphabet, and so once for all spellings: `długo` is `dlugo`, `что` is `што`."""
    return frozenset(in_one_alphabet(word) for word in " ".join(lines).split())


# Words that ask or point and name no topic. A message made of these alone is about what was last spoken of.
_POINTING = _words(
    "jaki jaka jakie jakich które a i ale no to ten ta te tego tej tym jest są czy ile gdzie kiedy jak długo co kto komu za po z",
    "do na o w u od się tam tu kosztuje kosztują zapłacić płacę płacić płatne darmowe darmo bezpłatne trwa potrwa czekać muszę",
    "mogę można trzeba potrzeba potrzebne potrzebuję dokumenty papiery mam mieć wziąć adres adresem dalej potem teraz zrobić",
    "konkretnie dokładnie jeszcze też także ktoś kosztów czasu dni tygodni otwarte godziny godzinach online internet przez iść",
    "pójść zadzwonić zapisać dostać dostanę mi який яка які яких й ну це цей ця скільки де коли як довго що хто від тут коштує",
    "коштують платити заплатити платно безплатно безкоштовно безкоштовне триває триватиме чекати потрібно потрібні можу мушу маю",
    "взяти адреса далі потім тепер зробити також хтось днів тижнів грошей відкрито години онлайн піти йти подзвонити записатися",
    "отримати мені какой какая какие каких это этот или ли сколько где когда как долго что с к от стоит стоят платить заплатить",
    "бесплатно длится ждать надо нужно нужны можно могу должен должна бумаги взять дальше потом сделать еще ещё время дней недель",
    "денег открыто часы пойти идти позвонить записаться получить мне его её ее and but then it is this that these those how much",
    "many long where when what who which does did are it's cost costs price pay paid free take takes need for have must should can",
    "get there here next now open hours address documents papers wait days weeks time money bring go call apply also else about",
    "with me the of in at be will would якая якое якія гэта гэты колькі дзе калі доўга што каму па аб ад каштуе каштуюць бясплатна",
    "працягнецца чакаць патрэбны патрэбна магу дакументы адрас цяпер зрабіць яшчэ таксама дзён тыдняў грошай адкрыта гадзіны",
    "wszystko все усё пайсці ісці патэлефанаваць запісацца атрымаць",
)
_QUESTION = _words(
    "jaki jaka jakie jakich które czy ile gdzie kiedy jak długo co komu skąd kosztuje trwa darmowe płatne bezpłatne trzeba muszę",
    "який яка яке які яких скільки де коли як довго що платно безкоштовно потрібно какой какая какие каких или сколько где когда",
    "как долго что стоит бесплатно надо нужно how much many long where when what which does cost costs free can need якая якія",
    "колькі дзе калі доўга што каму каштуе бясплатна патрэбна",
)
_OF_THE_OFFICE = _words(
    "adres adresem address адреса otwarte godziny godzinach open hours відкрито години открыто часы zadzwonić call адрас адкрыта",
    "гадзіны патэлефанаваць",
)
_ALONE = _words("ile gdzie kiedy jak skąd скільки де коли як звідки сколько где когда как откуда колькі дзе калі адкуль where when how")
_LONGEST_FOLLOW_UP = 8  # words
# What people ask about anything; of going home only where they name the way there.
_OF_ANYTHING = ("voluntary_return/costs", "voluntary_return/apply")
_WAY_HOME = re.compile(
    r"\b(?:powr[oó]|wr[oó]c|wraca|wyjazd|wyjech|wylot|lot|bilet|samolot|baga[zż]|kraj|(?:do|w) dom|lecie|program"
    r"|поверн|вер[нт]|возвра|виїзд|выез|рейс|кв[иі]т|билет|літак|л[іе]т[іие]|самол[её]т|багаж|додому|домой|дахаты|програм|країн|стран"
    r"|return|go(?:ing)? (?:back|home)|home|ticket|fl[iy]|plane|luggage|travel|program|countr)",
    re.IGNORECASE,
)
# How much likelier than anything else the next message is about the same question, or about another one of its area.
SAME, NEAR = 60.0, 5.0
UNSEEN = 0.001  # probability of what a ranking does not name
SURE = 0.6  # probability in context from which a message is answered that alone was in doubt
_ASKING = (
    r"(?:czy|jak|gdzie|kiedy|ile|co|kto|jaki|jaka|jakie|skąd|skad|dlaczego|чи|як|де|коли|скільки|що|хто|який|яка|які|звідки|чому|можна"
    r"|как|где|когда|сколько|что|кто|какие|какой|можно|есть|дзе|калі|колькі|які|якая|якія|адкуль|чаму"
    r"|how|where|when|what|who|which|can|could|do|does|is|are|should)"
)
_AND = (
    r"(?:and also|also|jeszcze|także|takze|też|oprócz tego|poza tym|ще|також|крім того|ещё|еще|также|кроме того|яшчэ|таксама|акрамя таго"
    r"|and|oraz"
    r"|i(?! +(?:can|could|do|does|is|are|should|how|where|when|what|who|which)\b)|і|та|й|и)"  # the Polish one, not the English "I"
)
_BUT = r"(?:(?:and|i|a|і|й|та|и|а)\s+)?"
_BETWEEN = re.compile(rf"(?<=\?)\s+{_BUT}(?:{_AND}\s+)?|(?<![\s,.;])[\s,.;]+{_BUT}{_AND}\s+(?={_ASKING}\b)", re.IGNORECASE)
_ASKED = re.compile(rf"\?\W*$|^\W*(?:[^\W\d]+[\s,:]+){{0,4}}?{_ASKING}\b", re.IGNORECASE)
_LEAST_WORDS = 3  # of a question that stands beside another
_LONGEST_TEXT = 600  # characters
_LONGEST = 60  # words; in a longer message people tell one story


def leans_on_topic(text: str) -> bool:
    """Whether the message asks without saying about what: "a ile to kosztuje?", "а де це?", "and how long?"."""
    words = [in_one_alphabet(word) for word in _WORD.findall(text)]
    if len(words) == 1:
        return words[0] in _ALONE
    asks = any(word in _QUESTION for word in words) and not any(word in _OF_THE_OFFICE for word in words)
    return asks and len(words) <= _LONGEST_FOLLOW_UP and all(word in _POINTING for word in words)


def stays_on_topic(text: str, alone: Understanding) -> bool:
    """Whether it leans on the topic, or asks something short that is asked of anything and names no way home."""
    typed = cyrillic_from_latin(text, alone.language) if alone.language in ("uk", "ru") and text.isascii() else text
    if leans_on_topic(typed):
        return True
    return alone.intent in _OF_ANYTHING and len(_WORD.findall(text)) <= _LONGEST_FOLLOW_UP and not _WAY_HOME.search(text)


def in_context(alone: Understanding, topic: str, leans: bool) -> Understanding:
    """The message after one about `topic`: Bayes' rule, with a prior for staying. What leans stays in the area whatever it looks like."""
    if alone.intent in SMALL_TALK and not leans:  # thanks and greetings are about no question
        return replace(alone, sure=alone.sure or alone.confidence >= SURE)
    area = f"{topic.partition('/')[0]}/"
    seen = dict(alone.ranking)
    weighted = {name: p * (NEAR if name.startswith(area) else 0.0 if leans else 1.0) for name, p in seen.items()}
    weighted[topic] = SAME * max(seen.get(topic, 0.0), UNSEEN)
    whole = sum(weighted.values())
    ranking = tuple(sorted(((name, p / whole) for name, p in weighted.items() if p), key=lambda entry: -entry[1]))
    intent, confidence = ranking[0]
    sure = leans or (intent.startswith(area) and confidence >= SURE) or (alone.sure and intent == alone.intent)
    return replace(alone, intent=intent, confidence=confidence, ranking=ranking, sure=sure)


def questions_in(text: str) -> list[str]:
    """The two questions of a message that asks two, else nothing. The first may be told instead of asked; the second is asked."""
    if len(text) > _LONGEST_TEXT or len(text.split()) > _LONGEST:
        return []
    parts = [part for part in _BETWEEN.split(text) if part.strip()]
    if len(parts) != 2 or any(len(_WORD.findall(part)) < _LEAST_WORDS for part in parts):
        return []
    return parts if _ASKED.search(parts[1]) else []

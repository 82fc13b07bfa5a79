"""Messages that say yes, no or well, or one word, and nothing else. A classifier sees meaning in them where there is none."""

import re

from bot.nlu.text import normalise, on_a_plain_keyboard

_YES_OR_NO = re.compile(
    r"(yes|yeah|yea|yep|yup|yes please|yes it is|it is|i do|i did|sure|exactly|correct|no|nope|nah|no i don'?t|not really|maybe"
    r"|i don'?t know"
    r"|tak|no tak|tak jest|tak prosze|zgadza sie|dokladnie|jasne|pewnie|nie|raczej nie|chyba tak|chyba nie|moze|nie wiem"
    r"|так|ага|угу|так так|авжеж|звісно|саме так|ні|нє|ні ні|мабуть|може|не знаю|мабуть так|та так|та ні"
    r"|да|да да|ага да|конечно|именно|нет|не|может быть|наверное|не так|так есть|ні не це|не це|nie to|not that|ni|tak tak|nie nie|no no)"
)
_WELL = re.compile(
    r"(ok|okay|okej|oki|k|kk|fine|good|great|alright|all right|got it|i see|understood|cool|super|dobra|dobrze|w porzadku|rozumiem|jasne ok"
    r"|spoko|ok dobrze|ок|окей|добре|гаразд|зрозуміло|зрозумів|зрозуміла|ясно|супер|ладно|хорошо|понятно|понял|поняла|ок добре|ок дякую)"
)
_MARKS = re.compile(r"[^\w' ]+|\s+")


def is_yes_or_no(text: str) -> bool:
    return bool(_YES_OR_NO.fullmatch(_plain(text)))


def is_well(text: str) -> bool:
    """ "ok" and its kin: heard, understood, nothing more to ask."""
    return bool(_WELL.fullmatch(_plain(text)))


def is_one_word(text: str) -> bool:
    return " " not in _plain(text)


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(" ", on_a_plain_keyboard(normalise(text)).replace("\u2019", "'")).split())

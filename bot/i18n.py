"""What the software itself says, from the gettext catalogs in `locales/`, by language.

Catalogs are read as `.po` files, so there is nothing to compile and nothing to forget.
"""

import gettext as stdlib_gettext
import io
import os
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import UnknownLocaleError, parse_locale
from babel.dates import format_date as babel_format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.types import Language

LOCALES = Path(__file__).resolve().parent.parent / "locales"
WARSAW = ZoneInfo("Europe/Warsaw")
NEAREST = {"ru": Language.UK, "be": Language.PL}  # who writes a language that we read and do not write is answered in this one


@cache
def catalog(language: Language) -> stdlib_gettext.NullTranslations:
    """The translations of one language; English is what stands in the code."""
    if language is Language.EN:
        return stdlib_gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, _read(language))
    compiled.seek(0)
    return stdlib_gettext.GNUTranslations(compiled)


def _read(language: Language) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "bot.po").open("rb") as source:
        return read_po(source, locale=str(language))


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text for the catalogs where it stands; whoever shows it translates it, for a person or for the terminal."""
    return message


def translate(message: str, language: Language) -> str:
    return catalog(language).gettext(message)


def gettext(message: str) -> str:
    """For staff and operators: in the language of their terminal."""
    return translate(message, terminal_language())


def terminal_language() -> Language:
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        language = language_from_tag(os.environ.get(variable, "").split(":")[0])
        if language:
            return language
    return Language.EN


def language_from_tag(tag: str | None) -> Language | None:
    """`uk`, `uk-UA`, `pl_PL.UTF-8` -> a language we answer in, else None."""
    code = _code(tag)
    return Language(code) if code in list(Language) else None


def hint_from_tag(tag: str | None) -> Language | None:
    """The language of somebody's app: who reads Russian or Belarusian is answered in the nearest language we have."""
    return language_from_tag(tag) or NEAREST.get(_code(tag))


def _code(tag: str | None) -> str:
    if not tag:
        return ""
    try:
        return parse_locale(tag.replace("-", "_"))[0].lower()
    except (ValueError, UnknownLocaleError):
        return ""


def format_date(day: date, language: Language) -> str:
    locale = "en_GB" if language is Language.EN else str(language)  # day before month, as in the other two
    return str(babel_format_date(day, format="long", locale=locale))


def format_moment(seconds: float, language: Language) -> str:
    """Day and time in Kraków."""
    moment = datetime.fromtimestamp(seconds, WARSAW)
    return f"{format_date(moment.date(), language)}, {moment:%H:%M}"


def format_phone(number: str) -> str:
    """`+48530595013` -> `+48 530 595 013`, with spaces that do not break."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(" ", "\u00a0")


def missing_translations() -> Iterator[tuple[Language, str, tuple[str, int]]]:
    """(language, English text, (file, line)) of all that the code says and a catalog lacks."""
    from babel.messages.extract import extract_from_dir

    root = LOCALES.parent
    said = {
        str(message): (f"bot/{file}", line)
        for file, line, message, _comments, _context in extract_from_dir(
            root / "bot", method_map=[("**.py", "python")], keywords={"_": None, "N_": None}
        )
    }
    for language in Language:
        if language is Language.EN:
            continue
        translations = {str(entry.id): entry for entry in _read(language) if entry.id}
        for text, place in said.items():
            entry = translations.get(text)
            if entry is None or not entry.string or entry.fuzzy:
                yield language, text, place

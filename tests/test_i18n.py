"""What the software says, in the language of the person or of the terminal."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import i18n
from bot.i18n import N_, format_date, format_phone, gettext, language_from_tag, missing_translations, terminal_language, translate
from bot.types import Language

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")

CODE = """\
from bot.i18n import N_, gettext as _

GREETING = N_("Hello.")


def farewell() -> str:
    return _("Goodbye, {name}.")
"""

CATALOGS = {
    "pl": 'msgid "Hello."\nmsgstr "Cześć."\n\nmsgid "Goodbye, {name}."\nmsgstr "Żegnaj, {name}."\n',
    "uk": 'msgid "Hello."\nmsgstr ""\n\n#, fuzzy\nmsgid "Goodbye, {name}."\nmsgstr "Привіт, {name}."\n',
}


@pytest.fixture
def catalogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small package with its catalogs: Polish is complete, Ukrainian is not."""
    (tmp_path / "bot" / "nlu").mkdir(parents=True)
    (tmp_path / "bot" / "said.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "bot" / "nlu" / "read.py").write_text('print("Not for people.")\n', encoding="utf-8")
    for language, text in CATALOGS.items():
        file = tmp_path / "locales" / language / "LC_MESSAGES" / "bot.po"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(i18n, "LOCALES", tmp_path / "locales")
    i18n.catalog.cache_clear()
    yield tmp_path
    i18n.catalog.cache_clear()


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("uk", Language.UK),
        ("uk-UA", Language.UK),
        ("UK", Language.UK),
        ("pl_PL.UTF-8", Language.PL),
        ("pl_PL@euro", Language.PL),
        ("en-GB", Language.EN),
        ("en-Latn-US", Language.EN),
        ("ru", None),
        ("pt-br", None),
        ("C", None),
        ("C.UTF-8", None),
        ("POSIX", None),
        ("", None),
        (None, None),
        ("p", None),
        ("../../etc", None),
        ("uk;q=0.9", None),
    ],
)
def test_a_language_tag_names_a_language_we_answer_in_or_none(tag: str | None, language: Language | None) -> None:
    assert language_from_tag(tag) == language


@given(tag=st.text(max_size=12) | st.from_regex(r"[a-zA-Z]{2,3}([-_.@][a-zA-Z0-9]{0,8}){0,3}", fullmatch=True))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_no_language_tag_of_a_stranger_breaks_anything(tag: str) -> None:
    assert language_from_tag(tag) in (None, *Language)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "pl_PL.UTF-8"}, Language.PL),
        ({"LANG": "C.UTF-8"}, Language.EN),
        ({"LANG": "pl_PL.UTF-8", "LC_ALL": "uk_UA.UTF-8"}, Language.UK),
        ({"LANG": "pl_PL.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, Language.EN),
        ({"LANG": "pl_PL.UTF-8", "LANGUAGE": "uk:en"}, Language.UK),
        ({"LANG": "pl_PL.UTF-8", "LANGUAGE": ""}, Language.PL),
        ({"LANG": "de_DE.UTF-8"}, Language.EN),
    ],
)
def test_staff_read_the_language_of_their_terminal(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], language: Language) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    assert terminal_language() == language


@pytest.mark.usefixtures("catalogs")
def test_a_text_is_said_in_each_language_and_in_english_as_it_stands_in_the_code() -> None:
    assert [translate("Hello.", language) for language in (Language.PL, Language.EN)] == ["Cześć.", "Hello."]


@pytest.mark.usefixtures("catalogs")
def test_a_text_that_is_not_translated_is_said_in_english() -> None:
    assert translate("Hello.", Language.UK) == "Hello."
    assert translate("Something new.", Language.PL) == "Something new."


@pytest.mark.usefixtures("catalogs")
def test_a_translation_that_nobody_confirmed_is_not_said() -> None:
    assert translate("Goodbye, {name}.", Language.UK) == "Goodbye, {name}."


@pytest.mark.usefixtures("catalogs")
def test_gettext_speaks_to_the_terminal_and_a_mark_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "pl")
    assert (gettext("Hello."), N_("Hello.")) == ("Cześć.", "Hello.")


@pytest.mark.usefixtures("catalogs")
def test_what_is_missing_in_a_catalog_is_named_with_its_place_in_the_code() -> None:
    assert list(missing_translations()) == [
        (Language.UK, "Hello.", ("bot/said.py", 3)),
        (Language.UK, "Goodbye, {name}.", ("bot/said.py", 7)),
    ]


def test_a_text_that_a_catalog_does_not_know_is_missing(catalogs: Path) -> None:
    (catalogs / "bot" / "nlu" / "read.py").write_text('_("New.")\n', encoding="utf-8")
    assert (Language.PL, "New.", ("bot/nlu/read.py", 1)) in list(missing_translations())


@pytest.mark.parametrize("language", [Language.PL, Language.UK])
def test_our_own_catalogs_keep_the_placeholders_of_every_text(language: Language) -> None:
    for entry in i18n._read(language):
        if entry.id and entry.string:
            assert [str(error) for error in entry.check()] == []
            assert sorted(placeholders(str(entry.string))) == sorted(placeholders(str(entry.id))), entry.id


def placeholders(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.replace("{{", "").split("{")[1:]}


@pytest.mark.parametrize(
    ("language", "written"),
    [(Language.PL, "23 listopada 2026"), (Language.UK, "23 листопада 2026\u202fр."), (Language.EN, "23 November 2026")],
)
def test_a_date_is_written_as_people_write_it(language: Language, written: str) -> None:
    assert format_date(date(2026, 11, 23), language) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+48530595013", "+48 530 595 013"),
        ("+48224902044", "+48 22 490 20 44"),
        ("+380441234567", "+380 44 123 4567"),
        ("+0000000000", "+0000000000"),
        ("112", "112"),
    ],
)
def test_a_phone_number_is_written_in_groups_that_stay_on_one_line(number: str, written: str) -> None:
    assert format_phone(number) == written.replace(" ", "\u00a0")

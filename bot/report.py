"""`bot evaluate` for people: the figures of `nlu.evaluate` as a page of text."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.i18n import gettext as _

CONFUSIONS = 15


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield from _table(_("Held-out questions"), {_("all"): report["all"], **report["languages"]}, _columns())
    yield from _table(_("By style"), report["styles"], _columns())
    yield from _table(_("By intent"), report["intents"], _intent_columns())
    yield from _table(_("Crisis"), report["crisis"], _crisis_columns())
    yield _("Most frequent confusions (intent, taken for, how often)")
    for entry in report["confusions"][:CONFUSIONS]:
        yield f"  {entry['intent']:<36} {entry['taken_for']:<36} {entry['count']:>4}"


def _columns() -> list[tuple[str, str]]:
    return [
        ("questions", _("questions")),
        ("accuracy", _("right")),
        ("macro_f1", _("macro-F1")),
        ("top_3", _("in top 3")),
        ("answered", _("answered")),
        ("sure_and_wrong", _("sure, wrong")),
        ("language", _("language")),
    ]


def _intent_columns() -> list[tuple[str, str]]:
    return [
        ("questions", _("questions")),
        ("recall", _("recall")),
        ("precision", _("precision")),
        ("f1", _("F1")),
        ("top_3", _("in top 3")),
    ]


def _crisis_columns() -> list[tuple[str, str]]:
    return [
        ("messages", _("messages")),
        ("recall", _("recall")),
        ("right_kind", _("right kind")),
        ("false_alarms", _("false alarms")),
        ("alarming_but_harmless", _("alarming words")),
        ("false_alarms_when_alarming", _("false alarms there")),
    ]


def _table(title: str, rows: Mapping[str, Mapping[str, float]], columns: list[tuple[str, str]]) -> Iterator[str]:
    widths = [max(len(heading), 7) for _key, heading in columns]
    yield f"{title:<36}" + "".join(f"  {heading:>{width}}" for (_key, heading), width in zip(columns, widths, strict=True))
    for name, figures in rows.items():
        cells = "".join(f"  {_cell(figures[key]):>{width}}" for (key, _heading), width in zip(columns, widths, strict=True))
        yield f"  {name:<34}{cells}"
    yield ""


def _cell(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{100 * value:.1f} %"

"""`bot evaluate` for people: the figures of `nlu.evaluate` as a page of text."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.i18n import gettext as _
from bot.nlu.explain import Explanation
from bot.types import Understanding

CONFUSIONS = 15
RANKING = 5


def explained(found: Understanding, why: Explanation) -> Iterator[str]:
    """`bot explain`, in plain words."""
    yield _("Read as: {text}").format(text=why.read_as)
    yield _("Language: {language}, {confidence} certain").format(
        language=found.language or "-", confidence=_cell(found.language_confidence)
    )
    if found.crisis:
        by = (
            _("a sure pattern") if why.sure_pattern else _("the classifier, with a pattern that hints") if why.hint else _("the classifier")
        )
        yield _("Crisis: {kind}, found by {by}").format(kind=found.crisis.value, by=by)
    else:
        yield _("Crisis: no") + (f" ({_('a pattern hints, the classifier disagrees')})" if why.hint else "")
    if found.worry:
        yield _("Worry: {kind} cannot be ruled out, so a line with a number follows the answer").format(kind=found.worry.value)
    verdict = _("answered") if found.sure else _("not sure: the bot asks back")
    yield _("Intent: {intent}, {verdict}. It answers from {threshold} on.").format(
        intent=found.intent, verdict=verdict, threshold=_cell(why.threshold)
    )
    for name, confidence in found.ranking[:RANKING]:
        yield f"  {name:<36} {_cell(float(confidence)):>8}"
    if why.nearest:
        yield _("Nearest examples")
    for cosine, example in why.nearest:
        yield f"  {cosine:.2f}  {example.intent:<36} {example.place}  {example.text}"


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield from _table(_("Held-out questions"), {_("all"): report["all"], **report["languages"]}, _columns())
    yield from _table(_("By author and language"), report["authors"], _columns())
    yield from _table(_("By style"), report["styles"], _columns())
    yield from _table(_("By intent"), report["intents"], _intent_columns())
    yield from _table(_("Doubt"), report["doubt"], _doubt_columns())
    yield from _table(_("Crisis"), report["crisis"], _crisis_columns())
    yield from _table(_("Crisis by author, language and kind"), report["crisis_kinds"], _alarm_columns())
    yield from _table(_("Crisis by register"), report["crisis_registers"], _alarm_columns())
    yield from _table(_("Language by number of words"), report["first_words"], _language_columns(report))
    yield _("Most frequent confusions (intent, taken for, how often), and the examples nearest to one of them")
    for entry in report["confusions"][:CONFUSIONS]:
        yield f"  {entry['intent']:<36} {entry['taken_for']:<36} {entry['count']:>4}"
        if entry["nearest"]:
            yield f"      {entry['questions'][0]}: {', '.join(entry['nearest'])}"


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
        ("lines", _("line with a number")),
        ("lines_when_alarming", _("line there")),
    ]


def _doubt_columns() -> list[tuple[str, str]]:
    return [
        ("calibration_error", _("calibration error")),
        ("by_chance", _("by chance")),
        ("out_of_scope", _("out of scope")),
        ("out_of_scope_recognised", _("recognised")),
        ("turned_away", _("turned away")),
    ]


def _alarm_columns() -> list[tuple[str, str]]:
    return [
        ("messages", _("messages")),
        ("heard", _("alarm")),
        ("right_kind", _("right kind")),
        ("line", _("line besides")),
        ("heard_or_line", _("either")),
    ]


def _language_columns(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(language, language) for figures in [*report["first_words"].values()][:1] for language in figures]


def _table(title: str, rows: Mapping[str, Mapping[str, float]], columns: list[tuple[str, str]]) -> Iterator[str]:
    widths = [max(len(heading), 7) for _key, heading in columns]
    yield f"{title:<36}" + "".join(f"  {heading:>{width}}" for (_key, heading), width in zip(columns, widths, strict=True))
    for name, figures in rows.items():
        cells = "".join(f"  {_cell(figures[key]):>{width}}" for (key, _heading), width in zip(columns, widths, strict=True))
        yield f"  {name:<34}{cells}"
    yield ""


def _cell(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{100 * value:.1f} %"

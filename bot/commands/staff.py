"""For staff: check, train, evaluate, explain, parse, chat. Each imports what it needs only when it runs, so that all start quickly."""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import click

from bot.commands.shared import Failure, run_async, with_settings
from bot.i18n import gettext as _
from bot.settings import Settings


@click.command(help=_("Talk to the bot here, in the terminal. An empty line or Ctrl-D ends it; nothing is kept."))
@with_settings()
def chat(settings: Settings) -> None:
    from bot.channels.console import talk
    from bot.editions import edition_from

    talk(edition_from(settings).dialogue.answer)


@click.command(help=_("Train the classifier from intents/ now, instead of at the next start."))
@click.option("--full", is_flag=True, help=_("Train on all examples, even if only a few have changed."))
@with_settings("INFO")
def train(settings: Settings, full: bool) -> None:
    from bot import nlu
    from bot.editions import read_content

    nlu.load(read_content(settings).examples, settings.data_dir, full=full)
    click.echo(_("The model is ready in {directory}.").format(directory=settings.data_dir / "models"))


@click.command(
    help=_("Check intents/, responses/ and locales/. Says file:line, what is wrong and how to mend it; ends with 1 if there is an error.")
)
@click.option("--stamp", is_flag=True, help=_("Mark all translations as made from the Polish text of today, after you adapted them."))
@click.option("--json", "as_json", is_flag=True, help=_("Print the problems as JSON."))
@with_settings()
def check(settings: Settings, stamp: bool, as_json: bool) -> None:
    from bot import checks, content, stamping
    from bot.executor import executor

    if stamp:
        for name in stamping.stamp(settings.content_dir):
            click.echo(_("stamped: {name}").format(name=name))
    found = content.read(settings.content_dir)
    problems: list[content.Problem] = []
    held_out = content.read_held_out(settings.content_dir, problems)
    subject = checks.Subject(found, held_out, executor()[1], date.today())
    problems = sorted({*problems, *checks.check(subject), *checks.needed_answers_are_there(subject), *checks.catalogs_are_complete()})
    errors = sum(not problem.warning for problem in problems)
    if as_json:
        click.echo(
            json.dumps(
                [{"file": p.place.file, "line": p.place.line, "warning": p.warning, "message": p.message} for p in problems],
                ensure_ascii=False,
            )
        )
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(
            _("{examples} examples, {answers} answers, {held_out} held-out questions: {errors} errors, {warnings} warnings.").format(
                examples=len(found.examples),
                answers=len(found.responses),
                held_out=len(held_out),
                errors=errors,
                warnings=len(problems) - errors,
            )
        )
    sys.exit(1 if errors else 0)


@click.command(help=_("Measure the understanding on held-out questions: FILES, or tests/intents/*/*.yml."))
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=_("Print the figures as JSON."))
@click.option("--without-model", is_flag=True, help=_("Measure what is left when the sentence model cannot be loaded."))
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    help=_("Also draw the calibration and the confusions as pictures in this folder. Needs the package matplotlib."),
)
@with_settings()
def evaluate(settings: Settings, files: tuple[Path, ...], as_json: bool, without_model: bool, plots: Path | None) -> None:
    from bot import content, nlu, report
    from bot.editions import ContentError, read_content
    from bot.nlu.evaluate import evaluate as measure

    draw = _plots() if plots else None
    problems: list[content.Problem] = []
    questions = content.read_held_out(settings.content_dir, problems, files)
    if problems or not questions:
        raise ContentError("\n".join(map(str, problems)) or _("There are no held-out questions."))
    examples = read_content(settings).examples
    read = nlu.reader(examples, settings.data_dir, with_model=not without_model)
    nearest = None if without_model else nlu.neighbours(examples, settings.data_dir)
    figures = measure(questions, read, nearest or (lambda _text: ()))
    if draw and plots:
        for file in draw(figures, plots):
            click.echo(_("drawn: {file}").format(file=file), err=True)
    click.echo(json.dumps(figures, ensure_ascii=False, indent=2) if as_json else "\n".join(report.lines(figures)))


def _plots() -> Callable[[dict[str, Any], Path], Iterable[Path]]:
    try:
        from bot import plots
    except ImportError:
        raise Failure(_("Pictures need the package matplotlib: .venv/bin/pip install matplotlib")) from None
    return plots.draw


@click.command(help=_("Say in plain words how a message is understood and why: language, crisis, intents, the examples nearest to it."))
@click.argument("text")
@with_settings()
def explain(settings: Settings, text: str) -> None:
    from bot import nlu, report
    from bot.editions import read_content

    for line in report.explained(*nlu.explanation(read_content(settings).examples, settings.data_dir, text)):
        click.echo(line)


@click.command(
    help=_(
        "Read messages from FILE or standard input and print what the bot understands and answers, one JSON object a line. Nothing is kept."
    )
)
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--jsonl",
    is_flag=True,
    help=_('Each line is {"text": .., "person": .., "payload": .., "hint": ..}; lines of one person are a conversation.'),
)
@with_settings()
def parse(settings: Settings, file: Any, jsonl: bool) -> None:
    from bot.editions import edition_from
    from bot.parsing import InputError
    from bot.parsing import parse as parse_lines

    async def print_all() -> None:
        async for parsed in parse_lines(edition_from(settings).dialogue, file, jsonl=jsonl):
            click.echo(json.dumps(parsed, ensure_ascii=False))

    try:
        run_async(print_all())
    except InputError as error:
        raise Failure(str(error)) from None

"""What staff write, as data: the examples of `intents/` and the answers of `responses/`, each with its place in a file.

It guesses nothing and writes nothing; what it cannot read stands in `problems`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import LiteralScalarString

from bot.i18n import gettext as _
from bot.rasa_yaml import Place, Problem, blocks_of, files_in, line_of, load, name_of, place_of
from bot.types import Language

__all__ = ["Choice", "Content", "Example", "Place", "Problem", "Response", "read", "read_examples", "read_held_out"]

READ_LANGUAGES = ("pl", "uk", "en", "ru", "be")
PRIMARY = Language.PL


@dataclass(frozen=True, slots=True)
class Example:
    intent: str
    language: str
    text: str
    place: Place
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A button as staff write it: one payload, a title in each language."""

    payload: str
    titles: Mapping[Language, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Response:
    """One answer in all languages. `stale` are the languages whose text lags behind the Polish one."""

    name: str
    texts: Mapping[Language, str]
    choices: tuple[Choice, ...]
    sources: tuple[str, ...]
    checked_on: date | None
    review_by: date | None
    risk: str
    translates: Mapping[Language, str]
    places: Mapping[Language, Place]
    place: Place
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    examples: tuple[Example, ...]
    responses: Mapping[str, Response]
    problems: tuple[Problem, ...]

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(sorted({example.intent for example in self.examples}))

    @property
    def titles(self) -> dict[str, Mapping[Language, str]]:
        """intent or area -> its short name on a button."""
        return {
            name.removeprefix("utter_"): response.extra["title"] for name, response in self.responses.items() if "title" in response.extra
        }

    @property
    def areas(self) -> tuple[str, ...]:
        """The service areas in the order of the menu, as `utter_help` names them."""
        return tuple(self.responses["utter_help"].extra.get("areas", ())) if "utter_help" in self.responses else ()


def read(directory: Path) -> Content:
    """All of `directory`/intents and /responses. What is unreadable stands in `problems`."""
    problems: list[Problem] = []
    examples = [e for file in files_in(directory / "intents") for e in read_examples(file, directory, problems)]
    responses: dict[str, Response] = {}
    for file in files_in(directory / "responses"):
        for response in _read_responses(file, directory, problems):
            if response.name in responses:
                first = responses[response.name].place
                problems.append(
                    Problem(
                        response.place,
                        _("{name} is already answered at {place}. Keep one of the two.").format(name=response.name, place=first),
                    )
                )
            else:
                responses[response.name] = response
    return Content(tuple(examples), responses, tuple(sorted(problems)))


def read_examples(file: Path, root: Path, problems: list[Problem]) -> Iterator[Example]:
    """The examples of one NLU file; `- text` lines of `examples: |`, with the metadata of their block as tags."""
    for block in blocks_of(load(file, root, problems), "nlu", file, root, problems):
        place = place_of(file, root, block)
        if not block.get("intent"):
            problems.append(Problem(place, _("a block needs `intent:`.")))
            continue
        metadata = block.get("metadata")
        tags = {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, CommentedMap) else {}
        language = tags.pop("language", "")
        if language not in READ_LANGUAGES:
            problems.append(
                Problem(place, _("say `metadata: {{language: ..}}`, one of {languages}.").format(languages=", ".join(READ_LANGUAGES)))
            )
            continue
        examples, first = block.get("examples"), line_of(block, "examples") + 1
        if not isinstance(examples, LiteralScalarString):  # in any other style lines flow together, or Rasa reads none
            problems.append(Problem(Place(place.file, first - 1), _("write `examples: |` and below it one `- ` line for each example.")))
            continue
        for offset, line in enumerate(examples.splitlines()):
            text = line.strip()
            here = Place(place.file, first + offset)
            if text.startswith("- "):
                yield Example(str(block["intent"]), language, text[2:].strip(), here, tags)
            elif text:
                problems.append(Problem(here, _("an example starts with `- `; this line would be skipped.")))


def read_held_out(root: Path, problems: list[Problem], files: Sequence[Path] = ()) -> list[Example]:
    """Questions to measure with: `files`, or all of `root`/tests/intents, where each author has a folder."""
    return [
        question
        for file in files or sorted((root / "tests" / "intents").glob("*/*.yml"))
        for question in read_examples(file.resolve(), root.resolve(), problems)
    ]


def _read_responses(file: Path, root: Path, problems: list[Problem]) -> Iterator[Response]:
    document = load(file, root, problems)
    responses = document.get("responses") or CommentedMap()
    if not isinstance(responses, CommentedMap):
        here = Place(name_of(file, root), line_of(document, "responses"))
        problems.append(Problem(here, _("under `responses:` stand names such as `utter_fair_work/contract:`.")))
        return
    for name, variants in responses.items():
        place = Place(name_of(file, root), line_of(responses, name))
        if not str(name).startswith("utter_"):
            problems.append(Problem(place, _("the name of an answer starts with `utter_`.")))
            continue
        if not isinstance(variants, list) or len(variants) != 1 or not isinstance(variants[0], CommentedMap):
            problems.append(Problem(place, _("{name} needs exactly one `- text:`.").format(name=name)))
            continue
        try:
            yield _response(str(name), variants[0], place)
        except (TypeError, ValueError, KeyError, AttributeError):
            problems.append(
                Problem(place, _("{name} is not written as the other answers are; compare it with the one above.").format(name=name))
            )


def _response(name: str, raw: CommentedMap, place: Place) -> Response:
    translation = raw.get("translation") or CommentedMap()
    texts = {PRIMARY: str(raw["text"] or "").strip()}
    places = {PRIMARY: Place(place.file, line_of(raw, "text"))}
    for language, text in translation.items():
        if text:
            texts[Language(language)] = str(text).strip()
            places[Language(language)] = Place(place.file, line_of(translation, language))
    metadata = dict(raw.get("metadata") or {})
    if "title" in metadata:
        metadata["title"] = {Language(k): str(v) for k, v in metadata["title"].items() if v}
    if "areas" in metadata:
        metadata["areas"] = _list(metadata["areas"])
    return Response(
        name=name,
        texts=texts,
        choices=tuple(_choice(button, place.file) for button in _list(raw.get("buttons"))),
        sources=tuple(str(source) for source in _list(metadata.pop("sources", None))),
        checked_on=_day(metadata.pop("checked_on", None)),
        review_by=_day(metadata.pop("review_by", None)),
        risk=str(metadata.pop("risk", "general")),
        translates={Language(k): str(v) for k, v in (metadata.pop("translates", None) or {}).items()},
        places=places,
        place=place,
        extra=metadata,
    )


def _choice(raw: CommentedMap, file: str) -> Choice:
    titles = {PRIMARY: str(raw["title"] or "")}
    titles |= {Language(k): str(v["title"] or "") for k, v in (raw.get("translation") or {}).items()}
    return Choice(str(raw["payload"]), titles, Place(file, raw.lc.line + 1))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | None):
        raise TypeError
    return value or []


def _day(value: Any) -> date | None:
    """None for what is no date, such as one in quotes or with an hour: `bot check` names it."""
    return value if type(value) is date else None

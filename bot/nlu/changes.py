"""What has changed in the examples since a model was trained in full, and that model with the changes in it.

Every such model comes from a fully trained one, never from another of its kind, so nothing adds up: the same examples and the same
full model give the same. Language, vocabulary, calibration and thresholds are those of the full model.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from bot.content import Example
from bot.nlu import classifier, embedding
from bot.nlu.classifier import LESSON, Model
from bot.nlu.embedding import Embed
from bot.nlu.margins import Labelled

FEW = 0.02  # of the examples; with more changes the thresholds must be set again


@dataclass(frozen=True)
class Changes:
    """`read` holds all examples as a model reads them, None for the new ones, which nobody has read yet."""

    since: Path  # a model trained in full
    examples: Sequence[Example]
    read: tuple[str | None, ...]
    gone: tuple[Labelled, ...]

    @property
    def number(self) -> int:
        return len(self.gone) + self.read.count(None)

    def learnt(self, embed: Embed | None, cache: Path, progress: Callable[[Iterable[str]], Iterable[str]]) -> Model:
        model = Model.load(self.since)
        self.since.touch()  # the models used last are kept
        texts = [
            classifier.read_as(model.language, example) if text is None else text
            for example, text in zip(self.examples, self.read, strict=True)
        ]
        vectors = embedding.embed_all(texts, embed, cache, progress) if embed else None
        new = [row for row, text in enumerate(self.read) if text is None]
        return replace(model, intents=model.intents.learnt(self.gone, new, texts, vectors, [example.intent for example in self.examples]))


def since_the_nearest(directory: Path, examples: Sequence[Example], encoder: str) -> Changes | None:
    """The fewest, if they are few and bring or take no label."""
    found = [_since(file, examples, encoder) for file in sorted(directory.glob("*.npz"))]
    return min((changes for changes in found if changes), key=lambda changes: changes.number, default=None)


def _since(file: Path, examples: Sequence[Example], encoder: str) -> Changes | None:
    try:
        with file.open("rb") as opened, np.load(opened) as stored:
            lesson = json.loads(stored[LESSON].tobytes())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None  # learnt from changes itself, or broken, or no model
    if lesson["kin"] != classifier.fingerprint((), encoder):
        return None
    read = {(intent, language, text): as_read for intent, language, text, as_read in lesson["examples"]}
    left = Counter((intent, language, text) for intent, language, text, _ in lesson["examples"])
    known: list[str | None] = []
    for example in examples:
        key = (example.intent, example.language, example.text)
        known.append(read[key] if left[key] > 0 else None)
        left[key] -= 1
    gone = tuple((read[key], key[0]) for key in (+left).elements())
    changes = Changes(file, examples, tuple(known), gone)
    same_labels = {example.intent for example in examples} == {intent for intent, *_ in read}
    return changes if same_labels and changes.number <= FEW * len(lesson["examples"]) else None

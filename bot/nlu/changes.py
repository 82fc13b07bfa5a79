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
from bot.nlu.classifier import BAYES, LESSON, Model, read_as
from bot.nlu.embedding import Embed
from bot.nlu.margins import Labelled

FEW = 0.02  # of the examples; with more changes the thresholds must be set again


@dataclass(frozen=True)
class Changes:
    since: Path  # a model trained in full
    examples: Sequence[Example]
    new: tuple[int, ...]  # their rows
    gone: tuple[Labelled, ...]

    @property
    def number(self) -> int:
        return len(self.gone) + len(self.new)

    def learnt(self, embed: Embed | None, cache: Path, progress: Callable[[Iterable[str]], Iterable[str]]) -> Model:
        model = Model.load(self.since)
        self.since.touch()  # the models used last are kept
        texts, intents = [read_as(one.text, one.language) for one in self.examples], [one.intent for one in self.examples]
        vectors = embedding.embed_all(texts, embed, cache, progress) if embed else None
        with self.since.open("rb") as opened, np.load(opened) as stored:
            bayes = stored[BAYES].astype(np.float32)
        return replace(model, intents=model.intents.learnt(self.gone, self.new, texts, vectors, intents, bayes))


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
    left = Counter(map(tuple, lesson["examples"]))
    same_labels = {example.intent for example in examples} == {intent for intent, *_ in left}
    new = []
    for row, example in enumerate(examples):
        key = (example.intent, example.language, example.text)
        if left[key] <= 0:
            new.append(row)
        left[key] -= 1
    gone = tuple((read_as(key[2], key[1]), key[0]) for key in (+left).elements())
    changes = Changes(file, examples, tuple(new), gone)
    return changes if same_labels and changes.number <= FEW * len(lesson["examples"]) else None

"""Why a text was understood as it was, for `bot explain`: every step on the way, and the examples that lie nearest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.content import Example
from bot.nlu import crisis, embedding
from bot.nlu.classifier import Model, read_as, readable
from bot.nlu.embedding import Embed
from bot.nlu.text import in_right_layout, normalise
from bot.types import Crisis

NEAREST = 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """`threshold` is the confidence from which the bot answers."""

    read_as: str
    sure_pattern: Crisis | None
    hint: Crisis | None
    threshold: float
    nearest: tuple[tuple[float, Example], ...]


class Neighbours:
    """The examples that lie nearest to a text, by the cosine of centred vectors. They come from the cache that training left."""

    def __init__(self, model: Model, embed: Embed, examples: Sequence[Example], cache: Path) -> None:
        self._model, self._embed, self._examples = model, embed, examples
        texts = [read_as(example.text, example.language) for example in examples]
        vectors = embedding.embed_all(texts, embed, cache, iter)
        self._mean = vectors.mean(axis=0)
        vectors -= self._mean
        self._directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def __call__(self, text: str) -> tuple[tuple[float, Example], ...]:
        vector = self._embed(readable(self._model.language, text)) - self._mean
        cosines = self._directions @ vector / np.linalg.norm(vector)
        return tuple((float(cosines[i]), self._examples[i]) for i in np.argsort(-cosines)[:NEAREST])


def explain(model: Model, neighbours: Neighbours | None, text: str) -> Explanation:
    typed = in_right_layout(normalise(text), model.language.knows)
    signs = crisis.signs(typed)
    nearest = neighbours(typed) if neighbours else ()
    return Explanation(readable(model.language, typed), signs.sure, signs.hint, model.threshold, nearest)

"""Everything that is trained from `intents/`: language, intents, crisis and the threshold of doubt. Saved and loaded as one file."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bot.content import Example
from bot.nlu import crisis, embedding, language
from bot.nlu.counts import Floats
from bot.nlu.embedding import Embed
from bot.nlu.folds import Folds, Rows
from bot.nlu.heads import Heads
from bot.nlu.linear import LinearText
from bot.nlu.text import cyrillic_from_latin, normalise

Bytes = NDArray[np.uint8]

RECIPE = "20"  # raise it when a change here must retrain what is saved
# Both on examples the model has not seen; a third of them never name their topic, so real messages fare better.
PRECISION = 0.955  # of what is answered without asking back
QUICK = 0.97  # precision of what the n-grams say alone from which no vector is asked for
TURNED_AWAY = 0.015  # of real questions that may be called out of scope
ALARMS = 0.03  # of harmless examples (many are alarming on purpose) that may be taken for a crisis by a model that has not seen them
NO_EVIDENCE = -7.0  # log-odds of a crisis, one in a thousand: less is none, however few harmless examples reach it
WORRIES = 0.10  # of the same examples that may, besides those, get a line with a number
HARMLESS = "harmless"
OUT_OF_SCOPE = "out_of_scope"
FINGERPRINT = 16
LESSON, BAYES = "lesson", "lesson.bayes"


@dataclass(frozen=True)
class Model:
    language: LinearText
    intents: Heads
    threshold: float  # probability from which an intent is answered
    turn_away: float  # probability of any real question up to which a message may be called out of scope
    crisis_threshold: float  # evidence in logits from which it is a crisis
    worry_threshold: float  # the same from which a crisis cannot be ruled out
    quick: float  # probability by n-grams alone from which no vector is asked for
    lesson: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # what `bot.nlu.changes` asks a model trained in full; not loaded

    def arrays(self) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
        thresholds = np.array([self.threshold, self.turn_away, self.crisis_threshold, self.worry_threshold, self.quick])
        return self.language.arrays("language") | self.intents.arrays("intents") | {"thresholds": thresholds} | dict(self.lesson)

    def save(self, file: Path) -> None:
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, **self.arrays())  # type: ignore[arg-type]  # the stub takes our names for its option `allow_pickle`
        partial.replace(file)

    @classmethod
    def load(cls, file: Path) -> Self:
        with file.open("rb") as opened, np.load(opened) as stored:  # np.load alone leaves a broken file open
            arrays = {name: stored[name] for name in stored.files if not name.startswith(LESSON)}
        thresholds = arrays["thresholds"].tolist()
        return cls(
            LinearText.from_arrays("language", arrays),
            Heads.from_arrays("intents", arrays),
            *thresholds,
        )


def fingerprint(examples: Sequence[Example], encoder: str) -> str:
    """The same examples, recipe and encoder ('' for none) give the same model."""
    digest = hashlib.sha256(f"{RECIPE}\0{encoder}".encode())
    for example in examples:
        digest.update(f"\0{example.intent}\0{example.language}\0{example.text}".encode())
    return digest.hexdigest()[:FINGERPRINT]


def train(
    examples: Sequence[Example], embed: Embed | None, cache: Path | None, progress: Callable[[Iterable[str]], Iterable[str]]
) -> Model:
    """From the examples alone. `cache` keeps their vectors, so that one changed example costs one embedding."""
    texts, intents = [read_as(one.text, one.language) for one in examples], [one.intent for one in examples]
    groups = [int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) for text in texts]

    def by_ngrams() -> tuple[LinearText, Folds]:
        """One after the other: liblinear rolls the same dice for all threads, and the same examples must give the same model."""
        return language.train(examples), Folds.fit(texts, intents, groups)

    with ThreadPoolExecutor(1) as beside:  # the solvers let go of the GIL
        learning = beside.submit(by_ngrams)
        vectors = embedding.embed_all(texts, embed, cache, progress) if embed else None
        spoken, folds = learning.result()
    heads, held_out, by_words = Heads.fit(folds, vectors)
    return Model(
        spoken,
        heads,
        threshold_for(held_out, folds.truth, PRECISION),
        _turn_away_threshold(heads.labels, held_out, intents),
        _evidence_reached_by(ALARMS, examples, heads.labels, held_out),
        _evidence_reached_by(ALARMS + WORRIES, examples, heads.labels, held_out),
        threshold_for(by_words, folds.truth, QUICK),
        {LESSON: _lesson(examples, embedding.model(embed)), BAYES: folds.bayes.astype(np.float16)},
    )


def _lesson(examples: Sequence[Example], encoder: str) -> Bytes:
    """`kin` tells models whose lessons can be compared."""
    rows = [(example.intent, example.language, example.text) for example in examples]
    return np.frombuffer(json.dumps({"kin": fingerprint((), encoder), "examples": rows}, ensure_ascii=False).encode(), np.uint8)


def read_as(text: str, written_in: str) -> str:
    """What `readable` makes of an example, which says its language itself: it need not be learnt first."""
    text = normalise(text)
    return cyrillic_from_latin(text, written_in) if language.is_typed_in_latin(text, written_in) else text


def readable(model: LinearText, text: str) -> str:
    """Normalised, and in its own alphabet."""
    text = normalise(text)
    if text and language.is_cyrillic(text):
        return text
    written = language.recognise(model, text)
    return cyrillic_from_latin(text, written.language or "uk") if written.latin else text


def kind(intent: str) -> str:
    area, _, question = intent.partition("/")
    return question if area == "crisis" else HARMLESS


def threshold_for(log_probabilities: Floats, truth: Rows, wanted: float) -> float:
    """The lowest confidence from which on answers are right with the precision that is wanted."""
    best = log_probabilities.max(axis=1)
    right = log_probabilities.argmax(axis=1) == truth
    order = np.argsort(-best)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_its_confidence = np.append(np.diff(best[order]) != 0, True)
    enough = np.flatnonzero((precision >= wanted) & last_of_its_confidence)
    return float(np.exp(best[order][enough[-1]])) if len(enough) else 1.0


def best_in_scope(labels: Sequence[str], probabilities: Floats) -> Floats:
    """(messages,): how likely the likeliest intent is that is neither out of scope nor a crisis."""
    outside = [column for column, label in enumerate(labels) if label == OUT_OF_SCOPE or kind(label) != HARMLESS]
    result: Floats = np.delete(probabilities, outside, axis=-1).max(axis=-1)
    return result


def _turn_away_threshold(labels: Sequence[str], log_probabilities: Floats, truth: Sequence[str]) -> float:
    """Where TURNED_AWAY of the real questions whose likeliest label is out of scope would be turned away."""
    if OUT_OF_SCOPE not in labels:
        return 0.0
    in_scope = np.array([label != OUT_OF_SCOPE and kind(label) == HARMLESS for label in truth])
    mistaken = in_scope & (log_probabilities.argmax(axis=1) == labels.index(OUT_OF_SCOPE))
    best = np.sort(best_in_scope(labels, np.exp(log_probabilities[mistaken])))
    allowed = int(TURNED_AWAY * in_scope.sum())
    return float(best[allowed]) if allowed < len(best) else 1.0


def _evidence_reached_by(share: float, examples: Sequence[Example], labels: Sequence[str], log_probabilities: Floats) -> float:
    """The evidence of a crisis, in logits, that only this share of the harmless examples reach."""
    columns = [column for column, label in enumerate(labels) if kind(label) != HARMLESS]
    rows = [row for row, example in enumerate(examples) if kind(example.intent) == HARMLESS]
    if not rows:
        return 0.0
    probabilities = np.exp(log_probabilities[np.ix_(rows, columns)]).sum(axis=1)
    evidence = np.log(np.clip(probabilities, 1e-6, 1 - 1e-6) / np.clip(1 - probabilities, 1e-6, 1))
    within_reach = np.flatnonzero(evidence >= np.quantile(evidence, 1 - share) - crisis.HINT)  # signs cost time; they only add
    for place in within_reach.tolist():
        evidence[place] = crisis.evidence(crisis.signs(examples[rows[place]].text), float(probabilities[place]))
    return max(float(np.quantile(evidence, 1 - share)), NO_EVIDENCE)

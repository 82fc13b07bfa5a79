"""Which language a text is written in: pl, uk, en, ru, be, and Ukrainian or Russian typed with Latin letters.

A linear model over character n-grams, trained from the examples alone: it is right on three words where libraries guess.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.content import Example
from bot.nlu import bayes
from bot.nlu.counts import Counts
from bot.nlu.linear import LinearText, log_softmax
from bot.nlu.text import latin_from_cyrillic, normalise, without_diacritics

LATIN = "-latin"  # `uk-latin`: Ukrainian typed with Latin letters
CYRILLIC = "uk", "ru", "be"
TYPED_IN_LATIN = "uk", "ru"  # often enough to be learnt
SCALE = 3.0  # margins to logits
SURE = 0.5
FEW_WORDS = 0.75  # "ok" and the name of an office say little about the language of whoever writes them

_OFFICES = re.compile(
    r"(?:kart[ayęe]|pobytu|stałego|czasowego|umow[ayęe]|o|prac[ęey]|zlecenie|dzie[łl]o|urz[ąa]d|wojew[óo]dzki|skarbowy|miasta|ds|cudzoziemc[óo]w|pesel|ukr"
    r"|status|zus|nfz|pip|pit|mops|zezwolenie|o[śs]wiadczenie|za[śs]wiadczenie|dow[óo]d|osobisty|prawo|jazdy|meldunek|stra[żz]|graniczna|na|typu|a|\W)+",
    re.IGNORECASE,
)  # words that stay Polish in any language


@dataclass(frozen=True, slots=True)
class Written:
    """`language` is None when the text says too little ("ok", "112", "???"). `latin`: Cyrillic typed with Latin letters."""

    language: str | None
    confidence: float
    latin: bool = False


def recognise(model: LinearText, text: str) -> Written:
    letters = sum(c.isalpha() for c in text)
    if letters < 2:
        return Written(None, 0.0)
    probabilities = np.exp(log_softmax(SCALE * _of_this_script(model, text)))
    label = model.labels[int(np.argmax(probabilities))]
    language = label.removesuffix(LATIN)
    confidence = float(sum(p for name, p in zip(model.labels, probabilities, strict=True) if name.removesuffix(LATIN) == language))
    if len(text.split()) < 3 or _is_name_of_an_office(text):
        confidence = min(confidence, FEW_WORDS)
    return Written(language if confidence >= SURE else None, confidence, label.endswith(LATIN))


def train(examples: Sequence[Example]) -> LinearText:
    from sklearn.svm import LinearSVC

    texts, labels = _training_texts(examples)
    svm = LinearSVC(C=1.0, tol=0.01, random_state=0)  # a tolerance of 0.1 once ended after 7 rounds, with the wrong biases
    counts = Counts.of(texts, 1, 4, near=0)
    model = LinearText.fit(counts, labels, estimator=svm, rarest=5)
    return replace(model, weights=model.weights + bayes.weights(counts, labels, model))


def _is_name_of_an_office(text: str) -> bool:
    return bool(_OFFICES.fullmatch(text))


def is_cyrillic(text: str) -> bool:
    """By most of its words: offices have long Latin names."""
    words = [word for word in text.split() if any(c.isalpha() for c in word)]
    return 2 * sum(map(has_cyrillic, words)) >= max(len(words), 1)


def has_cyrillic(text: str) -> bool:
    return any("\u0400" <= c <= "\u04ff" for c in text)


def is_typed_in_latin(text: str, language: str) -> bool:
    """What says so of an example. With Polish letters it is mixed with Polish."""
    return language in TYPED_IN_LATIN and not has_cyrillic(text) and text == without_diacritics(text)


def _of_this_script(model: LinearText, text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Scores with the languages of the other alphabet ruled out."""
    in_cyrillic = np.array([label in CYRILLIC for label in model.labels])
    scores = model.scores(text)
    return np.where(in_cyrillic == is_cyrillic(text), scores, np.float32(-100))


def _training_texts(examples: Sequence[Example]) -> tuple[list[str], list[str]]:
    """Each example, two short pieces of it (people write two words), and its form on a poorer keyboard."""
    chance = random.Random(0)
    texts: list[str] = []
    labels: list[str] = []

    def add(text: str, label: str) -> None:
        parts = text.split()
        size = chance.randint(1, 4)
        start = chance.randint(0, max(0, len(parts) - size))
        beginning = parts[: chance.randint(1, 4)]
        for piece in dict.fromkeys((text, " ".join(beginning), " ".join(parts[start : start + size]))):
            texts.append(piece)
            labels.append(label)

    for example in examples:
        text, language = normalise(example.text), example.language
        if is_typed_in_latin(text, language):
            add(text, language + LATIN)
        elif has_cyrillic(text) or language not in CYRILLIC:
            add(text, language)
            if language == "pl" and (plain := without_diacritics(text)) != text:
                add(plain, "pl")
            if language in TYPED_IN_LATIN:
                add(latin_from_cyrillic(text, language), language + LATIN)
    return texts, labels

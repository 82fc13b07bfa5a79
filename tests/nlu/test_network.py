"""The network over sentence vectors: it parts what no plane parts, learns later what came, and is the same each time."""

from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
import pytest

from bot.nlu import network as network_module
from bot.nlu.counts import Floats
from bot.nlu.network import Labels, Network

CHANCE = np.random.default_rng(0)
WIDTH = 12


def cornered(number: int) -> tuple[Floats, Labels]:
    """Label 1 where the first two numbers have different signs: no plane parts those from the others."""
    vectors = CHANCE.normal(size=(number, WIDTH)).astype(np.float32)
    return vectors, (vectors[:, 0] * vectors[:, 1] < 0).astype(np.intp)


VECTORS, TRUTH = cornered(1000)
UNSEEN, THEIR_TRUTH = cornered(300)
FAR: Floats = np.full((1, WIDTH), 3, np.float32)  # nothing like it was learnt from


@pytest.fixture(scope="module", autouse=True)
def patient() -> Iterator[None]:
    """A thousand examples learn such corners in more steps than a few examples of the bot need."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(network_module, "FEWEST_STEPS", 300)
        yield


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.fit(VECTORS, TRUTH, 3)


def right(network: Network, vectors: Floats, truth: Labels) -> float:
    return float((network.log_probabilities(vectors).argmax(axis=1) == truth).mean())


def test_it_parts_what_no_plane_parts_also_where_it_has_not_been(network: Network) -> None:
    assert right(network, VECTORS, TRUTH) > 0.95
    assert right(network, UNSEEN, THEIR_TRUTH) > 0.8


def test_probabilities_of_one_vector_and_of_many_are_the_same_and_sum_to_one(network: Network) -> None:
    together = network.log_probabilities(UNSEEN)
    assert together.dtype == np.float32
    assert together.shape == (len(UNSEEN), 3)
    np.testing.assert_allclose(np.exp(together).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(network.log_probabilities(UNSEEN[0]), together[0], atol=1e-5)


def test_a_label_without_examples_is_unlikely(network: Network) -> None:
    assert np.exp(network.log_probabilities(UNSEEN))[:, 2].max() < 0.2


def test_learning_twice_gives_the_same(network: Network) -> None:
    for once, again in zip(astuple(network), astuple(Network.fit(VECTORS, TRUTH, 3)), strict=True):
        np.testing.assert_array_equal(once, again)


def test_what_others_know_of_a_text_need_not_be_learnt() -> None:
    """Where others are sure of what is so, little is left to say; where they are wrong, it contradicts them."""
    told = np.where(np.eye(2)[TRUTH] == 1, 0.0, -6.0).astype(np.float32)
    quiet, loud = (Network.fit(VECTORS, TRUTH, 2, known) for known in (told, told[:, ::-1]))
    assert np.ptp(quiet.log_probabilities(VECTORS), axis=1).mean() < np.ptp(loud.log_probabilities(VECTORS), axis=1).mean()
    assert right(loud, VECTORS, TRUTH) > 0.95


def test_a_text_of_which_it_is_not_told_is_learnt_as_if_others_knew_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = np.where(np.eye(2)[TRUTH] == 1, 0.0, -6.0).astype(np.float32)
    learnt = {}
    for share in (0.0, 0.1, 1.0):
        monkeypatch.setattr(network_module, "ALONE", share)
        learnt[share] = Network.fit(VECTORS, TRUTH, 2, told)
    np.testing.assert_array_equal(learnt[1.0].inner, Network.fit(VECTORS, TRUTH, 2).inner)
    assert np.abs(learnt[0.1].inner - learnt[0.0].inner).max() > 0.01
    assert np.abs(learnt[0.1].inner - learnt[1.0].inner).max() > 0.01


def test_joined_networks_say_the_mean_of_what_each_says() -> None:
    several = [Network.fit(VECTORS, TRUTH, 2, seed=seed) for seed in range(3)]
    said = [one.log_probabilities(UNSEEN)[:, 1] - one.log_probabilities(UNSEEN)[:, 0] for one in several]
    together = Network.joined(several).log_probabilities(UNSEEN)
    assert np.abs(said[0] - said[1]).max() > 0.1
    np.testing.assert_allclose(together[:, 1] - together[:, 0], np.mean(said, axis=0), atol=1e-3)


NOTHING_KNOWN = np.zeros((1, 3), np.float32)


def test_what_comes_later_is_known_and_nothing_is_forgotten(network: Network) -> None:
    later = network.learnt(np.vstack([VECTORS, FAR]), np.array([len(VECTORS)]), np.array([2]), NOTHING_KNOWN)
    assert network.log_probabilities(FAR).argmax() != 2
    assert later.log_probabilities(FAR).argmax() == 2
    assert right(later, VECTORS, TRUTH) > 0.95


def test_where_nothing_came_nothing_moves(network: Network) -> None:
    same = network.learnt(VECTORS, np.array([], np.intp), np.array([], np.intp), NOTHING_KNOWN[:0])
    for before, after in zip(astuple(network), astuple(same), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_network_that_learns_later_leaves_the_first_as_it_was(network: Network) -> None:
    before = network.inner.copy()
    network.learnt(VECTORS, np.array([0]), TRUTH[:1], NOTHING_KNOWN)
    np.testing.assert_array_equal(network.inner, before)


def test_a_loaded_network_gives_the_same_answers(network: Network) -> None:
    loaded = Network.from_arrays("part", network.arrays("part"))
    np.testing.assert_allclose(np.exp(loaded.log_probabilities(UNSEEN)), np.exp(network.log_probabilities(UNSEEN)), atol=5e-3)


@pytest.mark.parametrize("number", [1, 2, 300])
def test_few_examples_are_learnt_too(number: int) -> None:
    assert right(Network.fit(VECTORS[:number], TRUTH[:number], 2), VECTORS[:number], TRUTH[:number]) == 1


def test_the_last_bit_of_what_it_learns_from_changes_nothing() -> None:
    """Processors round it differently. In single precision the weights end ten times as far apart as is allowed here."""
    once = Network.fit(VECTORS, TRUTH, 2)
    again = Network.fit(np.nextafter(VECTORS, np.float32(9)), TRUTH, 2)
    np.testing.assert_allclose(once.inner, again.inner, rtol=0, atol=1e-5)

"""Hostile deliveries to every channel; `benchmarks/fuzz.py` sends many more of them."""

import asyncio
import json
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels import CHANNELS
from bot.types import Address, Message
from tests.channels.deliveries import deliveries_for, hand_over
from tests.channels.kits import KITS, Kit
from tests.hostile import DEPTHS, NUMBERS, PIECES, Mutator, harm_in

BODIES = 300  # of each channel
seeded = settings(
    max_examples=BODIES, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Attack:
    """A channel that a test without a loop of its own can post to."""

    def __init__(self, runner: asyncio.Runner, kit: Kit) -> None:
        self.runner, self.kit = runner, kit
        self.deliveries = deliveries_for(kit)

    def wrong_with(self, body: bytes) -> list[str]:
        return self.runner.run(hand_over(self.kit, body))[0]


@pytest.fixture(scope="module", params=sorted(CHANNELS))
def attack(request: pytest.FixtureRequest) -> Iterator[Attack]:
    context = KITS[request.param]()
    with asyncio.Runner() as runner:
        kit = runner.run(context.__aenter__())
        yield Attack(runner, kit)
        runner.run(context.__aexit__(None, None, None))


@seeded
@given(chance=st.integers(0, 2**32).map(Random))
def test_no_hostile_delivery_raises_or_leaves_what_no_database_takes(attack: Attack, chance: Random) -> None:
    body = Mutator(chance, attack.deliveries).body_from(chance.choice(attack.deliveries))
    assert attack.wrong_with(body) == []


@seeded
@given(body=st.binary(max_size=200))
def test_no_bytes_at_all_raise(attack: Attack, body: bytes) -> None:
    assert attack.wrong_with(body) == []


@pytest.mark.parametrize("piece", sorted(PIECES))
def test_every_hostile_text_is_kept_as_a_text_or_left_out(attack: Attack, piece: str) -> None:
    for delivery in (attack.kit.says("canary"), attack.kit.presses("/canary")):
        body = delivery if isinstance(delivery, bytes) else json.dumps(delivery).encode()
        assert attack.wrong_with(body.replace(b"canary", json.dumps(PIECES[piece])[1:-1].encode())) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_is_too_large(attack: Attack, number: str) -> None:
    for delivery in attack.deliveries[::3]:
        text = json.dumps(delivery)
        for old in ("100000000000001", "1800000000", "4912661846655238145", "480000", "7"):
            assert attack.wrong_with(text.replace(f": {old}", f": {number}").encode()) == []


@pytest.mark.parametrize("depth", sorted({*DEPTHS, *range(900, 1000, 7)}))
def test_no_depth_overflows(attack: Attack, depth: int) -> None:
    """The depths near Python's own limit, at which reading may succeed and writing fail."""
    for opened, closed in (("[", "]"), ('{"id":', "}")):
        nested = opened * depth + "1" + closed * depth
        for delivery in attack.deliveries[:3]:
            for part in (": 7", ': "', ": ["):
                text = json.dumps(delivery)
                at = text.find(part)
                if at >= 0:
                    assert attack.wrong_with(f'{text[:at]}: {nested}, "x"{text[at:]}'.encode()) == []


def test_a_message_that_no_database_takes_is_noticed() -> None:
    good = Message("1", Address("web", "7"), "Добрий день 😀", "/help")
    assert harm_in(good) == []
    assert harm_in(Message("\0", Address("web", "7" * 129), "\ud83d")) == [
        "id cannot be stored",
        "text cannot be stored",
        "person is too long",
    ]

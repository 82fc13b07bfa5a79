"""Hostile deliveries to the webhook of every channel, signed as its platform signs: what breaks, and how long the slowest takes.

    python benchmarks/fuzz.py [--bodies 100000] [--seed 0] [--channel NAME]

Each body is a recorded delivery, changed at random: keys deleted, doubled and nested, other types, huge numbers, flipped bits, invalid
UTF-8, hostile texts. Broken is: an exception, a status from 500 on, or something kept that no database can store. Ends with 1 then.
"""

import argparse
import asyncio
import logging
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot import telemetry
from tests.channels.deliveries import deliveries_for, hand_over
from tests.channels.kits import KITS
from tests.hostile import Mutator

SHOWN = 5  # findings of a channel


async def attack(name: str, bodies: int, seed: int) -> bool:
    """Prints one line; True when nothing broke."""
    chance = random.Random(f"{seed} {name}")
    statuses: Counter[int] = Counter()
    findings: list[tuple[str, bytes]] = []
    slowest = total = 0.0
    async with KITS[name]() as kit:
        seeds = deliveries_for(kit)
        mutator = Mutator(chance, seeds)
        for _ in range(bodies):
            body = mutator.body_from(chance.choice(seeds))
            wrong, status, seconds = await hand_over(kit, body)
            statuses[status] += 1
            slowest, total = max(slowest, seconds), total + seconds
            findings += [(what, body) for what in wrong]
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    print(f"{name:<10} {bodies:>8} {len(findings):>7} {1000 * total / bodies:>9.2f} {1000 * slowest:>9.1f}   {answers}", flush=True)
    for what, body in findings[:SHOWN]:
        print(f"           {what}: {body[:300]!r}")
    return not findings


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bodies", type=int, default=100_000, help="altogether, shared by the channels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--channel", choices=sorted(KITS), action="append")
    asked = parser.parse_args()
    telemetry.configure("json")
    logging.disable(logging.CRITICAL)  # unreadable deliveries are logged one by one
    names = asked.channel or sorted(KITS)
    print(f"{'channel':<10} {'bodies':>8} {'broken':>7} {'mean ms':>9} {'worst ms':>9}   answers")
    return 0 if all([await attack(name, asked.bodies // len(names), asked.seed) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

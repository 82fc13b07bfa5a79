"""How long a start takes with a trained model, and how long one message takes from text to replies.

    python benchmarks/start.py

Run it when the machine has nothing else to do; it asserts nothing.
"""

import json
import os
import statistics
import subprocess
import sys
import time

STARTS = 5
QUESTIONS = [
    "szef nie zapłacił mi za wrzesień",
    "де можна вивчити польську",
    "who pays for the flight home",
    "дякую",
    "он меня бьёт, помогите",
]


def start() -> float:
    environment = {**os.environ, "BOT_PORT": "0", "BOT_LOG": "text", "LANGUAGE": "en"}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=environment, stderr=subprocess.PIPE)
    assert process.stderr
    for line in process.stderr:
        if b"The bot is running" in line:
            break
    else:
        sys.exit("the bot ended before it listened")
    seconds = time.perf_counter() - began
    process.terminate()
    process.stderr.read()
    process.wait()
    return seconds


def messages() -> list[float]:
    given = "\n".join(QUESTIONS * 40)
    parsed = subprocess.run([sys.executable, "-m", "bot", "parse"], input=given, capture_output=True, text=True, check=True)
    return sorted(json.loads(line)["ms"] for line in parsed.stdout.splitlines())


def main() -> None:
    start()  # trains first if it must
    starts = [start() for _ in range(STARTS)]
    print(f"start with a trained model: median {statistics.median(starts):.1f} s of {STARTS}")
    times = messages()
    worst = times[int(0.99 * len(times))]
    print(f"one message, text to replies: median {statistics.median(times):.1f} ms, 99 % within {worst:.1f} ms")


if __name__ == "__main__":
    main()

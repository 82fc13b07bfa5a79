"""`bot evaluate --plots`: the calibration and the confusions as pictures. Needs matplotlib, which nothing else here does."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bot.i18n import gettext as _
from bot.nlu.results import BINS


def draw(report: Mapping[str, Any], directory: Path) -> Iterator[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    for name, figure in (("calibration", calibration(report["calibration"])), ("confusions", confusions(report))):
        file = directory / f"{name}.png"
        figure.savefig(file, dpi=120, bbox_inches="tight")
        yield file


def calibration(bins: list[Mapping[str, float]]) -> Figure:
    """Bars on the diagonal: the bot is as often right as it believes."""
    figure = Figure(figsize=(6, 5))
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    bars = axes.bar([b["from"] for b in bins], [b["right"] for b in bins], width=1 / BINS, align="edge", edgecolor="white")
    axes.bar_label(bars, [str(b["questions"]) for b in bins], fontsize=8)
    axes.plot([b["confidence"] for b in bins], [b["right"] for b in bins], "o", color="black")
    axes.set(xlim=(0, 1), ylim=(0, 1.05), xlabel=_("confidence"), ylabel=_("right"), title=_("Is the bot as often right as it believes?"))
    return figure


def confusions(report: Mapping[str, Any]) -> Figure:
    """Rows: what was asked; columns: what it was taken for; each row in shares of its questions."""
    wrong = report["confusions"]
    names = sorted({*report["intents"], *(entry["taken_for"] for entry in wrong)})
    place = {name: number for number, name in enumerate(names)}
    shares = np.zeros((len(names), len(names)))
    for name, figures in report["intents"].items():
        shares[place[name], place[name]] = figures["recall"]
    for entry in wrong:
        shares[place[entry["intent"]], place[entry["taken_for"]]] = entry["count"] / report["intents"][entry["intent"]]["questions"]
    figure = Figure(figsize=(13, 12))
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="magma_r", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(shares), strict=True):
        if row != column:
            axes.text(column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", fontsize=6)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel=_("taken for"), ylabel=_("asked"))
    figure.colorbar(picture, shrink=0.6)
    return figure

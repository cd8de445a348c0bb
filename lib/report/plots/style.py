"""How every picture of REML looks, as SVG text. Equal figures give equal bytes: no clock, no
random ids."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK, MUTED, BLUE, ORANGE = "#1d2733", "#8793a1", "#2563a8", "#c2571a"
STYLE: Any = {
    "svg.hashsalt": "reml",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": "#e6eaee",
    "axes.axisbelow": True,
}


class FixedLayoutFigure(Figure):
    """A figure that is laid out, and then drawn once. To lay one out, matplotlib draws all of it
    for nothing, which is a quarter of what a picture costs."""

    def draw(self, renderer: RendererBase) -> None:
        """Lay it out, where that is still to be done, else draw it."""
        engine = self.get_layout_engine()
        if isinstance(engine, ConstrainedLayoutEngine):
            engine.execute(self)
        else:
            super().draw(renderer)


def format_short_money(value: float, _: object = None) -> str:
    """1_250_000 -> 1.25M, 450_000 -> 450k, 1_900 -> 1,900."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    return f"{value / 1e3:.3g}k" if abs(value) >= 1e4 else f"{value:,.0f}"


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of this many inches, and its axes."""
    made = FixedLayoutFigure(figsize=(width, height), layout="constrained")
    return made, made.add_subplot()


def to_svg(drawn: Figure) -> str:
    """The figure as an <svg> element."""
    out = io.StringIO()
    drawn.savefig(out, format="svg", metadata={"Date": None}, dpi=130)
    text = out.getvalue()
    return text[text.index("<svg") :]


def log_ticks(low: float, high: float) -> list[float]:
    """The 1, 2 and 5 of each power of ten between two amounts."""
    ticks = [digit * 10.0**power for power in range(-1, 10) for digit in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]

"""A drawing to SVG that lives in a page, in its own colour so that light and dark both read well; or to a PNG."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas

INK = "#010203"
"""Drawn in this colour, then replaced by the page's `currentColor`."""
COLOURS = (
    "#3b7dd8", "#d8743b", "#3a9d6e", "#a05cc0", "#c49a1f", "#d1557d", "#2aa3b5", "#87909a", "#8c6a4f", "#7c9a2e",
)  # fmt: skip
STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "tflite-mammo", "font.family": "sans-serif", "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "axes.grid": True,
    "grid.alpha": 0.2, "grid.color": INK,
}  # fmt: skip
Draw = Callable[[Any], None]
"""Of one pair of axes."""
SIZE = (4.4, 3.8)


def svg(draw: Draw, label: str) -> str:
    import matplotlib

    with matplotlib.rc_context(STYLE), _any_letter():
        canvas = Canvas(figsize=SIZE, layout="constrained")
        draw(canvas.subplots())
        file = io.StringIO()
        canvas.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()[file.getvalue().index("<svg") :].replace(INK, "currentColor")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def png(draw: Draw, path: Path) -> None:
    """On white, since it stands alone."""
    with on_paper(), _any_letter():
        canvas = Canvas(figsize=SIZE, layout="constrained")
        draw(canvas.subplots())
        canvas.savefig(path, dpi=150)


def plain(text: str) -> str:
    """For a name that may hold a dollar: two of them would be the ends of a formula."""
    return text.replace("$", r"\$")


def on_paper() -> Any:
    """The house's style in black on white."""
    from matplotlib import rc_context

    return rc_context({**STYLE, **{name: "black" for name, colour in STYLE.items() if colour == INK}})


@contextmanager
def _any_letter() -> Iterator[None]:
    """A letter that the font lacks is drawn as a box in a PNG, and as itself in a page."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield

"""The picture of a training's course."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from samelight.training.history import Step

__all__ = ["draw_loss_curve"]

POINTS = 200
"""Of the curves: each is the median of as many steps as it takes."""


def draw_loss_curve(history: Sequence[Step], path: Path, title: str, loss: str) -> bool:
    """Draw `loss` and the error by the composites' error over the steps, each a running median.

    Args:
      history: all steps.
      path: of the PNG file.
      title: above the curves.
      loss: the loss's name.

    Returns: False where matplotlib is not installed; then nothing is drawn.
    """
    if find_spec("matplotlib") is None or not history:
        return False
    import matplotlib as mpl  # takes a second to import, and only the end of a training needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    window = max(1, len(history) // POINTS)
    parts = [history[start : start + window] for start in range(0, len(history), window)]
    steps = [part[-1].number for part in parts]
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(7, 5), layout="constrained")
    upper.plot(steps, [median(step.loss for step in part) for part in parts], color="tab:blue")
    upper.set(ylabel=f"loss: {loss}", yscale="log", title=f"{title}: training")
    gains = [median(step.gain for step in part) for part in parts]
    lower.plot(steps, gains, color="tab:orange")
    lower.axhline(1.0, color="gray", linewidth=0.8, linestyle="--")
    # The first steps may be far above the others: most of the curve is what should be seen.
    lower.set(ylabel="error / composite's", xlabel="step", ylim=(0, max(1.2, 1.5 * median(gains))))
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return True

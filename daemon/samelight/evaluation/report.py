"""Scores as a table for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from samelight.evaluation.benchmark import VERSION_1
from samelight.evaluation.runner import Row, Scores

__all__ = ["as_json", "as_markdown", "in_manifest"]

COLUMNS = ("pictures", "MSE", "fMSE", "fMSE / composite's", "PSNR", "fPSNR", "better", "3 dB worse")


def as_json(scores: Scores) -> dict[str, Any]:
    """All means by method: overall, by family, by foreground share."""
    return {
        method: {
            "overall": asdict(scores.row(method)),
            "families": {name: asdict(row) for name, row in scores.by_family(method).items()},
            "foreground": {name: asdict(row) for name, row in scores.by_foreground(method).items()},
            "median_fmse_ratio": scores.median_ratio(method),
        }
        for method in scores.figures
    }


def in_manifest(row: Row, side: int) -> dict[str, float | str]:
    """A network's means at side x side for the weights' manifest, and which benchmark they are of."""
    benchmark = f"photos version {VERSION_1.version}, networks alone at {side} x {side}"
    return {"benchmark": benchmark, **{name: round(value, 4) for name, value in asdict(row).items()}}


def as_markdown(scores: Scores) -> str:
    """One table: a row for each method, then each method's families and foreground shares."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    lines += [_line(method, scores.row(method)) for method in scores.figures]
    for method in scores.figures:
        groups = {**scores.by_family(method), **scores.by_foreground(method)}
        lines += [_line(f"{method}: {name}", row) for name, row in groups.items()]
    return "\n".join(lines)


def _line(label: str, row: Row) -> str:
    cells = (
        f"{row.pictures}",
        f"{row.mse:.1f}",
        f"{row.fmse:.1f}",
        f"{row.fmse_ratio:.3f}",
        f"{row.psnr:.2f}",
        f"{row.fpsnr:.2f}",
        f"{row.better:.0%}",
        f"{row.worse_by_3_db}",
    )
    return f"| {label} | " + " | ".join(cells) + " |"

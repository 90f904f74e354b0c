"""Scores for programs: JSON, a line of CSV a picture, the weights' manifest."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

from samelight.evaluation.benchmark import VERSION_1
from samelight.evaluation.evaluation import Evaluation
from samelight.evaluation.metrics import PictureFigures
from samelight.evaluation.scores import COMPOSITE, Row, Scores
from samelight.evaluation.tables import as_markdown
from samelight_wire.errors import OutputError

__all__ = ["as_json", "as_markdown", "evaluation_as_json", "in_manifest", "write_csv"]

FIGURES = tuple(PictureFigures.__dataclass_fields__)
CSV_COLUMNS = (
    "at",
    "picture",
    "subset",
    "family",
    "outline",
    "foreground",
    "method",
    *FIGURES,
    "seconds",
    "harmonious_fmse",
)


def as_json(scores: Scores) -> dict[str, Any]:
    """All means by method: overall, by family, by foreground share, by subset."""
    return {method: _method_as_json(scores, method) for method in scores.figures}


def evaluation_as_json(evaluation: Evaluation) -> dict[str, Any]:
    """A whole evaluation: what was measured, every size's means by method, what failed."""
    return {
        "benchmark": evaluation.title,
        "methods": {name: asdict(facts) for name, facts in evaluation.methods.items()},
        "sizes": [
            {"at": measurement.at, "about": measurement.about, "methods": as_json(measurement.scores)}
            for measurement in evaluation.measurements
        ],
        "notes": list(evaluation.notes),
        "failures": [asdict(failure) for failure in evaluation.failures],
    }


def in_manifest(row: Row, side: int) -> dict[str, float | str]:
    """A network's means at side x side for the weights' manifest, and which benchmark they are of."""
    benchmark = f"photos version {VERSION_1.version}, networks alone at {side} x {side}"
    means = {name: round(value, 4) for name, value in asdict(row).items() if value is not None}
    return {"benchmark": benchmark, **means}


def write_csv(evaluation: Evaluation, path: Path) -> None:
    """Every picture's figures by every method, a line each.

    Raises: OutputError.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CSV_COLUMNS)
            for measurement in evaluation.measurements:
                writer.writerows(_lines(measurement.at, measurement.scores))
    except OSError as error:
        raise OutputError(f'"{path}" cannot be written ({error.strerror}).') from error


def _lines(at: str, scores: Scores) -> list[list[object]]:
    """A size's lines, picture after picture."""
    subsets, outlines = (labels or [""] * len(scores.names) for labels in (scores.subsets, scores.outlines))
    lines = []
    for index, name in enumerate(scores.names):
        about = [at, name, subsets[index], scores.families[index], outlines[index], f"{scores.shares[index]:.6f}"]
        for method, figures in scores.figures.items():
            timed, harmonious = (
                found[method][index] if found.get(method) else None for found in (scores.seconds, scores.harmonious)
            )
            lines.append([*about, method, *asdict(figures[index]).values(), timed, harmonious])
    return lines


def _method_as_json(scores: Scores, method: str) -> dict[str, Any]:
    low, high = scores.ratio_interval(method)
    return {
        "overall": asdict(scores.row(method)),
        "families": {name: asdict(row) for name, row in scores.by_family(method).items()},
        "foreground": {name: asdict(row) for name, row in scores.by_foreground(method).items()},
        "outlines": {name: asdict(row) for name, row in scores.by_outline(method).items()},
        "subsets": {name: asdict(row) for name, row in scores.by_subset(method).items()},
        "median_fmse_ratio": scores.median_ratio(method),
        "fmse_ratio_interval_95": [low, high],
        "median_seconds": None if method == COMPOSITE else scores.median_seconds(method),
        "harmonious_fmse": scores.harmonious_fmse(method),
    }

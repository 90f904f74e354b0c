"""Scores as tables in the papers' form: methods downwards, subsets or foreground ranges across."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

from samelight.evaluation.evaluation import Evaluation, Measurement, MethodFacts
from samelight.evaluation.scores import COMPOSITE, Row, Scores
from samelight.evaluation.sizes import ALONE
from samelight.markdown import markdown_table

__all__ = ["Table", "as_markdown", "evaluation_as_markdown", "tables_of"]

COLUMNS = ("pictures", "MSE", "fMSE", "fMSE / composite's", "PSNR", "fPSNR", "better", "3 dB worse")
ALL = "All"
UNKNOWN = "–"


@dataclass(frozen=True)
class Table:
    """One table, ready to be drawn."""

    title: str
    """What it shows."""
    headings: tuple[str, ...]
    """Of all columns; the last word of a group's column is the figure, what stands before it is the group."""
    rows: Sequence[tuple[str, ...]]
    """The method first."""


Cell = Callable[[Row], str]
PAIRS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "subset": (("MSE↓", lambda row: f"{row.mse:.2f}"), ("PSNR↑", lambda row: f"{row.psnr:.2f}")),
    "subset foregrounds": (("fMSE↓", lambda row: f"{row.fmse:.2f}"), ("fSSIM↑", lambda row: _figure(row.fssim, 4))),
    "foreground": (("MSE↓", lambda row: f"{row.mse:.2f}"), ("fMSE↓", lambda row: f"{row.fmse:.2f}")),
    "outline": (("ratio↓", lambda row: f"{row.fmse_ratio:.3f}"), ("better↑", lambda row: f"{row.better:.1%}")),
    "family": (("fMSE ratio↓", lambda row: f"{row.fmse_ratio:.3f}"),),
}
"""What the papers print of each group: HDNet's and SRIN's tables 1 and 2, RCL's table III, and ours."""
CALIBRATION = (
    "brightness",
    "colour",
    "shading",
    "tinting",
    "proportion",
    "half at",
    "light half at",
    "colour limit",
)
"""Headings of the fields of `Calibration`, in their order."""
TITLES = {
    "subset": "By subset",
    "subset foregrounds": "Foregrounds by subset",
    "foreground": "By foreground ratio",
    "outline": "By the foreground's outline (an object's own, borrowed, drawn), fMSE / composite's",
    "family": "By recolouring family, fMSE / composite's",
}


def tables_of(measurement: Measurement, methods: dict[str, MethodFacts]) -> list[Table]:
    """All tables at one size: figures, comparison with the composite, groups, costs, and calibration where it acts."""
    scores = measurement.scores
    groups = [_by_group(scores, kind) for kind in PAIRS if kind.split()[0] in scores.groups()]
    calibrations = [] if measurement.at == ALONE else _calibrations(methods)
    return [_figures(scores), _against_composite(scores), *groups, _costs(scores, methods), *calibrations]


def evaluation_as_markdown(evaluation: Evaluation) -> str:
    """All sizes' tables, one after the other, and what could not be measured."""
    parts = [f"# {evaluation.title}"]
    for measurement in evaluation.measurements:
        parts.append(f"## At {measurement.at}: {measurement.about}")
        for table in tables_of(measurement, dict(evaluation.methods)):
            parts.append(f"### {table.title}\n\n{markdown_table(table.headings, table.rows)}")
    parts += evaluation.notes
    if evaluation.failures:
        lines = (f"- {failure.name}: {failure.message} {failure.hint}".rstrip() for failure in evaluation.failures)
        parts.append("## Not measured\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_markdown(scores: Scores) -> str:
    """One table for a model card: a row for each method, then each method's families and foreground shares."""
    rows = [_line(method, scores.row(method)) for method in scores.figures]
    for method in scores.figures:
        groups = {**scores.by_family(method), **scores.by_foreground(method)}
        rows += [_line(f"{method}: {name}", row) for name, row in groups.items()]
    return markdown_table(("", *COLUMNS), rows)


def _figures(scores: Scores) -> Table:
    """The papers' figures over all pictures."""
    headings = ("method", "MSE↓", "PSNR↑", "fMSE↓", "fPSNR↑", "SSIM↑", "fSSIM↑", "LPIPS↓")
    rows = [
        (
            method,
            f"{row.mse:.2f}",
            f"{row.psnr:.2f}",
            f"{row.fmse:.2f}",
            f"{row.fpsnr:.2f}",
            _figure(row.ssim, 4),
            _figure(row.fssim, 4),
            _figure(row.lpips, 4),
        )
        for method, row in ((method, scores.row(method)) for method in scores.figures)
    ]
    return Table(f"{ALL} {len(scores.names):,} pictures", headings, rows)


def _against_composite(scores: Scores) -> Table:
    """How much better than doing nothing."""
    headings = ("method", "fMSE ratio↓", "95 % interval", "median ratio↓", "better↑", "3 dB worse↓", "harmonious fMSE↓")
    rows = []
    for method in scores.figures:
        row, (low, high) = scores.row(method), scores.ratio_interval(method)
        interval = UNKNOWN if method == COMPOSITE else f"{low:.3f}–{high:.3f}"
        rows.append(
            (
                method,
                f"{row.fmse_ratio:.3f}",
                interval,
                f"{scores.median_ratio(method):.3f}",
                f"{row.better:.1%}",
                str(row.worse_by_3_db),
                _figure(scores.harmonious_fmse(method), 1),
            )
        )
    return Table("Against the composite", headings, rows)


def _costs(scores: Scores, methods: dict[str, MethodFacts]) -> Table:
    """Size and time; multiply-adds are those of a picture of 256 x 256 at every size."""
    headings = ("method", "parameters↓", "multiply-adds↓", "time↓")
    rows = []
    for method, facts in methods.items():
        parameters = UNKNOWN if facts.parameters is None else f"{facts.parameters / 1e6:.2f} M"
        operations = UNKNOWN if facts.multiply_adds is None else f"{facts.multiply_adds / 1e9:.2f} G"
        seconds = scores.median_seconds(method) if facts.kind != "results" else None
        rows.append((method, parameters, operations, UNKNOWN if seconds is None else f"{seconds * 1000:.0f} ms"))
    return Table("Costs", headings, rows)


def _calibrations(methods: dict[str, MethodFacts]) -> list[Table]:
    """How much of each network's change the pipeline kept, and who says so: the same weights score otherwise without.

    No table where there is no network.
    """
    headings = ("method", *CALIBRATION, "from")
    rows = [
        (name, *(f"{figure:g}" for figure in astuple(facts.calibration)), facts.calibration_from)
        for name, facts in methods.items()
        if facts.calibration
    ]
    return [Table("Calibration: what the pipeline keeps of each network's change", headings, rows)] if rows else []


def _by_group(scores: Scores, kind: str) -> Table:
    """A kind of group across, and all pictures last."""
    pairs, groups = PAIRS[kind], scores.groups()[kind.split()[0]]
    columns: dict[str, Sequence[int] | None] = {**groups, ALL: None}
    arrow = pairs[0][0][-1]  # a single figure is in the title: its columns say only which way is better
    headings = tuple(f"{label} {name}" if len(pairs) > 1 else label + arrow for label in columns for name, _ in pairs)
    rows = []
    for method in scores.figures:
        found = [scores.row(method, chosen) for chosen in columns.values()]
        rows.append((method, *(cell(row) for row in found for _, cell in pairs)))
    return Table(TITLES[kind], ("method", *headings), rows)


def _line(label: str, row: Row) -> tuple[str, ...]:
    return (
        label,
        f"{row.pictures}",
        f"{row.mse:.1f}",
        f"{row.fmse:.1f}",
        f"{row.fmse_ratio:.3f}",
        f"{row.psnr:.2f}",
        f"{row.fpsnr:.2f}",
        f"{row.better:.0%}",
        f"{row.worse_by_3_db}",
    )


def _figure(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None else f"{value:.{digits}f}"

"""Puts newly trained weights and their measured figures where they belong, after their evaluation.

    samelight evaluate --on-photos val.zip --model rcl-lite --harmonious --no-baselines --at 256 --at native \
        --markdown figures.md --json > figures.json              # with SAMELIGHT_WEIGHTS=trained
    python tests/benchmarks/publish_weights.py rcl-lite --trained trained --figures figures.json --tables figures.md

Copies the weights, the loss curve and the manifest's entry into `daemon/samelight/weights`, puts the training's recipe,
the calibration and the figures into the model card (what it says of data, history and failures is a person's, and
stays), and replaces the network's rows in `docs/evaluation.md` and README.md. Sentences around the tables are for a
person. Without --trained only the figures are replaced, and those at a size that was not measured stay.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samelight.calibration import GAINS, Calibration
from samelight.markdown import markdown_table
from samelight.weights.manifest import read_manifest, write_entry

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "daemon" / "samelight" / "weights"
COMMAND = "`samelight evaluate --on-photos val.zip --model {model} --harmonious{at}`"
COLUMNS = ("", "pictures", "fMSE of composites", "of results", "ratio", "fPSNR", "better", "3 dB worse")
SIZES = {
    "native": ("Through the whole pipeline at native size", " --at native"),
    "256": ("The network alone at 256 x 256", ""),
}
FIGURES_MEAN = """Mean squared error in 8-bit code values over the foreground; "better" is the share of pictures nearer
to the real one than their composite; outlines are an object's own, or borrowed from another photograph and so cutting
through what is there."""

Figures = Mapping[str, Any]


def main() -> None:
    """Publish one network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the network's name")
    parser.add_argument("--trained", type=Path, help="the training's output folder")
    parser.add_argument("--figures", type=Path, nargs="+", required=True, help="files of `samelight evaluate --json`")
    parser.add_argument(
        "--tables", type=Path, nargs="+", required=True, help="files of `samelight evaluate --markdown`"
    )
    wishes = parser.parse_args()
    sizes = dict(pair for file in wishes.figures for pair in _sizes(json.loads(file.read_text("utf-8"))))
    if wishes.trained:
        _copy_weights(wishes.model, wishes.trained)
    _write_card(wishes.model, wishes.trained or SHIPPED, sizes)
    if "256" in sizes:
        _write_manifest(wishes.model, sizes["256"][wishes.model]["overall"])
    made = [table for file in wishes.tables for table in _tables(file.read_text("utf-8"))]
    _replace_rows(ROOT / "docs" / "evaluation.md", wishes.model, made)
    _replace_in_readme(wishes.model, sizes)


def _sizes(evaluation: Figures) -> Iterator[tuple[str, Figures]]:
    """Every size's figures by method."""
    for size in evaluation["sizes"]:
        yield size["at"], size["methods"]


def _copy_weights(model: str, trained: Path) -> None:
    """Weights, curve and manifest entry, with the rights that the shipped entry states."""
    entry = replace(read_manifest(trained)[model], rights=read_manifest(SHIPPED)[model].rights)
    for name in (f"{model}.safetensors", f"{model}-loss.png"):
        shutil.copyfile(trained / name, SHIPPED / name)
    write_entry(SHIPPED, model, entry)


def _write_manifest(model: str, alone: Figures) -> None:
    """The benchmark's means into the entry that is there."""
    entry = read_manifest(SHIPPED)[model]
    means = {name: round(value, 4) for name, value in alone.items() if value is not None}
    named = {"benchmark": "photos version 1, networks alone at 256 x 256", **means}
    write_entry(SHIPPED, model, replace(entry, fmse_ratio=means["fmse_ratio"], validation=named))


def _write_card(model: str, trained: Path, sizes: Mapping[str, Figures]) -> None:
    """The training's chapter and the figures between what a person had written."""
    shipped, made = ((folder / f"{model}.md").read_text("utf-8") for folder in (SHIPPED, trained))
    head = shipped.split("\n## Training\n")[0].rstrip()
    history, failures = (_part(shipped, title) for title in ("History", "Known failures"))
    parts = [head, _part(made, "Training"), history, _calibration(model), _validation(model, sizes, shipped), failures]
    (SHIPPED / f"{model}.md").write_text("\n\n".join(part for part in parts if part) + "\n", "utf-8")


def _calibration(model: str) -> str:
    """The chapter on what the pipeline makes of the network's changes."""
    found = read_manifest(SHIPPED)[model].calibration
    if found == Calibration():
        return ""
    parts = [f"{name} {getattr(found, name):.2f}" for name in GAINS if name != "proportion"]
    limit = f"colour as a whole stays below {found.colour_limit:.0f}" if found.colour_limit else "colour has no limit"
    return f"""## Calibration

Kept in the manifest; `samelight weights calibrate` finds such figures, and docs/training-log.md (14 to 16) tells of
them, and which were set by hand. The pipeline scales the parts of this network's change
({", ".join(parts)})
and lays {found.proportion:.0%} of the brightness on in proportion. In 8-bit code values, the sizes in their squares:
half is kept of a change whose mean square is {found.half_at:.0f}, of brightness alone {found.light_half_at:.0f};
{limit}."""


def _part(card: str, title: str) -> str:
    """A chapter of a card, or its part on one size, with the title; nothing where it has none of that name."""
    level = "###" if title in {name for name, _ in SIZES.values()} else "##"
    found = re.search(
        rf"^{level} {title}\n.*?(?=^{level} |^## |^Mean squared error|\Z)", card, re.MULTILINE | re.DOTALL
    )
    return found.group().rstrip() if found else ""


def _validation(model: str, sizes: Mapping[str, Figures], shipped: str) -> str:
    """The chapter with the figures at both sizes; the shipped card's where one was not measured."""
    first = next(iter(sizes.values()))[model]["overall"]["pictures"]
    about = (
        f"The project's benchmark, version 1: {first} composites from photographs that no training saw (their rights "
        "are as above)."
    )
    parts = [
        _at_size(model, size, sizes[size]) if size in sizes else _part(shipped, title)
        for size, (title, _) in SIZES.items()
    ]
    return "\n\n".join(["## Validation", about, *parts, FIGURES_MEAN])


def _at_size(model: str, size: str, methods: Figures) -> str:
    """The figures at one size with their command."""
    title, at = SIZES[size]
    figures, command = methods[model], COMMAND.format(model=model, at=at)
    return "\n\n".join([f"### {title}", command, _card_table(figures, methods["composite"]), _sentence(figures)])


def _card_table(figures: Figures, composite: Figures) -> str:
    """All pictures, families, foreground shares, outlines."""
    groups = {"**all**": (figures["overall"], composite["overall"])}
    for kind, prefix in (("families", ""), ("foreground", "foreground "), ("outlines", "outline ")):
        groups |= {prefix + name: (row, composite[kind][name]) for name, row in figures[kind].items()}
    return markdown_table(COLUMNS, [_card_row(label, *rows) for label, rows in groups.items()])


def _card_row(label: str, row: Figures, composite: Figures) -> tuple[str, ...]:
    gained = row["fpsnr"] - composite["fpsnr"]
    errors = (f"{composite['fmse']:.0f}", f"{row['fmse']:.0f}", f"{row['fmse_ratio']:.3f}")
    return label, str(row["pictures"]), *errors, f"{gained:+.2f} dB", f"{row['better']:.0%}", str(row["worse_by_3_db"])


def _sentence(figures: Figures) -> str:
    low, high = figures["fmse_ratio_interval_95"]
    return (
        f"95 % interval of the ratio {low:.3f} to {high:.3f}, median of the pictures' ratios "
        f"{figures['median_fmse_ratio']:.3f}. A picture that needs no change\n(composite = real) is changed by fMSE "
        f"{figures['harmonious_fmse']:.0f} on average."
    )


def _tables(markdown: str) -> Iterator[tuple[str, str, list[str]]]:
    """Every table: the size it stands under, its line of headings, its rows."""
    size, heading = "256", ""
    rows: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        if found := re.match(r"## At (\S+):|Through the whole pipeline at (native) size", line):
            size = found.group(1) or found.group(2)
        if not line.startswith("|"):
            if heading:
                yield size, heading, rows
            heading, rows = "", []
        elif heading:
            rows.append(line)
        else:
            heading = line


def _replace_rows(document: Path, model: str, made: Sequence[tuple[str, str, list[str]]]) -> None:
    """A network's row in every table of the document that was made anew, told by size and headings."""
    text = document.read_text("utf-8")
    start = f"| {model} |"
    for size, heading, rows in list(_tables(text)):
        new = [
            row for at, title, found in made if (at, title) == (size, heading) for row in found if row.startswith(start)
        ]
        for old in (row for row in rows if row.startswith(start) and new):
            # Rows of two tables may begin alike, never be alike: replaced after their own heading only.
            before, after = text.split("\n".join([heading, *rows]), 1)
            rows = [new[0] if row == old else row for row in rows]
            text = before + "\n".join([heading, *rows]) + after
    document.write_text(text, "utf-8")


def _replace_in_readme(model: str, sizes: Mapping[str, Figures]) -> None:
    """A network's row in README's table."""
    native, outlines = sizes["native"][model]["overall"], sizes["native"][model]["outlines"]
    cells = (
        f"`{model}`",
        f"{read_manifest(SHIPPED)[model].fmse_ratio:.3f}",  # at 256 x 256, of just now or of before
        f"**{native['fmse_ratio']:.3f}**",
        *(f"{outlines[name]['fmse_ratio']:.3f}" for name in ("own", "borrowed")),
        f"{100 * native['better']:.1f} %",
        str(native["worse_by_3_db"]),
        f"{sizes['native'][model]['harmonious_fmse']:.0f}",
    )
    path = ROOT / "README.md"
    row = re.compile(rf"^\| `{model}` \| 0\.\d+ \| \*\*.*$", re.MULTILINE)
    text, count = row.subn("| " + " | ".join(cells) + " |", path.read_text("utf-8"))
    if count != 1:
        raise SystemExit(f"README.md has {count} rows of {model}'s figures instead of 1.")
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

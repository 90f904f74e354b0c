"""`samelight models`: the networks and their weights."""

from __future__ import annotations

from typing import Any

from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.tables import by_text, plain_console, plain_table

__all__ = ["list_models", "models"]

HEADINGS = ("model", "parameters", "multiply-adds", "memory", "needs", "weights", "fMSE")
NUMBERS = {"parameters", "multiply-adds", "memory", "fMSE"}

EXPLANATION = (
    "Multiply-adds and memory: for one picture of 256 x 256. fMSE: the foreground's error by the untouched "
    "composite's, on the project's benchmark; 1 is doing nothing. * of the bundled sample; other pictures differ."
)


def models(as_json: AsJson = False) -> None:
    """List the networks: paper, size, what each needs, and its weights with their figures and terms."""
    with errors_reported(as_json):
        found = list_models()
    if as_json:
        print_json({"models": found})
    else:
        _print_tables(found)


def list_models() -> list[dict[str, Any]]:
    """Every network: its paper, what it costs for a picture of 256 x 256, and what is known of its weights.

    "multiply_adds" and the memory are those of any picture, or of the bundled sample where "depends_on_picture".
    "weights" is "ok", "missing" or "corrupt"; "validation" holds the benchmark's figures where they were measured.
    """
    from samelight import harmonizers
    from samelight.cli.cost_notes import costs_of

    costs = costs_of(harmonizers.names())
    found = []
    for name, cost in costs.items():
        info = harmonizers.describe(name)
        found.append(
            {
                "name": name,
                "paper": info.title,
                "authors": info.authors,
                "year": info.year,
                "parameters": cost.parameters,
                "multiply_adds": cost.multiply_adds,
                "depends_on_picture": cost.depends_on_picture,
                "needs": {"segmentation": info.needs_instances, "memory_bytes": cost.memory_bytes},
                **_weights_of(name),
            }
        )
    return found


def _weights_of(name: str) -> dict[str, Any]:
    """What the manifests say about a network's weights."""
    from samelight import weights

    folder, entry = weights.installed().get(name, (None, None))
    return {
        "weights": weights.state_of(name),
        "file": str(folder / entry.file) if folder and entry else None,
        "rights": entry.rights if entry else None,
        "fmse_ratio": entry.fmse_ratio if entry else None,
        "validation": entry.validation if entry else None,
    }


def _print_tables(found: list[dict[str, Any]]) -> None:
    console = plain_console()
    console.print(plain_table(HEADINGS, map(_row, found), NUMBERS))
    console.print(f"\n{EXPLANATION}\n")
    console.print(by_text("paper", ((model["name"], _paper(model)) for model in found)))
    console.print()
    console.print(by_text("rights of", ((model["name"], model["rights"]) for model in found)))


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    needs, ratio = model["needs"], model["fmse_ratio"]
    return (
        model["name"],
        f"{model['parameters'] / 1e6:.2f} M",
        f"{model['multiply_adds'] / 1e9:.2f} G" + ("*" if model["depends_on_picture"] else " "),
        f"{needs['memory_bytes'] / 1e6:.0f} MB",
        "segmentation" if needs["segmentation"] else "",
        model["weights"],
        "" if ratio is None else f"{ratio:.2f}",
    )


def _paper(model: dict[str, Any]) -> str:
    return f"{model['paper']} ({model['authors']}, {model['year']})"

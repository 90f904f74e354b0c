"""`samelight models`: the networks and their weights."""

from __future__ import annotations

from typing import Any

from samelight.cli.reporting import AsJson, errors_reported, print_json

__all__ = ["list_models", "models"]


def models(as_json: AsJson = False) -> None:
    """List the networks: size, paper, and whether their weights are installed."""
    with errors_reported(as_json):
        found = list_models()
    if as_json:
        print_json({"models": found})
    else:
        _print_table(found)


def list_models() -> list[dict[str, Any]]:
    """Name, paper, size and state of the weights ("ok", "missing" or "corrupt") of every network."""
    import torch

    from samelight import harmonizers, weights

    found = []
    listed = weights.installed()
    for name in harmonizers.names():
        info = harmonizers.describe(name)
        with torch.device("meta"):  # counts parameters without making them
            parameters = sum(parameter.numel() for parameter in harmonizers.create(name).parameters())
        folder, entry = listed.get(name, (None, None))
        found.append(
            {
                "name": name,
                "title": info.title,
                "authors": info.authors,
                "year": info.year,
                "parameters": parameters,
                "weights": weights.state_of(name),
                "file": str(folder / entry.file) if folder and entry else None,
                "rights": entry.rights if entry else None,
                "fmse_ratio": entry.fmse_ratio if entry else None,
            }
        )
    return found


def _print_table(found: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for heading in ("model", "parameters", "weights", "fMSE ratio", "paper"):
        table.add_column(heading, justify="right" if heading in ("parameters", "fMSE ratio") else "left")
    for model in found:
        ratio = model["fmse_ratio"]
        table.add_row(
            model["name"],
            f"{model['parameters']:,}",
            model["weights"],
            "" if ratio is None else f"{ratio:.2f}",
            f"{model['title']} ({model['authors']} {model['year']})",
        )
    Console().print(table)

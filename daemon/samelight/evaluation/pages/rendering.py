"""Pages that stand alone: HTML from a template with styles and script inside, safe whatever pictures are called.

The template escapes everything by itself. On top of that, the page's own policy forbids every connection and every
script but the one whose hash it names, so that no text on the page can ever run.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from samelight_wire.errors import InputError

__all__ = ["link_to", "render"]


def render(folder: Path, name: str, **values: Any) -> str:
    """Render `name`.html of a folder with `name`.css and `name`.js inside.

    Args:
        folder: holds the three files.
        name: theirs.
        values: what the template speaks of; `styles`, `script` and `policy` are added.

    Raises:
        InputError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise InputError(
            "Pages are made with jinja2, which is not installed.", "Install Samelight with its extra `train`."
        ) from error
    script = (folder / f"{name}.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["link"] = link_to
    page = environment.get_template(f"{name}.html").render(
        styles=Markup((folder / f"{name}.css").read_text(encoding="utf-8")),  # noqa: S704 (our own file)
        script=Markup(script),  # noqa: S704 (our own file)
        policy=_policy(script),
        **values,
    )
    return page.lstrip()  # the macros leave empty lines before the document


def link_to(path: str) -> str:
    """A relative path as a link, with everything escaped that means something in an address: spaces, # and %."""
    return quote(path)


def _policy(script: str) -> str:
    """The content security policy: pictures from beside the page, its own styles, and the script of this hash."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src 'self' file: data: blob:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )

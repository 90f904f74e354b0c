"""What the package shows, and what it may import."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import samelight_wire

FOLDER = Path(samelight_wire.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
ALLOWED = {"msgpack", "platformdirs", "zmq", "typing_extensions"}  # the last for type checkers only


def module(name: str) -> ModuleType:
    return samelight_wire if name == "__init__" else importlib.import_module(f"samelight_wire.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_all_lists_what_is_there_and_nothing_private(name: str) -> None:
    exported = module(name).__all__
    assert len(set(exported)) == len(exported)
    for each in exported:
        assert not each.startswith("_")
        assert hasattr(module(name), each)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "__init__"])
def test_all_lists_every_public_class_and_function(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    defined = [node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    public = {each for each in defined if not each.startswith("_")}
    assert public <= set(module(name).__all__)


@pytest.mark.parametrize("name", NAMES)
def test_only_what_every_editor_can_have_is_imported(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imported.add(node.module.split(".")[0])
    standard = getattr(sys, "stdlib_module_names", None)
    if standard is None:
        pytest.skip("this Python has no list of its standard library")
    assert imported - set(standard) <= ALLOWED


def test_importing_the_package_needs_neither_pyzmq_nor_platformdirs() -> None:
    script = (
        "import sys; sys.modules['zmq'] = sys.modules['platformdirs'] = None; import samelight_wire;"
        "print(' '.join(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"numpy", "torch", "PIL", "samelight"} & set(run.stdout.split())


def test_the_release_is_the_daemons() -> None:
    daemon = FOLDER.parent.parent / "daemon" / "samelight" / "__init__.py"
    if not daemon.exists():
        pytest.skip("the package is tested outside of its repository")
    assert f'__version__ = "{samelight_wire.RELEASE}"' in daemon.read_text(encoding="utf-8")

"""Who may import whom (DESIGN.md): read from the import statements, and seen in a fresh interpreter."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAEMON = ROOT / "daemon"
SHARED = ROOT / "shared"
INSTALLER = ROOT / "installer"

SIBLINGS = {"compositing", "segmentation", "harmonizers", "lifting"}
LAYERS = ("server", "jobs", "pipeline")
WIRE_MAY_USE = {"msgpack", "platformdirs", "zmq", "typing_extensions"}


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """The dotted names that a file imports, relative ones made absolute; without ``lazy`` only those that run when the
    file is imported.
    """
    package = _module(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), lazy):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _statements(node: ast.AST, lazy: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not lazy and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _statements(child, lazy)


def _module(path: Path) -> str:
    root = next(root for root in (DAEMON, SHARED, INSTALLER) if root in path.parents)
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def files(*folders: Path) -> list[Path]:
    found = [path for folder in folders for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts]
    assert found, f"no Python file below {folders}"
    return found


def offences(paths: list[Path], forbidden: set[str], *, lazy: bool = True) -> list[str]:
    """Imports of these modules or of anything in them."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path, lazy=lazy)
        if any(name == each or name.startswith(each + ".") for each in forbidden)
    ]


def part(name: str) -> list[Path]:
    """The files of a part of the daemon, be it a module or a package."""
    module, package = DAEMON / "samelight" / f"{name}.py", DAEMON / "samelight" / name
    return files(package) if package.is_dir() else [module] if module.is_file() else []


def test_the_reader_of_imports_sees_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "DAEMON", tmp_path)
    (tmp_path / "samelight" / "a").mkdir(parents=True)
    path = tmp_path / "samelight" / "a" / "b.py"
    path.write_text(
        "import os.path\nfrom . import c\nfrom ..d import e\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import torch\ndef f():\n    import zmq\n"
    )
    eager = {"os.path", "samelight.a.c", "samelight.d.e", "typing.TYPE_CHECKING"}
    assert set(imports(path, lazy=False)) == eager
    assert set(imports(path)) == eager | {"zmq"}


@pytest.mark.parametrize("name", sorted(SIBLINGS))
def test_no_sibling_knows_another_or_what_is_above(name: str) -> None:
    forbidden = (SIBLINGS - {name}) | {*LAYERS, "cli", "training", "evaluation"}
    assert offences(part(name), {f"samelight.{each}" for each in forbidden}) == []


def test_layers_import_downwards_only() -> None:
    assert offences(part("pipeline"), {"samelight.server", "samelight.jobs", "samelight.cli"}) == []
    assert offences(part("jobs"), {"samelight.server", "samelight.cli"}) == []
    assert offences(part("server"), {"samelight.cli", "samelight.training", "samelight.evaluation"}) == []


def test_training_and_evaluation_stand_apart_from_the_daemon() -> None:
    forbidden = {"zmq", "samelight.server", "samelight.jobs", "samelight.cli"}
    assert offences(part("training") + part("evaluation"), forbidden) == []


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    others = [path for path in files(DAEMON / "samelight") if "cli" not in path.parts]
    assert offences(others, {"samelight.cli"}) == []


def test_the_wire_stands_on_little_and_never_on_the_daemon() -> None:
    allowed = WIRE_MAY_USE | sys.stdlib_module_names | {"samelight_wire"}
    assert [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(SHARED)
        for name in imports(path)
        if name.split(".")[0] not in allowed
    ] == []


def test_the_installer_stands_on_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names | {"samelight_installer", "compression"}  # compression: from Python 3.14 on
    assert [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(INSTALLER)
        for name in imports(path)
        if name.split(".")[0] not in allowed
    ] == []
    assert not (INSTALLER / "__init__.py").exists()


def test_plugins_know_only_the_wire() -> None:
    plugins = [path for path in sorted((ROOT / "plugins").rglob("*.py")) if "__pycache__" not in path.parts]
    for path in plugins:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not {name.split(".")[0] for name in names} & {"samelight", "numpy", "torch"}, path


def test_torch_belongs_to_the_daemon_alone() -> None:
    assert offences(files(SHARED, INSTALLER), {"torch", "torchvision", "numpy"}) == []


def in_a_fresh_interpreter(code: str) -> set[str]:
    """The top-level modules that are loaded after this code has run."""
    path = [str(DAEMON), str(SHARED), str(INSTALLER)]
    script = f"import sys; sys.path[:0] = {path!r}\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_samelight_and_the_command_line_load_no_torch() -> None:
    loaded = in_a_fresh_interpreter("import samelight, samelight.cli.main, samelight.cli.harmonizing")
    assert {"samelight", "typer", "samelight_wire"} <= loaded
    assert not loaded & {"torch", "torchvision", "skimage", "scipy"}


def test_a_request_through_a_daemon_needs_no_torch_either() -> None:
    code = """
from samelight.cli.harmonizing import build_request, read_picture, read_mask
from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK
from samelight_wire.messages import Options
from samelight_wire.frames import encode
encode(build_request(read_picture(SAMPLE_COMPOSITE), read_mask(SAMPLE_MASK), Options()))
"""
    assert "torch" not in in_a_fresh_interpreter(code)


def test_the_wire_loads_without_zmq_and_numpy() -> None:
    loaded = in_a_fresh_interpreter(
        "import samelight_wire, samelight_wire.messages, samelight_wire.frames, samelight_wire.endpoint"
    )
    assert not loaded & {"torch", "numpy", "samelight"}


PACKAGES = sorted(_module(path) for path in files(DAEMON, SHARED) if path.name == "__init__.py")


@pytest.mark.parametrize("name", PACKAGES)
def test_what_packages_promise_is_there(name: str) -> None:
    module = importlib.import_module(name)
    promised = getattr(module, "__all__", [])
    assert sorted(set(promised)) == sorted(promised)
    for each in promised:
        assert getattr(module, each) is not None or each in dir(module)

"""The house's rules, checked: arrows go down only, files stay small, help stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = {
    "MedImageLib": REPOSITORY / "MedImageLib",
    "MedImageMetricLib": REPOSITORY / "MedImageMetric" / "MedImageMetricLib",
    "CardiacLVLib": REPOSITORY / "CardiacLV" / "CardiacLVLib",
    "AutoContourLib": REPOSITORY / "AutoContour" / "AutoContourLib",
}
QT = {"qt", "ctk", "PySide6", "PySide2", "PyQt5", "PyQt6", "PythonQt"}
MODULES = {"MedImageMetric", "CardiacLV", "AutoContour"}
# nodes and headless know MRML; in_slicer runs the command inside of the application; panels are
# parts of the application's window.
KNOW_SLICER = ("nodes", "headless", "in_slicer", "panels")
KNOW_QT = ("panels",)
MAX_LINES = 450
HEAVY = {
    "torch", "numpy", "scipy", "SimpleITK", "vtk", "vtkmodules", "slicer", "monai", "pydicom",
    "highdicom", "nibabel", "dask", "distributed", "matplotlib", "PIL", "jinja2", "jsonschema",
}  # fmt: skip


def imported(source: str) -> Iterator[str]:
    """Top names and full names of all absolute imports, also those inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def faults(package: str, path: Path, source: str) -> list[str]:
    """Imports that a file of a package must not have."""
    inside = path.relative_to(PACKAGES[package]).with_suffix("").parts[0]
    refused = MODULES | (set(PACKAGES) - {package, "MedImageLib"})
    if package != "MedImageLib" or inside not in KNOW_QT:
        refused |= QT
    if package != "MedImageLib" or inside not in KNOW_SLICER:
        refused |= {"slicer"}
    return [name for name in imported(source) if name.split(".")[0] in refused]


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_go_down_only(package: str) -> None:
    paths = list(PACKAGES[package].rglob("*.py"))
    assert paths
    found = {
        str(path.relative_to(REPOSITORY)): wrong
        for path in paths
        if (wrong := faults(package, path, path.read_text(encoding="utf-8")))
    }
    assert not found


@pytest.mark.parametrize(
    ("package", "file", "source", "wrong"),
    [
        ("MedImageLib", "x.py", "import CardiacLVLib.cine", ["CardiacLVLib.cine"]),
        ("MedImageLib", "x.py", "def f():\n    from slicer import util", ["slicer"]),
        ("MedImageLib", "nodes/x.py", "import slicer", []),
        ("MedImageLib", "headless.py", "import slicer", []),
        ("MedImageLib", "nodes.py", "import qt", ["qt"]),
        ("MedImageLib", "panels/x.py", "import qt, CardiacLVLib", ["CardiacLVLib"]),
        ("CardiacLVLib", "panels/x.py", "import qt", ["qt"]),
        ("CardiacLVLib", "nodes.py", "import slicer", ["slicer"]),
        ("CardiacLVLib", "x.py", "from AutoContourLib import x", ["AutoContourLib"]),
        ("CardiacLVLib", "x.py", "from MedImageLib import x\nimport CardiacLVLib.y", []),
    ],
)
def test_the_check_of_arrows_finds_what_is_wrong(
    package: str, file: str, source: str, wrong: list[str]
) -> None:
    assert faults(package, PACKAGES[package] / file, source) == wrong


def test_files_stay_small() -> None:
    sizes = {
        str(path.relative_to(REPOSITORY)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in PACKAGES.values()
        for path in folder.parent.glob(
            "**/*.py" if folder.name != "MedImageLib" else "MedImageLib/**/*.py"
        )
    }
    assert len(sizes) > 10
    assert not {name: lines for name, lines in sizes.items() if lines > MAX_LINES}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["batch", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\nfrom MedImageLib.__main__ import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rsplit("LOADED", 1)[1].split())
    assert "MedImageLib.commands" in loaded
    assert not loaded & HEAVY

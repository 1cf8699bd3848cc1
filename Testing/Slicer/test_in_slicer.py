"""The command inside of the application, and the installing of packages, with doubles."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest

from MedImageLib import __main__, __version__, in_slicer

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--", "--version"], 0), (["--version"], 0), (["--", "no-such-command"], 2), (["--"], 2)],
)
def test_the_script_ends_with_the_code_of_the_command(words, code, tmp_path):
    """Slicer executes the file and passes on the code of SystemExit."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "MedImageLib" / "in_slicer.py", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert (__version__ in done.stdout) == (code == 0)


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (SystemExit(3), 3, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("stopped"), 1, ""),
        (ModuleNotFoundError("no", name="highdicom"), 1, "the package highdicom is missing"),
        (MemoryError("too large"), 1, "MemoryError: too large"),
    ],
)
def test_nothing_leaves_the_application_running(monkeypatch, capsys, raised, code, words):
    def fails(argv):
        raise raised

    monkeypatch.setattr(__main__, "main", fails)
    assert in_slicer.run_command(["--", "batch"]) == code
    assert words in capsys.readouterr().err


def test_words_arrive_as_they_are(monkeypatch):
    seen = []
    monkeypatch.setattr(__main__, "main", lambda argv: seen.append(list(argv)) or 1)
    assert in_slicer.run_command(["--", "batch", "folder name", "--", "x"]) == 1
    assert in_slicer.run_command(["batch", "-o", "out"]) == 1
    assert seen == [["batch", "folder name", "--", "x"], ["batch", "-o", "out"]]


@pytest.fixture
def application(monkeypatch):
    """`slicer`, `PyTorchUtils` and what is installed, all replaced; `.asked` is what was asked."""
    asked: list[object] = []
    absent = {"torch", "slicer.packaging"}
    answers = types.SimpleNamespace(torch=object(), packages=True)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name in absent else real(name, *rest),
    )
    versions: dict[str, str] = {}
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: versions.get(name) or version(name)
    )
    util = types.SimpleNamespace(
        confirmOkCancelDisplay=lambda text: asked.append(text) or answers.packages,
        pip_install=lambda packages: asked.append(("pip", *packages)),
    )
    monkeypatch.setitem(sys.modules, "slicer", types.SimpleNamespace(util=util))
    logic = types.SimpleNamespace(
        installTorch=lambda askConfirmation: asked.append("torch") or answers.torch
    )
    torch_utilities = types.ModuleType("PyTorchUtils")
    torch_utilities.PyTorchUtilsLogic = lambda: logic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", torch_utilities)
    return types.SimpleNamespace(asked=asked, absent=absent, answers=answers, versions=versions)


def test_torch_comes_through_its_extension_and_the_rest_when_agreed(application):
    application.versions.update({"highdicom": "0.22.0", "pillow": "9.5", "pydicom": "3.10.0rc1"})
    in_slicer.ensure_packages("CardiacLV")
    torch, question, *installed = application.asked
    assert torch == "torch"
    assert "CardiacLV needs" in question
    assert installed == [("pip", "highdicom>=0.25"), ("pip", "pillow>=10.3")]


def test_nothing_is_asked_when_nothing_is_missing(application):
    application.absent.discard("torch")
    in_slicer.ensure_packages("CardiacLV")
    assert application.asked == []


def test_declining_ends_in_words(application):
    application.versions["highdicom"] = "0.9"
    application.answers.packages = False
    with pytest.raises(RuntimeError, match=r"cannot run without highdicom"):
        in_slicer.ensure_packages("CardiacLV")
    application.answers.torch = None
    with pytest.raises(RuntimeError, match="PyTorch is needed"):
        in_slicer.ensure_packages("CardiacLV")


def test_without_the_torch_extension_it_is_named(application, monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(RuntimeError, match="extension PyTorch"):
        in_slicer.ensure_packages("CardiacLV")


def test_the_applications_own_installer_is_used_where_it_is(application, monkeypatch):
    application.absent.discard("slicer.packaging")
    packaging = types.ModuleType("slicer.packaging")
    calls = []
    packaging.load_requirements = lambda path: Path(path).read_text("utf-8")
    packaging.pip_ensure = lambda requirements, requester: calls.append((requirements, requester))
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: object() if name == "slicer.packaging" else real(name, *rest),
    )
    in_slicer.ensure_packages("MedImageMetric")
    [(requirements, requester)] = calls
    assert requester == "MedImageMetric"
    assert "highdicom>=0.25" in requirements

"""Module files on the stage, networks replaced by ones with a known answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the tests share stage and cases
# A processed study and a server of it are made by the tests of the browser end.
sys.path.append(str(Path(__file__).resolve().parents[1] / "AutoContour" / "viewing"))

from stage import SLICER_PYTHON, staged


@pytest.fixture(params=["double", "slicer"] if SLICER_PYTHON else ["double"])
def application(request, monkeypatch) -> Any:
    """See `stage.staged`."""
    pytest.importorskip("slicer")
    import qt_double

    with staged(monkeypatch, qt_double, request.param) as running:
        yield running


@pytest.fixture
def radiograph_network(monkeypatch):
    """Settings that the replaced network was called with."""
    import panel_cases

    return panel_cases.replace_radiograph_network(monkeypatch)


@pytest.fixture
def cine_network(monkeypatch):
    """Settings that the replaced network was called with."""
    import panel_cases

    return panel_cases.replace_cine_network(monkeypatch)


@pytest.fixture
def in_this_process(monkeypatch):
    """Nothing is installed, and what panels run in another process runs here: the networks that
    tests put in place are not known there."""
    from MedImageLib import in_slicer

    def call(run, function, *arguments):
        return in_slicer.run_here(function, *arguments)

    monkeypatch.setattr(in_slicer, "ensure_packages", lambda requester: None)
    monkeypatch.setattr(in_slicer.PanelRun, "call", call)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    """Nothing of the person who runs the tests is read or changed."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))

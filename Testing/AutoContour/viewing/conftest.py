"""A small processed study, made once and copied for each test that changes it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from processed import make_study


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processed")
    make_study(folder / "results", folder / "inputs")
    return folder


@pytest.fixture
def results(_made: Path, tmp_path: Path) -> Path:
    """A folder of results with one study of two CT."""
    return shutil.copytree(_made / "results", tmp_path / "results")


@pytest.fixture
def study(results: Path) -> Path:
    """The folder of the study's result."""
    return results / "cases" / "head" / "study"


@pytest.fixture
def inputs(_made: Path) -> Path:
    """The DICOM series that was contoured."""
    return _made / "inputs"

"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _no_imported_models(tmp_path_factory):
    """Models that somebody has imported on this machine must not take part."""
    before = os.environ.get("MEDIMAGE_MODELS")
    os.environ["MEDIMAGE_MODELS"] = str(tmp_path_factory.mktemp("models"))
    yield
    if before is None:
        del os.environ["MEDIMAGE_MODELS"]
    else:
        os.environ["MEDIMAGE_MODELS"] = before


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real images that never enter the repository; skipped where it is absent."""
    folder = Path(os.environ.get("MEDIMAGE_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real test images here: set MEDIMAGE_TEST_DATA to their folder")
    return folder

"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
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


@pytest.fixture
def screened(tmp_path) -> Callable[..., Path]:
    """Makes a folder with the verdict of a screening on the image of an identity."""
    from MedImageLib.results import Measurement, ModelUsed, QualityFlag, Result, write_result
    from MedImageLib.scan_verdict import FLAG, STATES, TASK

    def write(identity, verdict: str) -> Path:
        numbers = tuple(Measurement(n, 1.0, "1") for n in ("score", "threshold", "confidence"))
        flag = QualityFlag(FLAG, STATES[verdict], f"Looks {verdict}")
        model = ModelUsed("normality", "1.0", "0" * 64)
        result = Result(
            "MedImageMetric", TASK, (identity,), numbers, flags=(flag,), models=(model,)
        )
        folder = tmp_path / "screened"
        folder.mkdir()
        write_result(folder, result)
        return folder

    return write

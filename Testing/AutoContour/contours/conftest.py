"""A generated CT series on disk, and masks that are hard to write as contours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

GRID = Geometry((9, 40, 44), (1.1, 1.3, 2.5), (-20.3, 11.25, -7.75))


@pytest.fixture(scope="session")
def ct_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ct") / "series"
    gray = np.random.default_rng(0).normal(0, 100, GRID.shape).astype(np.int16)
    write_dicom(Volume(gray, GRID, modality="CT"), folder, DicomStudy.of_seed(5))
    return folder


@pytest.fixture
def ct(ct_folder: Path) -> Volume:
    return read_image(ct_folder)


@pytest.fixture
def hard_masks() -> Mapping[str, np.ndarray]:
    """Ring, branching shape, single voxel, random dots, islands in holes."""
    k, j, i = np.indices(GRID.shape)
    r = np.hypot(j - 19.5, i - 21.0)
    inner = (k > 0) & (k < 8)
    single = np.zeros(GRID.shape, bool)
    single[4, 17, 23] = True
    dots = (np.random.default_rng(1).random(GRID.shape) > 0.5) & (k < 2)
    return {
        "ring": (r < 15) & (r > 7) & inner,
        "branch": inner & (np.abs(np.abs(i - 21.0) - 2 * k) < 3) & (np.abs(j - 20) < 9),
        "single": single,
        "dots": dots,
        "target": inner & (np.floor(r / 4) % 2 == 0) & (r < 16),
    }

"""Small CT studies for tests of servers, and patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

PATIENCE_S = 240.0


def ct_study(folder: Path, seed: int, slices: int = 4) -> list[Path]:
    """A CT of noise, of the patient and study of the seed."""
    gray = np.random.default_rng(seed).normal(0, 100, (slices, 8, 8)).astype(np.int16)
    image = Volume(gray, Geometry(gray.shape), modality="CT")
    return list(write_dicom(image, folder, DicomStudy.of_seed(seed)))


def until(condition: Callable[[], Any], pause_s: float = 0.1) -> Any:
    """Wait for something true and give it."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(pause_s)
    return found

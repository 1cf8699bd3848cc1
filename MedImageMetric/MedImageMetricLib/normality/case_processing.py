"""What the screening does with a case of a batch: verdict, result and report of one series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from MedImageMetricLib.normality.settings import AnomalySettings

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result

MODALITIES = ("CR", "DX", "RG", "MR", "CT")
MODELS = ("normality_radiograph", "normality_cardiac_mr", "normality_ct_head_neck")


def accepts(case: Case) -> bool:
    """Series of the modalities that models know, and pictures that may be one."""
    if case.level != "series":
        return False
    return case.kind in ("png", "jpeg") or (case.kind == "image" and case.modality in MODALITIES)


def run(case: Case, folder: Path, settings: AnomalySettings) -> Result:
    """Screen the scan of a case. Raises InputError when it holds none or several, ModelError when
    there is no model for it."""
    from MedImageLib.errors import InputError
    from MedImageLib.reading import read_listed
    from MedImageMetricLib.normality.processing import screen_image

    images = read_listed(case.files)
    if len(images) != 1:
        raise InputError(f"{case.name}: holds {len(images)} images, expected one scan.")
    return screen_image(images[0], folder, settings)[0]

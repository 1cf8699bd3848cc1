"""What MedImageMetric does with a case of a batch: a radiograph in, result and report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.batch.processors import Processor
from MedImageLib.processing_settings import ModelProcessing

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result
    from MedImageLib.volume import Volume


def accepts(case: Case) -> bool:
    """Radiographs, and pictures that may be one."""
    if case.level != "series":
        return False
    return case.modality in ("CR", "DX") or case.kind in ("png", "jpeg")


def run(case: Case, folder: Path, settings: ModelProcessing) -> Result:
    """Process the radiograph of a case. Raises InputError when it holds none."""
    from MedImageLib.errors import InputError
    from MedImageLib.reading import read_listed
    from MedImageLib.volume import Volume

    images = read_listed(case.files)
    if len(images) != 1 or not isinstance(images[0], Volume):
        raise InputError(f"{case.name}: holds {len(images)} images or frames, expected one.")
    return process_radiograph(images[0], folder, settings)


def process_radiograph(volume: Volume, folder: Path, settings: ModelProcessing) -> Result:
    """Segment, measure, write labels.png, overlay.png, labels.seg.nrrd, report.html, scene.mrb."""
    from MedImageMetricLib.radiograph.output import write_outputs
    from MedImageMetricLib.radiograph.segmentation import segment_radiograph

    found = segment_radiograph(volume, settings.inference())
    return write_outputs(folder, volume, found, settings)


PROCESSORS = (
    Processor(
        name="radiograph",
        accepts=accepts,
        run=run,
        settings=ModelProcessing(),
        models=("radiograph_lungs_heart",),
    ),
)

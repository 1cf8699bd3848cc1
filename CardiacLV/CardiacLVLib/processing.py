"""What CardiacLV does with a case of a batch: a short-axis cine in, result and report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.batch.processors import Processor
from MedImageLib.processing_settings import ModelProcessing

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result
    from MedImageLib.volume import VolumeSequence


def accepts(case: Case) -> bool:
    """MR series with cardiac phases, and four-dimensional NIfTI or NRRD files."""
    if case.level != "series":
        return False
    if case.kind in ("nifti", "nrrd"):
        return _has_time(case.files[0])
    return case.modality == "MR" and case.kind == "image" and _has_phases(case.files[0])


def _has_time(path: Path) -> bool:
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return False
    return reader.GetDimension() == 4 and reader.GetSize()[3] > 1


def _has_phases(path: Path) -> bool:
    import pydicom

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, force=False)
        phases = header.get("CardiacNumberOfImages") or header.get("NumberOfTemporalPositions")
        return int(phases or 0) > 1 or "TriggerTime" in header
    except (pydicom.errors.InvalidDicomError, OSError, ValueError, TypeError):
        return False


def run(case: Case, folder: Path, settings: ModelProcessing) -> Result:
    """Process the cine of a case. Raises NotShortAxisCineError when it holds none."""
    from CardiacLVLib.cine_input import load_listed_cine

    return process_cine(load_listed_cine(case.files), folder, settings)


def process_cine(cine: VolumeSequence, folder: Path, settings: ModelProcessing) -> Result:
    """Segment, measure, write labels.nii.gz, volumes.csv, report.html, scene.mrb."""
    from CardiacLVLib.output import write_outputs
    from CardiacLVLib.segmentation import segment_cine

    found = segment_cine(cine, settings.inference())
    return write_outputs(folder, cine, found, settings)


PROCESSORS = (
    Processor(
        name="cine",
        accepts=accepts,
        run=run,
        settings=ModelProcessing(),
        models=("cine_localizer", "cine_ventricle"),
    ),
)

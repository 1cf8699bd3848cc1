"""What CardiacLV does with a case of a batch: a short-axis cine in, result and report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacLVLib.settings import LeftVentricleSettings
from MedImageLib.batch.processors import Processor

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result
    from MedImageLib.volume import Volume, VolumeSequence


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


def run(case: Case, folder: Path, settings: LeftVentricleSettings) -> Result:
    """Process the cine of a case. Raises NotShortAxisCineError when it holds none."""
    from CardiacLVLib.cine.cine_input import load_listed_cine
    from MedImageLib.scan_verdict import with_verdict

    cine = with_verdict(load_listed_cine(case.files), case.screened)
    return process_cine(cine, folder, settings, source=case.files[0].name)


def process_cine(
    cine: VolumeSequence,
    folder: Path,
    settings: LeftVentricleSettings,
    labels: Sequence[Volume] | None = None,
    source: str = "",
) -> Result:
    """Segment, measure and write all files but result.json; see `write_outputs`.

    labels: edited label maps, one a frame, to measure on instead of segmenting. source: names
    the cine in errors. Raises NotShortAxisCineError, GeometryError, InputError.
    """
    from CardiacLVLib.analysis import analyze_cine, analyze_labels
    from CardiacLVLib.cine.short_axis import NotShortAxisCineError
    from CardiacLVLib.presentation.output import write_outputs

    try:
        if labels is None:
            analysis = analyze_cine(cine, settings)
        else:
            analysis = analyze_labels(cine, labels, settings)
    except NotShortAxisCineError as error:
        raise NotShortAxisCineError(error.reason, source) from error
    return write_outputs(folder, analysis)


def export_cine(
    cine: VolumeSequence, labels: Sequence[Volume], folder: Path, settings: LeftVentricleSettings
) -> Result:
    """The files of the command, and result.json, of the contours given, in a new folder."""
    from MedImageLib.single_cases import run_into

    return run_into(folder, lambda place: process_cine(cine, place, settings, labels))


PROCESSORS = (
    Processor(
        name="lv",
        accepts=accepts,
        run=run,
        settings=LeftVentricleSettings(),
        models=("cine_localizer", "cine_ventricle", "cine_indices"),
    ),
)

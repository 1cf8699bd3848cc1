"""What AutoContour does with a case of a batch: overview, registrations and contours of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from MedImageLib.batch.processors import Processor
from MedImageLib.settings import check_settings, setting

if TYPE_CHECKING:
    from MedImageLib.batch.cases import Case
    from MedImageLib.results import Result
    from MedImageLib.volume import Volume


@dataclass(frozen=True)
class StudyProcessing:
    """How studies are processed."""

    scene: bool = setting(True, help="Write scene.mrb for Slicer.")
    register: bool = setting(
        True, help="Register, fuse and measure deformation as the table of types asks for."
    )
    field_spacings_mm: tuple[float, ...] = setting(
        (12.0, 6.0), help="Grids of the displacement field, coarse to fine.", unit="mm", minimum=0.5
    )
    contour: bool = setting(True, help="Contour the planning CT.")

    def __post_init__(self) -> None:
        check_settings(self)


def accepts(case: Case) -> bool:
    """Whole studies with a CT."""
    return case.level == "study" and "CT" in case.modality.split("+")


def run(case: Case, folder: Path, settings: StudyProcessing) -> Result:
    """Overview of the study of a case, registrations of its further images below `registrations`,
    contours of its planning CT below `contours`.

    Raises InputError when it holds no CT volume. A CT that cannot be contoured is a remark.
    """
    import time

    from AutoContourLib.study.output import overview_result, write_outputs
    from AutoContourLib.study.overview import study_overview
    from MedImageLib.reading import read_listed
    from MedImageLib.volume import Volume

    started = time.monotonic()
    images = [image for image in read_listed(case.files) if isinstance(image, Volume)]
    overview = study_overview(images)
    result = overview_result(overview, settings, time.monotonic() - started)
    if settings.register and overview.others:
        result = with_registrations(result, overview.planning, images, folder, settings)
    if settings.contour:
        result = with_contours(result, overview.planning, folder)
    write_outputs(folder, overview, result, settings.scene)
    return result


def with_registrations(
    result: Result,
    planning: Volume,
    images: Sequence[Volume],
    folder: Path,
    settings: StudyProcessing,
) -> Result:
    """Register what the types of the pairs ask for and add to the result what came of it.

    Pairs follow the classification; those whose first image is not `planning` are left out.
    """
    from dataclasses import replace

    from AutoContourLib.registration.deformable_settings import DeformableSettings
    from AutoContourLib.registration.study_pairs import register_pairs
    from AutoContourLib.study.processing_table import load_processing_table
    from AutoContourLib.study.series_facts import series_facts
    from AutoContourLib.study.study_type import classify

    defaults = DeformableSettings()
    count = len(settings.field_spacings_mm)
    field = replace(
        defaults,
        field_spacings_mm=settings.field_spacings_mm,
        field_steps=(defaults.field_steps + defaults.field_steps[-1:] * count)[:count],
    )
    found = classify([series_facts(image) for image in images], load_processing_table())
    pairs = [p for one in found if one.first.volume is planning for p in one.pairs]
    results, remarks = register_pairs(pairs, folder / "registrations", field=field)
    return replace(
        result,
        flags=(*result.flags, *(flag for one in results for flag in one.flags)),
        findings=(*result.findings, *(text for one in results for text in one.findings)),
        warnings=tuple(
            dict.fromkeys((*result.warnings, *remarks, *(w for r in results for w in r.warnings)))
        ),
        timings=(*result.timings, *(t for one in results for t in one.timings)),
    )


def with_contours(result: Result, planning: Volume, folder: Path) -> Result:
    """Contour the planning CT into folder/contours and add to the result what came of it."""
    from dataclasses import replace

    from AutoContourLib.contours.contour_files import process_scan
    from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
    from MedImageLib.errors import MedImageError, Remark
    from MedImageLib.results import output_files, write_result
    from MedImageLib.writing.atomic import finished_folder

    try:
        with finished_folder(folder / "contours") as place:
            found = process_scan(planning, place, ContourSettings(), RtstructSettings())
            write_result(place, replace(found, files=output_files(place)))
    except MedImageError as error:
        remark = Remark("not-contoured", f"The planning CT was not contoured. {error}")
        return replace(result, warnings=(*result.warnings, remark))
    # The overview's quick outline of the body gives way to the contour.
    measured = {value.name for value in found.values}
    kept = tuple(value for value in result.values if value.name not in measured)
    return replace(
        result,
        values=(*kept, *found.values),
        flags=(*result.flags, *found.flags),
        findings=(*result.findings, *found.findings),
        warnings=tuple(dict.fromkeys((*result.warnings, *found.warnings))),
        models=(*result.models, *found.models),
        timings=(*result.timings, *found.timings),
    )


PROCESSORS = (
    Processor(
        name="study",
        accepts=accepts,
        run=run,
        settings=StudyProcessing(),
        models=("ct_head_neck",),
    ),
)

"""What AutoContour does with a case of a batch: overview, registrations and contours of a study.

Contours of the first image come from the model; those of later ones are carried over or drawn
anew as the deformation degree says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from AutoContourLib.contours.contour_settings import SecondContourSettings
from MedImageLib.batch.processors import Processor
from MedImageLib.settings import check_settings, setting

if TYPE_CHECKING:
    from AutoContourLib.contours.contouring import Contours
    from AutoContourLib.study.study_type import ImagePair
    from MedImageLib.batch.cases import Case
    from MedImageLib.errors import Remark
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
    second: SecondContourSettings = setting(
        default_factory=SecondContourSettings, help="Contours of the further images."
    )
    thresholds: str = setting(
        "",
        help="File of deformation thresholds that `medimage plan` adapts; none: that beside the "
        "results.",
    )

    def __post_init__(self) -> None:
        check_settings(self)


def accepts(case: Case) -> bool:
    """Whole studies with a CT."""
    return case.level == "study" and "CT" in case.modality.split("+")


def run(case: Case, folder: Path, settings: StudyProcessing) -> Result:
    """Overview of the study of a case; below `registrations` its further images registered, below
    `contours` those of its planning CT, below `second_contours` those of the further images.

    Raises InputError when it holds no CT volume. A CT that cannot be contoured is a remark.
    """
    import time
    from dataclasses import replace

    from AutoContourLib.study.output import overview_result, write_outputs
    from AutoContourLib.study.overview import study_overview
    from MedImageLib.background.progress import part, tell
    from MedImageLib.errors import InputError, Remark
    from MedImageLib.reading import read_listed
    from MedImageLib.scan_verdict import with_verdict
    from MedImageLib.volume import Volume

    started = time.monotonic()
    tell(0.0, "Reading the study")
    images = [
        with_verdict(image, case.screened)
        for image in read_listed(case.files)
        if isinstance(image, Volume)
    ]
    overview = study_overview(images)
    # Of the file of thresholds the name alone: results name no place of a site.
    told = replace(settings, thresholds=Path(settings.thresholds).name)
    result = overview_result(overview, told, time.monotonic() - started)
    result = _joined(result, warnings=_doubts(overview.others))
    pairs: tuple[ImagePair, ...] = ()
    if overview.others and (settings.register or settings.contour):
        try:
            pairs = pairs_of(images, overview.planning)
        except InputError as error:
            # The planning CT is worth its contours all the same.
            remark = Remark("not-classified", f"Further images were left alone. {error}")
            result = _joined(result, warnings=(remark,))
    registered = 0.55 if settings.register and pairs else 0.05
    if settings.register and pairs:
        with part(0.05, registered):
            result = with_registrations(result, pairs, folder, settings)
    if settings.contour:
        tell(registered, "Contours of the planning CT")
        result, first = with_contours(result, overview.planning, folder)
        if first is not None and pairs:
            tell(0.85, "Contours of the further images")
            result = with_second_contours(result, pairs, first, folder, settings)
    tell(0.92, "Report and scene")
    write_outputs(folder, overview, result, settings.scene)
    return result


def processor_settings(out: Path, settings: StudyProcessing) -> dict[str, dict[str, Any]]:
    """Settings for a batch into `out`, whose answers to plan questions move one file of
    thresholds, unless another one is named."""
    from dataclasses import replace

    from AutoContourLib.study.plan_questions import THRESHOLDS_FILE
    from MedImageLib.settings import settings_to_dict

    if not settings.thresholds:
        settings = replace(settings, thresholds=str(out.resolve() / THRESHOLDS_FILE))
    return {"study": settings_to_dict(settings)}


def pairs_of(images: Sequence[Volume], planning: Volume) -> tuple[ImagePair, ...]:
    """The pairs of the classification whose first image is `planning`."""
    from AutoContourLib.study.processing_table import load_processing_table
    from AutoContourLib.study.series_facts import series_facts
    from AutoContourLib.study.study_type import classify

    found = classify([series_facts(image) for image in images], load_processing_table())
    return tuple(p for one in found if one.first.volume is planning for p in one.pairs)


def with_registrations(
    result: Result, pairs: Sequence[ImagePair], folder: Path, settings: StudyProcessing
) -> Result:
    """Register what the types of the pairs ask for and add to the result what came of it."""
    from dataclasses import replace

    from AutoContourLib.registration.deformable_settings import DeformableSettings
    from AutoContourLib.registration.study_pairs import register_pairs

    defaults = DeformableSettings()
    count = len(settings.field_spacings_mm)
    field = replace(
        defaults,
        field_spacings_mm=settings.field_spacings_mm,
        field_steps=(defaults.field_steps + defaults.field_steps[-1:] * count)[:count],
    )
    results, remarks = register_pairs(pairs, folder / "registrations", field=field)
    for one in results:
        result = _joined(result, replace(one, values=(), models=()))
    return _joined(result, warnings=remarks)


def with_contours(result: Result, planning: Volume, folder: Path) -> tuple[Result, Contours | None]:
    """Contour the planning CT into folder/contours and add to the result what came of it."""
    import time
    from dataclasses import replace

    from AutoContourLib.contours.contour_files import finished_contours
    from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
    from AutoContourLib.contours.contouring import contour_ct
    from MedImageLib.errors import MedImageError, Remark
    from MedImageLib.results import output_files, write_result
    from MedImageLib.writing.atomic import finished_folder

    settings, rtstruct = ContourSettings(), RtstructSettings()
    try:
        started = time.monotonic()
        contours = contour_ct(planning, settings)
        with finished_folder(folder / "contours") as place:
            found = finished_contours(contours, place, settings, rtstruct, started)
            write_result(place, replace(found, files=output_files(place)))
    except MedImageError as error:
        remark = Remark("not-contoured", f"The planning CT was not contoured. {error}")
        return _joined(result, warnings=(remark,)), None
    # The overview's quick outline of the body gives way to the contour.
    measured = {value.name for value in found.values}
    kept = tuple(value for value in result.values if value.name not in measured)
    return _joined(replace(result, values=kept), found), contours


def with_second_contours(
    result: Result,
    pairs: Sequence[ImagePair],
    first: Contours,
    folder: Path,
    settings: StudyProcessing,
) -> Result:
    """Contours of the further images, and what was chosen for each, added to the result."""
    from dataclasses import replace

    from AutoContourLib.registration.plan_decision import thresholds_of
    from AutoContourLib.study.second_contours import second_contours

    thresholds = thresholds_of(settings.thresholds)
    made = second_contours(pairs, first, folder, settings.second, thresholds)
    after = ("A target contour can be made once first and second contour are approved.",)
    findings = (*made.findings, *(after if made.results else ()))
    result = replace(
        result, findings=(*result.findings, *findings), flags=(*result.flags, *made.flags)
    )
    for place, one in made.results:
        values = tuple(
            replace(value, name=f"image_{place.lower()}_{value.name}".replace("-", "_"))
            for value in one.values
        )
        # Its findings and flags stand in its own result; here they would name no image.
        result = _joined(result, replace(one, values=values, findings=(), flags=()))
    return _joined(result, warnings=made.remarks)


def _doubts(others: Sequence[Volume]) -> tuple[Remark, ...]:
    """What the screening doubted about further images, which the result else does not tell."""
    from MedImageLib.errors import Remark
    from MedImageLib.scan_verdict import DOUBTS

    return tuple(
        Remark(remark.code, f"Further image {number} ({image.modality}): {remark.text}")
        for number, image in enumerate(others, start=1)
        for remark in image.remarks
        if remark.code in DOUBTS
    )


def _joined(result: Result, other: Result | None = None, warnings: Sequence[Remark] = ()) -> Result:
    """A result with what another one found beside it; each remark and model once."""
    from dataclasses import replace

    if other is None:
        return replace(result, warnings=tuple(dict.fromkeys((*result.warnings, *warnings))))
    return replace(
        result,
        values=(*result.values, *other.values),
        flags=(*result.flags, *other.flags),
        findings=(*result.findings, *other.findings),
        warnings=tuple(dict.fromkeys((*result.warnings, *other.warnings, *warnings))),
        models=tuple(dict.fromkeys((*result.models, *other.models))),
        timings=(*result.timings, *other.timings),
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

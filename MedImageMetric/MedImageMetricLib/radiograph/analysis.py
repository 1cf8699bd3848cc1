"""One radiograph from pixels to level and findings: everything that is computed, nothing written.

The picture is reduced, its turns and inversion are found and undone, organs are found on the
reduced upright plane and brought to the original pixels, turned upright, where all is measured.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from MedImageLib.errors import Remark
from MedImageLib.network.inference import InferenceSettings
from MedImageLib.network.model_store import Model
from MedImageLib.results import Shape, Timing
from MedImageLib.volume import Volume
from MedImageMetricLib.radiograph.assessment import Assessment, assess
from MedImageMetricLib.radiograph.cardiothoracic import HEART, LEFT_LUNG, RIGHT_LUNG
from MedImageMetricLib.radiograph.chest import chest_region, clipped_share, field_of
from MedImageMetricLib.radiograph.detections import (
    NO_DETECTOR,
    Circumstances,
    Detections,
    ForeignObject,
    NotAssessable,
    Region,
)
from MedImageMetricLib.radiograph.detectors import Found, detect_all, installed_models
from MedImageMetricLib.radiograph.orientation import (
    Orientation,
    find_orientation,
    organ_contrast,
)
from MedImageMetricLib.radiograph.reduction import (
    ORIENTATION_SIDE_PX,
    Reduction,
    reduction_of,
)
from MedImageMetricLib.radiograph.rules import RuleSet, load_rules
from MedImageMetricLib.radiograph.segmentation import (
    MODEL,
    PlaneLabels,
    content_box,
    labels_of_plane,
    largest_parts,
    radiograph_plane,
)
from MedImageMetricLib.radiograph.settings import MetricSettings
from MedImageMetricLib.radiograph.site_profile import SiteProfile

LATERAL_VIEWS = ("LL", "RL", "LAT", "LATERAL")
CHEST_WORDS = ("", "CHEST", "THORAX", "LUNG", "HEART", "RIB", "RIBS", "CHEST 2 VIEWS")
LEAST_CONTRAST = 0.5  # of `organ_contrast`; the lowest of 217 frontal chests has 0.57
ORIENTATION_LEVEL = 2  # of the network: coarse lungs tell which way is up
NO_LUNGS = PlaneLabels(np.zeros((0, 0), np.uint8), {})


@dataclass(frozen=True, eq=False)
class RadiographAnalysis:
    """All that is known of one radiograph.

    volume: as read. reduced: its pixels (j, i) turned upright, bright where dense, on the grid on
    which organs were found; reduction: how it came from the input's. orientation: how the picture
    was found. detections: on the full upright grid. is_chest: it looks like a frontal chest.
    models: those that were used.
    """

    volume: Volume
    reduced: np.ndarray
    orientation: Orientation
    reduction: Reduction
    detections: Detections
    assessment: Assessment
    is_chest: bool
    rules: RuleSet
    profile: SiteProfile | None
    models: tuple[Model, ...]
    remarks: tuple[Remark, ...]
    timings: tuple[Timing, ...]

    def as_found(self, mask: np.ndarray) -> np.ndarray:
        """A mask or label map of the upright grid on the grid of the input."""
        return self.orientation.as_found(mask)

    def shape_as_found(self, shape: Shape) -> Shape:
        """A shape of the upright grid in indices (i, j, 0) and, if known, places of the input."""
        points = np.asarray([point[:2] for point in shape.points_ijk], float)
        found = self.orientation.points_as_found(points, self.detections.shape)
        indices = np.column_stack([found, np.zeros(len(found))])
        geometry = self.volume.geometry
        places = geometry.points_mm(indices).tolist() if geometry.spacing_known else []
        return replace(
            shape,
            points_ijk=tuple(map(tuple, indices.tolist())),
            points_lps_mm=tuple(map(tuple, places)),
        )


def analyze_radiograph(
    volume: Volume,
    settings: MetricSettings | None = None,
    rules: RuleSet | None = None,
    profile: SiteProfile | None = None,
    models: Mapping[str, Model | NotAssessable] | None = None,
) -> RadiographAnalysis:
    """Find, measure and grade.

    rules: default those that the settings name. profile: calibrated thresholds, default none.
    models: by name, default those that are installed. Raises InputError for what cannot be a
    radiograph.
    """
    settings = settings or MetricSettings()
    rules = rules or load_rules(settings.rules)
    if settings.pathology:
        rules = replace(rules, pathology=settings.pathology)
    models = models if models is not None else installed_models(settings.models)
    inference = settings.inference()

    started = time.monotonic()
    pixels = radiograph_plane(volume)
    reduction = reduction_of(pixels.shape)
    small = reduction.reduced(pixels)
    orientation, organs, remarks = _oriented(small, models.get(MODEL, NO_DETECTOR), inference)
    small_upright = orientation.upright(small)
    segmented = time.monotonic()

    doubts = _doubts(volume, organs) if organs is not NO_LUNGS else []
    regions = _organs(organs, doubts, models.get(MODEL, NO_DETECTOR))
    found = _detections(
        volume, orientation.upright(pixels), small_upright, orientation, reduction, regions,
        {} if doubts else detect_all(small_upright, models, inference, regions),
    )  # fmt: skip
    detected = time.monotonic()

    assessment = assess(found, rules, profile, settings)
    finished = time.monotonic()
    remarks = (
        *volume.remarks,
        *_of_header(volume),
        *remarks,
        *(Remark("not-a-frontal-chest", text) for text in doubts),
    )
    if not volume.geometry.spacing_known and "spacing-unknown" not in {r.code for r in remarks}:
        text = "No pixel spacing is recorded; nothing is given in mm."
        remarks = (*remarks, Remark("spacing-unknown", text))
    return RadiographAnalysis(
        volume=volume,
        reduced=small_upright,
        orientation=orientation,
        reduction=reduction,
        detections=found,
        assessment=assessment,
        is_chest=not doubts and organs is not NO_LUNGS,
        rules=rules,
        profile=profile,
        models=tuple(one for one in models.values() if isinstance(one, Model)),
        remarks=remarks,
        timings=(
            Timing("orientation, lungs, heart", segmented - started),
            Timing("further objects, chest", detected - segmented),
            Timing("conditions, level, findings", finished - detected),
        ),
    )


def circumstances_of(tags: Mapping[str, Any]) -> Circumstances:
    """Age, sex, view and position from the tags of a volume; never who the patient is."""
    age = tags.get("patient_age_years")
    sex = str(tags.get("patient_sex", ""))
    view = str(tags.get("view_position") or tags.get("ViewPosition") or "")
    position = str(tags.get("patient_position", ""))
    known_sex: Literal["", "F", "M", "O"] = sex if sex in ("F", "M", "O") else ""  # type: ignore[assignment]
    known_view: Literal["", "PA", "AP"] = view if view in ("PA", "AP") else ""  # type: ignore[assignment]
    # PS3.3 C.7.3.1.1.2: HFS and FFS lie on the back.
    lying = len(position) == 3 and position[1] == "F" and position.endswith("S")
    return Circumstances(
        None if age is None else float(age), known_sex, known_view, "supine" if lying else ""
    )


def _oriented(
    plane: np.ndarray, model: Model | NotAssessable, settings: InferenceSettings
) -> tuple[Orientation, PlaneLabels, tuple[Remark, ...]]:
    """Orientation, organs on the upright plane, and what was undone or doubted."""
    if isinstance(model, NotAssessable):
        return Orientation(), NO_LUNGS, ()

    levels = model.network.settings.levels
    quick = replace(settings, level=min(settings.level or levels, levels, ORIENTATION_LEVEL))

    def segment(picture: np.ndarray) -> np.ndarray:
        return labels_of_plane(picture, model, quick, largest_parts).labels

    coarse = reduction_of(plane.shape, ORIENTATION_SIDE_PX)
    orientation, _ = find_orientation(coarse.reduced(plane), segment)
    remarks = replace(orientation, mirrored=False).remarks()
    if orientation.mirrored:
        # A heart far to the right, a shifted mediastinum and a mirrored picture look alike, so
        # the picture keeps its sides and the doubt is told.
        text = (
            "The heart lies toward the picture's left: the picture may be mirrored. Its sides "
            "were kept. Check the side marker; dextrocardia and a shifted mediastinum look alike."
        )
        orientation = replace(orientation, mirrored=False)
        remarks = (*remarks, Remark("may-be-mirrored", text))
    upright = orientation.upright(plane)
    answer = labels_of_plane(upright, model, settings, largest_parts)
    if orientation != Orientation() and answer.doubts():
        # What is no chest either way is not said to be turned.
        return Orientation(), labels_of_plane(plane, model, settings, largest_parts), ()
    if not answer.doubts() and organ_contrast(upright, answer.labels) < LEAST_CONTRAST:
        text = "Heart and lungs hardly differ in gray: this may be no frontal view. Look at it."
        remarks = (*remarks, Remark("may-not-be-frontal", text))
    return orientation, answer, remarks


def _doubts(volume: Volume, organs: PlaneLabels) -> list[str]:
    view = str(volume.tags.get("view_position", ""))
    lateral = [f"The header says a lateral view ({view})."] if view in LATERAL_VIEWS else []
    return [*lateral, *organs.doubts()]


def _of_header(volume: Volume) -> tuple[Remark, ...]:
    part = str(volume.tags.get("body_part", ""))
    if part in CHEST_WORDS:
        return ()
    return (Remark("body-part", f"The header names the body part {part}, not the chest."),)


def _organs(
    answer: PlaneLabels, doubts: list[str], model: Model | NotAssessable
) -> dict[str, Found]:
    names = {"right_lung": RIGHT_LUNG, "left_lung": LEFT_LUNG, "heart": HEART}
    if isinstance(model, NotAssessable):
        return dict.fromkeys(names, model)
    if doubts:
        why = doubts[0][0].lower() + doubts[0][1:].rstrip(".")
        reason = f"this does not look like a frontal chest radiograph: {why}"
        return dict.fromkeys(names, NotAssessable(reason))
    return {name: answer.region(value) for name, value in names.items()}


def _detections(
    volume: Volume,
    upright: np.ndarray,
    small: np.ndarray,
    orientation: Orientation,
    reduction: Reduction,
    organs: Mapping[str, Found],
    others: Mapping[str, Found],
) -> Detections:
    """What was found on the reduced upright plane, on the upright grid of the input."""

    def enlarged(mask: np.ndarray) -> np.ndarray:
        return orientation.upright_labels(reduction.enlarged(orientation.as_found(mask)))

    def brought(one: Found) -> Any:
        if isinstance(one, Region):
            return replace(one, mask=enlarged(one.mask))
        if isinstance(one, NotAssessable):
            return one
        return tuple(_enlarged_object(item, orientation, reduction, small.shape) for item in one)

    lungs = Detections(small.shape, **organs).lungs()  # type: ignore[arg-type]
    chest = brought(chest_region(small, lungs, field_of(content_box(small))))
    clipped: float | NotAssessable
    clipped = chest if isinstance(chest, NotAssessable) else clipped_share(upright, chest)
    across, down, _ = volume.geometry.spacing_mm
    known = volume.geometry.spacing_known
    return Detections(
        shape=upright.shape,
        spacing_mm=orientation.upright_spacing((across, down)) if known else None,
        chest=chest,
        field=field_of(content_box(upright)),
        observations={"clipped_share": clipped},
        circumstances=circumstances_of(volume.tags),
        **{name: brought(one) for name, one in {**organs, **others}.items()},
    )


def _enlarged_object(
    one: ForeignObject, orientation: Orientation, reduction: Reduction, shape: tuple[int, int]
) -> ForeignObject:
    """A foreign object on the upright grid of the input; a box without mask becomes a mask."""
    mask = one.mask
    if mask is None:
        mask = np.zeros(shape, bool)
        box = one.box
        mask[
            max(0, round(box.upper + 0.5)) : round(box.lower + 0.5),
            max(0, round(box.left + 0.5)) : round(box.right + 0.5),
        ] = True
    full = orientation.upright_labels(reduction.enlarged(orientation.as_found(mask)))
    return replace(one, box=Region(full).box or one.box, mask=full)

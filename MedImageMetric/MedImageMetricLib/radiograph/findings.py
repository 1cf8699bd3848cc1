"""Findings on a radiograph whose level allows them, each with what makes it doubtful.

Cardiothoracic ratio, pneumothorax and pleural effusion (source: chapter 1, findings). On the
second level they are withheld with the reason; for research they may be shown, marked so. A
failed or unfavorable condition that biases a number is named with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from MedImageLib.results import Shape
from MedImageMetricLib.radiograph.cardiothoracic import CardiothoracicRatio, ratio_of_masks
from MedImageMetricLib.radiograph.conditions import ConditionResult
from MedImageMetricLib.radiograph.detections import Detections, NotAssessable, Region
from MedImageMetricLib.radiograph.level import Level
from MedImageMetricLib.radiograph.measurements import outlines
from MedImageMetricLib.radiograph.settings import FindingSettings

FindingState = Literal["present", "absent", "not_assessable", "withheld"]

_LUNG_CUT = "the lungs are cut off or close to the edge"
BIASES: dict[str, dict[str, str]] = {
    "cardiothoracic_ratio": {
        "posteroanterior_view": "the anteroposterior view enlarges the heart",
        "upright_position": "lying down widens the heart",
        "rotation_asymmetry": "the patient is rotated, which shifts the outline of the heart",
        "posterior_ribs_above_diaphragm": "poor inspiration widens the heart and narrows the lungs",
        "tilt_deg": "the patient is tilted, so that widths along the rows are not true",
        "lung_margin_left": f"{_LUNG_CUT}, which may narrow the chest",
        "lung_margin_right": f"{_LUNG_CUT}, which may narrow the chest",
        "foreign_object_confidence": "a foreign object may hide an outline",
        "clipped_share": "outlines may be lost in clipped gray values",
    },
    "pneumothorax": {
        "upright_position": "lying down spreads the air to the front, where it is hardly seen",
        "scapula_lung_ratio": "the border of a scapula may look like a pleural line",
        "scapula_lung_chest_ratio": "the border of a scapula may look like a pleural line",
        "lung_margin_upper": f"{_LUNG_CUT}: air in the apex may be missed",
        "lung_margin_left": f"{_LUNG_CUT}: a part of the air may be missed",
        "lung_margin_right": f"{_LUNG_CUT}: a part of the air may be missed",
        "rotation_asymmetry": "the patient is rotated, which makes one lung look brighter",
        "foreign_object_confidence": "a foreign object may hide or imitate a pleural line",
        "apices_covered": "the apices are covered, where air gathers",
        "clipped_share": "a pleural line may be lost in clipped gray values",
    },
    "pleural_effusion": {
        "upright_position": "lying down spreads the fluid behind the lung",
        "lung_margin_lower": f"{_LUNG_CUT}: fluid in the costophrenic corners may be missed",
        "lung_margin_left": f"{_LUNG_CUT}: a part of the fluid may be missed",
        "lung_margin_right": f"{_LUNG_CUT}: a part of the fluid may be missed",
        "posterior_ribs_above_diaphragm": "poor inspiration makes the bases look dense",
        "rotation_asymmetry": "the patient is rotated, which makes one base look denser",
        "foreign_object_confidence": "a foreign object may hide a corner",
    },
}


@dataclass(frozen=True)
class Finding:
    """One finding.

    value: ratio, None when withheld or not assessable. statement: one sentence. cautions: clauses
    that say what biases it. side: of air or fluid, `right`, `left` or empty. for_research_only:
    the level does not allow it.
    """

    name: str
    state: FindingState
    statement: str
    value: float | None = None
    cautions: tuple[str, ...] = ()
    geometry: tuple[Shape, ...] = ()
    side: str = ""
    for_research_only: bool = False

    def sentence(self) -> str:
        """The statement with its cautions and its mark."""
        text = self.statement
        if self.cautions:
            text += f" Caution: {'; '.join(self.cautions)}."
        mark = "Research only, the level does not allow it: " if self.for_research_only else ""
        return f"{mark}{text}"


def findings_of(
    found: Detections,
    results: Sequence[ConditionResult],
    level: Level,
    settings: FindingSettings | None = None,
    least_confidence: float = 0.0,
) -> tuple[Finding, ...]:
    """The three findings in the order of `BIASES`; withheld unless level or settings allow."""
    settings = settings or FindingSettings()
    allowed = level in ("first", "intermediate")
    made = (
        _heart(found, settings, least_confidence),
        _share("pneumothorax", "pneumothorax", found, settings, least_confidence),
        _share("pleural_effusion", "pleural effusion", found, settings, least_confidence),
    )
    told = []
    for one in made:
        if not allowed and not settings.research:
            told.append(_withheld(one, level))
            continue
        cautions = cautions_for(one.name, results) if one.value is not None else ()
        told.append(
            replace(one, cautions=(*one.cautions, *cautions), for_research_only=not allowed)
        )
    return tuple(told)


def cautions_for(name: str, results: Sequence[ConditionResult]) -> tuple[str, ...]:
    """Clauses on the failed conditions that bias the finding of that name, each once."""
    failed = {one.condition.name for one in results if one.state == "not_satisfied"}
    return tuple(dict.fromkeys(why for code, why in BIASES[name].items() if code in failed))


def _withheld(one: Finding, level: Level) -> Finding:
    reason = (
        "the picture is of the second level and is not to be used"
        if level == "second"
        else "the picture cannot be graded"
    )
    words = one.name.replace("_", " ")
    return Finding(one.name, "withheld", f"{words.capitalize()}: withheld, {reason}.")


def _heart(found: Detections, settings: FindingSettings, least: float) -> Finding:
    name = "cardiothoracic_ratio"
    regions = [found.region(part, least) for part in ("right_lung", "left_lung", "heart")]
    for region in regions:
        if isinstance(region, NotAssessable):
            return Finding(
                name, "not_assessable", f"Cardiothoracic ratio: not assessable ({region.reason})."
            )
    right, left, heart = (one.mask for one in regions if isinstance(one, Region))
    ratio = ratio_of_masks(right, left, heart)
    if ratio is None:
        return Finding(
            name,
            "not_assessable",
            "Cardiothoracic ratio: not assessable (heart or a lung was not found).",
        )
    enlarged = ratio.value > settings.enlarged_above
    verdict = (
        "cardiac hypertrophy (enlarged heart silhouette)"
        if enlarged
        else "no cardiac hypertrophy (heart silhouette not enlarged)"
    )
    text = (
        f"Cardiothoracic ratio {ratio.value:.2f}: {verdict}, limit {settings.enlarged_above:.2f}."
    )
    if abs(ratio.value - settings.enlarged_above) < settings.ratio_error:
        text += (
            f" Borderline: {ratio.value:.3f} is nearer to the limit than the measurement is sure "
            f"of ({settings.ratio_error:.3f})."
        )
    return Finding(
        name,
        "present" if enlarged else "absent",
        text,
        ratio.value,
        geometry=ratio_lines(ratio),
    )


def ratio_lines(ratio: CardiothoracicRatio) -> tuple[Shape, ...]:
    """Both widths, and the two upright lines that each lies between."""
    shapes = []
    upper = min(ratio.heart_row, ratio.thorax_row)
    lower = max(ratio.heart_row, ratio.thorax_row)
    reach = 0.1 * (ratio.thorax_columns[1] - ratio.thorax_columns[0])
    for label, columns, row in (
        ("heart", ratio.heart_columns, ratio.heart_row),
        ("lungs", ratio.thorax_columns, ratio.thorax_row),
    ):
        ends = ((columns[0], float(row)), (columns[1], float(row)))
        shapes.append(Shape("line", points_ijk=ends, label=f"{label} width"))
        shapes += [
            Shape(
                "line",
                points_ijk=((column, upper - reach), (column, lower + reach)),
                label=f"{label} border",
            )
            for column in columns
        ]
    return tuple(shapes)


def _share(
    name: str, words: str, found: Detections, settings: FindingSettings, least: float
) -> Finding:
    """Pixels of the abnormal part over those of the lung of its side, the part included; with
    parts on both sides the larger share."""
    part = found.region(name, least)
    if isinstance(part, NotAssessable):
        return Finding(
            name, "not_assessable", f"{words.capitalize()}: not assessable ({part.reason})."
        )
    lungs = found.lungs(least)
    if isinstance(lungs, NotAssessable):
        return Finding(
            name, "not_assessable", f"{words.capitalize()}: not assessable ({lungs.reason})."
        )
    if not part.area_px:
        return Finding(name, "absent", f"No {words} was found.", 0.0)
    shares = {side: share for side, share in shares_by_side(part, found, least).items() if share}
    side = max(shares, key=lambda one: shares[one])
    value = shares[side]
    if value > settings.high_risk_above:
        verdict = "high risk"
    elif value < settings.self_healing_below:
        verdict = "expected to heal by itself"
    else:
        verdict = "present, neither of high risk nor expected to heal by itself"
    other = [f" and the {one} ({share:.2f})" for one, share in shares.items() if one != side]
    return Finding(
        name,
        "present",
        f"{words.capitalize()} on the {side}{''.join(other)}: {value:.2f} of the {side} lung "
        f"with it, {verdict}.",
        value,
        cautions=(part.caution,) if part.caution else (),
        geometry=tuple(outlines(part, words)),
        side=side,
    )


def shares_by_side(part: Region, found: Detections, least: float = 0.0) -> dict[str, float]:
    """Share of the right and left lung, each together with the part of its side.

    A pixel of the part belongs to the nearer lung.
    """
    from scipy import ndimage

    lungs = {}
    for side in ("right", "left"):
        region = found.region(f"{side}_lung", least)
        assert isinstance(region, Region)
        lungs[side] = region.mask
    distances = {side: ndimage.distance_transform_edt(~mask) for side, mask in lungs.items()}
    nearer_right = distances["right"] <= distances["left"]
    shares = {}
    for side, own in (("right", nearer_right), ("left", ~nearer_right)):
        mine = part.mask & own
        shares[side] = float(np.count_nonzero(mine) / np.count_nonzero(lungs[side] | mine))
    return shares

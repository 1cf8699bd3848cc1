"""The smallest change of the exposure that would lift the level of a radiograph.

Tried from the least effort on: moving the patient, taking foreign objects off, turning the
scapulae outwards, a larger field, and their combinations. A change is proposed only when the
conditions, as they would be after it, give a better level. Lengths are on the detector: whole
pixels of the original grid, and millimeters where the pixel spacing is known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from MedImageMetricLib.radiograph.conditions import ConditionResult, is_inside_lungs
from MedImageMetricLib.radiograph.detections import Detections, NotAssessable
from MedImageMetricLib.radiograph.level import ORDER, Level, level_of, object_states
from MedImageMetricLib.radiograph.rules import RuleSet

CUT_BELOW = 1e-9  # a margin of nothing: the lung goes on beyond the picture


@dataclass(frozen=True)
class Change:
    """A change and the level that it leads to.

    shift_px: of the patient's picture along (i, j), positive right and down. removed: places of
    the foreign objects to be taken off. scapulae_out: whether the scapulae are turned outwards.
    larger_px: columns and rows that the field must have more, when the lungs do not fit.
    at_least: a lung is cut off, how far it goes on is not known.
    """

    text: str
    level: Level
    shift_px: tuple[int, int] = (0, 0)
    removed: tuple[int, ...] = ()
    scapulae_out: bool = False
    larger_px: tuple[int, int] = (0, 0)
    at_least: bool = False


@dataclass(frozen=True)
class _Remedy:
    shift_px: tuple[int, int] = (0, 0)
    removed: tuple[int, ...] = ()
    scapulae_out: bool = False
    larger_px: tuple[int, int] = (0, 0)

    def effort(self) -> tuple[bool, int, int, float]:
        """For sorting: a larger field last, then few kinds of acts, then the shortest way."""
        larger = self.larger_px != (0, 0)
        acts = (self.shift_px != (0, 0)) + bool(self.removed) + self.scapulae_out
        kind = 2 * self.scapulae_out + bool(self.removed)
        return larger, acts, kind, math.hypot(*self.shift_px)


def nearest_change(
    found: Detections, rules: RuleSet, results: Sequence[ConditionResult]
) -> Change | None:
    """The change of least effort that lifts the level; None when there is none, or no need."""
    level, _ = level_of(object_states(found, rules, results), rules)
    if level in ("first", "not_gradable"):
        return None
    remedies = [
        _Remedy(shift, removed, turned, larger)
        for shift, removed, turned, larger in itertools.product(
            _shifts(found, results),
            _removals(found, rules, results),
            _turns(results),
            dict.fromkeys([(0, 0), _missing_field(found, results)]),
        )
    ]
    for remedy in sorted(remedies, key=_Remedy.effort):
        after, changed = _after(found, rules, results, remedy)
        better, _ = level_of(object_states(changed, rules, after), rules)
        if ORDER.index(better) > ORDER.index(level):
            moved = remedy.shift_px != (0, 0) or remedy.larger_px != (0, 0)
            cut = moved and any(
                one.condition.subject == "lung" and (one.value or 0.0) < CUT_BELOW
                for one in results
            )
            return Change(
                text=_text(found, remedy, cut),
                level=better,
                shift_px=remedy.shift_px,
                removed=remedy.removed,
                scapulae_out=remedy.scapulae_out,
                larger_px=remedy.larger_px,
                at_least=cut,
            )
    return None


def _shifts(found: Detections, results: Sequence[ConditionResult]) -> list[tuple[int, int]]:
    """No shift, and the smallest ones that satisfy the lungs, the spine, or both."""
    rows, columns = found.shape
    by_name = {one.condition.name: one for one in results}
    across = [
        _allowed(by_name.get("lung_margin_left"), by_name.get("lung_margin_right"), columns),
        _allowed_spine(by_name.get("spine_offset"), columns),
    ]
    down = _allowed(by_name.get("lung_margin_upper"), by_name.get("lung_margin_lower"), rows)
    both = (max(across[0][0], across[1][0]), min(across[0][1], across[1][1]))
    shifts = {(0, 0)}
    for i_range, j_range in itertools.product((*across, both, None), (down, None)):
        i = 0 if i_range is None else _smallest(i_range)
        j = 0 if j_range is None else _smallest(j_range)
        if i is not None and j is not None:
            shifts.add((i, j))
    return sorted(shifts)


def _allowed(
    before: ConditionResult | None, behind: ConditionResult | None, size: int
) -> tuple[float, float]:
    """Shifts in pixels that keep two opposite margins: (least, greatest)."""
    least, greatest = -math.inf, math.inf
    if before is not None and before.value is not None:
        least = (before.threshold.value - before.value) * size
    if behind is not None and behind.value is not None:
        greatest = (behind.value - behind.threshold.value) * size
    return least, greatest


def _allowed_spine(result: ConditionResult | None, columns: int) -> tuple[float, float]:
    if result is None or result.signed is None:
        return -math.inf, math.inf
    limit = result.threshold.value
    return (-limit - result.signed) * columns, (limit - result.signed) * columns


def _smallest(allowed: tuple[float, float]) -> int | None:
    """The whole number nearest to 0 in a range; None when the range holds none."""
    slack = 1e-6
    least, greatest = allowed
    if least - slack <= 0 <= greatest + slack:
        return 0
    if least > 0:
        wanted = math.ceil(least - slack)
        return wanted if wanted <= greatest + slack else None
    wanted = math.floor(greatest + slack)
    return wanted if wanted >= least - slack else None


def _missing_field(found: Detections, results: Sequence[ConditionResult]) -> tuple[int, int]:
    """Columns and rows that are wanting for the lungs and both margins; 0 where they fit."""
    margins = {one.condition.name: one for one in results}
    wanting = []
    for size, edges in ((found.shape[1], ("left", "right")), (found.shape[0], ("upper", "lower"))):
        pair = [margins.get(f"lung_margin_{edge}") for edge in edges]
        free = sum(one.value for one in pair if one and one.value is not None)
        asked = sum(one.threshold.value for one in pair if one)
        lungs_px = (1.0 - free) * size
        wanting.append(max(0, math.ceil(lungs_px / (1.0 - asked) - size - 1e-6)))
    return wanting[0], wanting[1]


def _removals(
    found: Detections, rules: RuleSet, results: Sequence[ConditionResult]
) -> list[tuple[int, ...]]:
    """No object, those over the lungs, and all that count."""
    judged = next((one for one in results if one.condition.subject == "foreign_object"), None)
    if judged is None or isinstance(found.foreign_objects, NotAssessable):
        return [()]
    counting = tuple(
        place
        for place, one in enumerate(found.foreign_objects)
        if not judged.condition.is_satisfied(one.confidence, judged.threshold.value)
    )
    inside = tuple(
        place for place in counting if is_inside_lungs(found.foreign_objects[place], found, rules)
    )
    return list(dict.fromkeys([(), inside, counting]))


def _turns(results: Sequence[ConditionResult]) -> list[bool]:
    failing = any(
        one.condition.subject == "scapula" and one.counts and one.state == "not_satisfied"
        for one in results
    )
    return [False, True] if failing else [False]


def _after(
    found: Detections, rules: RuleSet, results: Sequence[ConditionResult], remedy: _Remedy
) -> tuple[list[ConditionResult], Detections]:
    """The conditions and detections as they would be; what a change does not touch stays."""
    rows, columns = found.shape
    i, j = remedy.shift_px
    gains = {
        "lung_margin_left": i / columns,
        "lung_margin_right": -i / columns,
        "lung_margin_upper": j / rows,
        "lung_margin_lower": -j / rows,
    }
    objects = found.foreign_objects
    if not isinstance(objects, NotAssessable) and remedy.removed:
        objects = tuple(one for n, one in enumerate(objects) if n not in remedy.removed)
    after = []
    for one in results:
        value, name = one.value, one.condition.name
        if value is None:
            after.append(one)
            continue
        if name in gains:
            value += gains[name]
            if remedy.larger_px[0 if name.endswith(("left", "right")) else 1]:
                value = max(value, one.threshold.value)
        elif name == "spine_offset" and one.signed is not None:
            value = abs(one.signed + i / columns)
        elif one.condition.subject == "foreign_object" and not isinstance(objects, NotAssessable):
            value = max((single.confidence for single in objects), default=0.0)
        elif one.condition.subject == "scapula" and remedy.scapulae_out:
            value = min(value, one.threshold.value)
        satisfied = one.condition.is_satisfied(value, one.threshold.value)
        kept = one.state == "not_assessable" or value == one.value
        state = one.state if kept else ("satisfied" if satisfied else "not_satisfied")
        after.append(replace(one, value=value, state=state))
    return after, replace(found, foreign_objects=objects)


def _text(found: Detections, remedy: _Remedy, cut: bool) -> str:
    parts = []
    i, j = remedy.shift_px
    # The patient's right is on the left of the picture.
    for pixels, axis, words in (
        (i, 0, ("to the patient's left", "to the patient's right")),
        (j, 1, ("downwards", "upwards")),
    ):
        if pixels:
            length = _length(abs(pixels), axis, found.spacing_mm)
            least = "at least " if cut else ""
            parts.append(f"move the patient {least}{length} {words[0 if pixels > 0 else 1]}")
    if remedy.removed:
        assert not isinstance(found.foreign_objects, NotAssessable)
        kinds = [found.foreign_objects[n].kind or "foreign object" for n in remedy.removed]
        named = ", ".join(
            f"{kinds.count(kind)} × {kind}" if kinds.count(kind) > 1 else f"the {kind}"
            for kind in dict.fromkeys(kinds)
        )
        parts.append(f"take off {named}")
    if remedy.scapulae_out:
        parts.append("roll the shoulders forward, so that the scapulae leave the lungs")
    for pixels, axis, word in zip(remedy.larger_px, (0, 1), ("wider", "higher"), strict=True):
        if pixels:
            length = _length(pixels, axis, found.spacing_mm)
            parts.append(f"use a field that is at least {length} {word}, the lungs in its middle")
    text = ", and ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _length(pixels: int, axis: int, spacing_mm: tuple[float, float] | None) -> str:
    if spacing_mm is None:
        return f"{pixels} pixels"
    return f"{math.ceil(pixels * spacing_mm[axis] - 1e-6)} mm"

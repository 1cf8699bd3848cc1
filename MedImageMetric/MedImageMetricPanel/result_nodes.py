"""What was found on a radiograph as nodes: outlines, conditions, measured lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from MedImageLib.nodes import (
    draw,
    place_beside,
    segment_of,
    set_result,
    stored_result,
    update_segmentation,
)
from MedImageLib.panels.words import told
from MedImageLib.result_text import result_text
from MedImageLib.terminology import structure
from MedImageMetricPanel.level_section import update_conditions

DRAWING = "MedImageMetric.Measurement"
_DRAWN = ("cardiothoracic_ratio", "foreign_object_confidence")


def show_radiograph(
    scene: Any,
    volume: Any,
    segmentation: Any,
    result: Any,
    labels: Any,
    names: Mapping[int, str],
    *,
    drawing: bool,
) -> str:
    """Put result and outlines into the scene, in place of those of the run before.

    volume: node of the radiograph. segmentation: gets outlines and result. labels, names: as
    `measure_radiograph` gives them. drawing: also draw what was measured. Returns the result in
    words.

    Raises InputError when a person drew in the segmentation.
    """
    segments = [segment_of(structure(name), value) for value, name in names.items()]
    update_segmentation(segmentation, labels, segments, reference_node=volume)
    set_result(segmentation, result)
    place_beside(scene, [segmentation], volume)
    update_conditions(scene, result)
    shown = [value for value in result.values if value.name in _DRAWN]
    draw(scene, shown if drawing else (), labels.geometry, DRAWING)
    return shown_text(segmentation)


def shown_text(segmentation: Any) -> str:
    """The result that a segmentation carries, in words; empty without one."""
    result = stored_result(segmentation)
    # Values and conditions have their own places in the panel.
    return told(result_text(replace(result, values=(), flags=()))) if result else ""

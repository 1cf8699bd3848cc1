"""What a learner answers on a radiograph in the panel, and what is hidden until then."""

from __future__ import annotations

from typing import Any

import slicer

from MedImageLib.errors import InputError
from MedImageLib.nodes import nodes_of_role, points_of, stored_result
from MedImageMetricLib.radiograph.guesses import LEVELS, drawn_ratio, radiograph_guesses
from MedImageMetricPanel.result_nodes import DRAWING


def answers(ui: Any, segmentation: Any) -> tuple[Any, ...]:
    """The chosen level, and the ratio: typed, or of two drawn lines named Heart and Chest.

    Raises InputError while there is no result to compare with.
    """
    result = stored_result(segmentation)
    if result is None:
        raise InputError("There is no result yet; press Apply first.")
    level = LEVELS[ui.guessLevelComboBox.currentIndex]
    ratio = ui.guessRatioSpinBox.value or drawn_ratio(_lengths_mm())
    return radiograph_guesses(result, level, ratio)


def case_of(segmentation: Any) -> str:
    """Hash of the image that the result is of."""
    result = stored_result(segmentation)
    return result.inputs[0].sha256 if result else ""


def hide_result(ui: Any, segmentation: Any, drawing: str, hidden: bool) -> None:
    """Hide or show the section of the result, outlines and drawn lines."""
    ui.resultCollapsibleButton.visible = not hidden
    nodes = nodes_of_role(slicer.mrmlScene, drawing)
    for node in [*nodes, *([segmentation] if segmentation else [])]:
        if node.GetDisplayNode():
            node.GetDisplayNode().SetVisibility(not hidden)


def _lengths_mm() -> dict[str, float]:
    lines = slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode")
    lengths = {}
    for node in lines:
        if node.GetAttribute(DRAWING):  # of the result, not of the learner
            continue
        points = points_of(node)
        if len(points) == 2:
            lengths[node.GetName()] = float(((points[1] - points[0]) ** 2).sum() ** 0.5)
    return lengths

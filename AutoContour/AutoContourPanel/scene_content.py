"""Contours and registration between the scene and the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from MedImageLib.nodes import (
    displacement_field_of,
    moving_from_fixed_of,
    place_beside,
    segment_of,
    segmentation_labels,
    segments_of,
    set_result,
    stored_result,
    update_segmentation,
    volume_of,
)
from MedImageLib.panels.words import told
from MedImageLib.result_text import result_text
from MedImageLib.terminology import structure


def show_contours(
    scene: Any, volume: Any, segmentation: Any, labels: Any, names: Mapping[int, str], result: Any
) -> str:
    """Put contours and their result into a segmentation; returns the result in words.

    volume: node of the image. labels, names: label map and the structure of each value.

    Raises InputError when a person drew in the segmentation.
    """
    segments = [segment_of(structure(name), value) for value, name in names.items()]
    update_segmentation(segmentation, labels, segments, reference_node=volume)
    set_result(segmentation, result)
    place_beside(scene, [segmentation], volume)
    return shown_text(segmentation)


def shown_text(segmentation: Any) -> str:
    """The result that a segmentation carries, in words; empty without one."""
    result = stored_result(segmentation)
    return told(result_text(result)) if result else ""


def stored_volume(node: Any) -> Any:
    """A volume where it was stored, whatever transform it lies under now."""
    moved = node.GetTransformNodeID()
    node.SetAndObserveTransformNodeID(None)
    try:
        return volume_of(node)
    finally:
        node.SetAndObserveTransformNodeID(moved)


def contour_masks(segmentation: Any, geometry: Any) -> dict[str, Any]:
    """The mask of each segment on a grid, by the key of its structure.

    Raises InputError, naming the nearest structures, for a segment that the product does not know.
    """
    masks = {}
    for one in segments_of(segmentation):
        labels = segmentation_labels(segmentation, geometry, [one.name])
        masks[structure(one.name).key] = labels.with_array(labels.array > 0)
    return masks


def registration_of(offset: Any, field: Any) -> Any:
    """Offset and field of the scene, or None without an offset."""
    if offset is None:
        return None
    from AutoContourLib.exporting import SceneRegistration

    matrix = moving_from_fixed_of(offset)
    if field is None:
        return SceneRegistration(matrix)
    displacement, grid = displacement_field_of(field)
    return SceneRegistration(matrix, displacement, grid)

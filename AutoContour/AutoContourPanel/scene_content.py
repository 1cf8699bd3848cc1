"""Contours and registration of the scene as the package takes them."""

from __future__ import annotations

from typing import Any

from MedImageLib.nodes import (
    displacement_field_of,
    moving_from_fixed_of,
    segmentation_labels,
    segments_of,
)
from MedImageLib.terminology import structure


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

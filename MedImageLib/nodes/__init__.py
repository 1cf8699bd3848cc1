"""MRML nodes to the product's own types and back.

Inside everything is LPS millimeters; MRML is RAS, and the sign changes here and nowhere else.
The functions work on any `vtkMRMLScene`: that of the application and that of `slicer-core`.
"""

from MedImageLib.nodes.drawing import draw
from MedImageLib.nodes.markups import (
    add_box,
    add_curve,
    add_line,
    add_points,
    box_of,
    points_of,
)
from MedImageLib.nodes.plots import add_bars, add_chart, add_line_to
from MedImageLib.nodes.roles import give_role, nodes_of_role, remove_role
from MedImageLib.nodes.scan_verdicts import scan_verdict_of, set_scan_verdict
from MedImageLib.nodes.segmentations import (
    Segment,
    add_segmentation,
    is_edited,
    segment_of,
    segmentation_labels,
    segments_of,
    update_segmentation,
)
from MedImageLib.nodes.sequences import (
    add_segmentation_sequence,
    add_volume_sequence,
    browser_of,
    segmentation_sequence_labels,
    volume_sequence_of,
)
from MedImageLib.nodes.stored_results import set_result, stored_result
from MedImageLib.nodes.subject_hierarchy import (
    add_folder,
    place_beside,
    place_in_folder,
    remove_node,
)
from MedImageLib.nodes.tables import add_table, rows_of, update_table
from MedImageLib.nodes.transforms import (
    add_displacement_field,
    add_linear_transform,
    displacement_field_of,
    moving_from_fixed_of,
    set_moving_from_fixed,
)
from MedImageLib.nodes.undo import SegmentationUndo
from MedImageLib.nodes.volumes import add_volume, geometry_of, update_volume, volume_of

__all__ = [
    "Segment",
    "SegmentationUndo",
    "add_bars",
    "add_box",
    "add_chart",
    "add_curve",
    "add_displacement_field",
    "add_folder",
    "add_line",
    "add_line_to",
    "add_linear_transform",
    "add_points",
    "add_segmentation",
    "add_segmentation_sequence",
    "add_table",
    "add_volume",
    "add_volume_sequence",
    "box_of",
    "browser_of",
    "displacement_field_of",
    "draw",
    "geometry_of",
    "give_role",
    "is_edited",
    "moving_from_fixed_of",
    "nodes_of_role",
    "place_beside",
    "place_in_folder",
    "points_of",
    "remove_node",
    "remove_role",
    "rows_of",
    "scan_verdict_of",
    "segment_of",
    "segmentation_labels",
    "segmentation_sequence_labels",
    "segments_of",
    "set_moving_from_fixed",
    "set_result",
    "set_scan_verdict",
    "stored_result",
    "update_segmentation",
    "update_table",
    "update_volume",
    "volume_of",
    "volume_sequence_of",
]

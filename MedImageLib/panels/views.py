"""What the views of the application show: volumes, slices, charts, layouts.

All of it goes through nodes that the views observe, so that it acts on any MRML scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from MedImageLib.nodes import nodes_of_role

_NO_OPACITY = 0.0


def show_volume(scene: Any, node: Any, *, fit: bool = True) -> None:
    """Put a volume behind all slice views, alone, and fit the views to it."""
    import slicer

    selection = slicer.app.applicationLogic().GetSelectionNode()
    selection.SetActiveVolumeID(node.GetID())
    selection.SetSecondaryVolumeID(None)
    slicer.app.applicationLogic().PropagateVolumeSelection(int(fit))
    overlay(scene, None)


def overlay(scene: Any, node: Any | None, opacity: float = 0.6) -> None:
    """Lay a volume over what the slice views show; None takes it away."""
    for composite in _of_class(scene, "vtkMRMLSliceCompositeNode"):
        composite.SetForegroundVolumeID(node.GetID() if node else None)
        composite.SetForegroundOpacity(opacity if node else _NO_OPACITY)


def jump_to(scene: Any, point_lps_mm: Sequence[float]) -> None:
    """Move all slice views so that they show a point."""
    import slicer

    x, y, z = (float(v) for v in point_lps_mm)
    centered = slicer.vtkMRMLSliceNode.CenteredJumpSlice
    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, -x, -y, z, centered)


def show_chart(chart: Any) -> None:
    """Show a chart in a plot view; the layout gains one when it has none."""
    import slicer

    slicer.modules.plots.logic().ShowChartInLayout(chart)


def show_layout(scene: Any, number: int, description: str = "") -> None:
    """Arrange the views. description: of a layout of the product's own, told once."""
    import slicer

    layout = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    if layout is None:
        return
    if description and not layout.IsLayoutDescription(number):
        layout.AddLayoutDescription(number, description)
    layout.SetViewArrangement(number or slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)


def edit_segmentation(scene: Any, segmentation: Any, volume: Any) -> None:
    """Open the Segment Editor on a segmentation, over a volume."""
    import slicer

    tag = "SegmentEditor"
    editor = scene.GetSingletonNode(tag, "vtkMRMLSegmentEditorNode")
    if editor is None:
        editor = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        editor.UnRegister(None)
        editor.SetSingletonTag(tag)
        editor = scene.AddNode(editor)
    editor.SetAndObserveSegmentationNode(segmentation)
    editor.SetAndObserveSourceVolumeNode(volume)
    slicer.util.selectModule("SegmentEditor")


def one_of_role(scene: Any, role: str, kind: str = "vtkMRMLNode") -> Any | None:
    """The first node of a role, or None."""
    return next(iter(nodes_of_role(scene, role, kind)), None)


def _of_class(scene: Any, kind: str) -> list[Any]:
    found = scene.GetNodesByClass(kind)
    found.UnRegister(None)
    return [found.GetItemAsObject(n) for n in range(found.GetNumberOfItems())]

"""Three linked slice views: the first image, the second one, the fused one, each with contours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from MedImageLib.panels.views import show_layout

LAYOUT = 6120  # of this product; Slicer's own are below 1000
NAMES = ("First", "Second", "Fused")
_COLORS = ("#F34A33", "#6EB04B", "#EDD54C")


def layout_description() -> str:
    """The three views side by side, for the layout node."""
    views = "".join(
        f'<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{name[0]}</property>'
        f'<property name="viewcolor" action="default">{color}</property></view></item>'
        for name, color in zip(NAMES, _COLORS, strict=True)
    )
    return f'<layout type="horizontal">{views}</layout>'


def show_three_views(scene: Any, volumes: Sequence[Any], segmentations: Sequence[Any]) -> None:
    """Show a volume and a segmentation in each view; what is None is left empty.

    The views are linked: a slice, a zoom or a pan in one is followed by the others.
    """
    show_layout(scene, LAYOUT, layout_description())
    slices = [scene.GetSingletonNode(name, "vtkMRMLSliceNode") for name in NAMES]
    for name, volume in zip(NAMES, volumes, strict=True):
        composite = scene.GetSingletonNode(name, "vtkMRMLSliceCompositeNode")
        if composite is not None:
            composite.SetBackgroundVolumeID(volume.GetID() if volume else None)
            composite.SetForegroundVolumeID(None)
            composite.SetLinkedControl(True)
            composite.SetHotLinkedControl(True)
    shown: dict[str, tuple[Any, list[str]]] = {}
    for view, segmentation in zip(slices, segmentations, strict=True):
        if segmentation is not None and view is not None:
            shown.setdefault(segmentation.GetID(), (segmentation, []))[1].append(view.GetID())
    for segmentation, views in shown.values():
        segmentation.CreateDefaultDisplayNodes()
        display = segmentation.GetDisplayNode()
        display.RemoveAllViewNodeIDs()
        for view in views:
            display.AddViewNodeID(view)

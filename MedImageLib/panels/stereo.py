"""Depth in the 3-D views: for red-cyan glasses, side by side, and in virtual reality.

Contours get their surfaces before they are looked at in space. Virtual reality is another
extension, SlicerVirtualReality, which is used when it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from MedImageLib.errors import InputError

_OFF, _ANAGLYPH, _SIDE_BY_SIDE = range(3)  # in the order of the list


class StereoSection:
    """segmentations(): those whose surfaces are to be seen."""

    def __init__(self, ui: Any, segmentations: Callable[[], Sequence[Any]]) -> None:
        self._ui, self._segmentations = ui, segmentations
        self._observed: list[tuple[Any, int]] = []
        ui.stereoComboBox.connect("currentIndexChanged(int)", self._chosen)
        ui.virtualRealityButton.enabled = _virtual_reality() is not None

    def stop(self) -> None:
        """Leave the views as they are and no longer follow them."""
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = []

    def enter_virtual_reality(self) -> None:
        """Hand the scene to the headset. Raises InputError in words when there is none."""
        module = _virtual_reality()
        if module is None:
            raise InputError(
                "The extension SlicerVirtualReality is not installed; install it in the "
                "Extensions Manager."
            )
        self._make_surfaces()
        logic = module.logic()
        node = logic.AddVirtualRealityViewNode()
        logic.SetDefaultReferenceView()
        logic.OptimizeSceneForVirtualReality()
        logic.SetVirtualRealityActive(True)
        if node.HasError():
            logic.SetVirtualRealityActive(False)
            raise InputError(
                f"The headset cannot be used: {node.GetError()}. Connect it, start its own program "
                "and try again."
            )

    def _chosen(self, index: int = 0) -> None:
        import slicer
        import vtk

        self.stop()
        chosen = self._ui.stereoComboBox.currentIndex
        if chosen != _OFF:
            self._make_surfaces()
        for view in _views():
            node = view.mrmlViewNode()
            kind = slicer.vtkMRMLViewNode
            node.SetStereoType(kind.Anaglyph if chosen == _ANAGLYPH else kind.NoStereo)
            if chosen == _SIDE_BY_SIDE:
                # The view sets its own kinds of stereo anew with each change of its node.
                split = _splitter(view)
                self._observed.append((node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, split)))
                split()

    def _make_surfaces(self) -> None:
        for node in self._segmentations():
            if node is not None:
                node.CreateClosedSurfaceRepresentation()


def _splitter(view: Any) -> Callable[..., None]:
    def split(caller: Any = None, event: Any = None) -> None:
        window = view.renderWindow()
        window.SetStereoTypeToSplitViewportHorizontal()
        window.SetStereoRender(1)
        view.scheduleRender()

    return split


def _views() -> list[Any]:
    import slicer

    manager = slicer.app.layoutManager()
    count = manager.threeDViewCount if manager else 0
    return [manager.threeDWidget(number).threeDView() for number in range(count)]


def _virtual_reality() -> Any:
    import slicer

    return getattr(slicer.modules, "virtualreality", None)

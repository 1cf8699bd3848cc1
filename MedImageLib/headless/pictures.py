"""Pictures of slice and 3-D views, drawn off screen by the application's displayable managers.

A picture leaves the scene as it was: its view and what belongs to it are removed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.headless.application import (
    ACQUIRED,
    HeadlessApplication,
    orient_as_acquired,
)
from MedImageLib.headless.rendering import require_rendering

ORIENTATIONS = ("Axial", "Coronal", "Sagittal", ACQUIRED)
PROJECTIONS = ("CR", "DX", "RG", "RF", "XA", "MG")
# Where the observer of a 3-D view stands and what is up, both in RAS.
VIEW_DIRECTIONS = {
    "Anterior": ((0, 1, 0), (0, 0, 1)),
    "Posterior": ((0, -1, 0), (0, 0, 1)),
    "Left": ((-1, 0, 0), (0, 0, 1)),
    "Right": ((1, 0, 0), (0, 0, 1)),
    "Superior": ((0, 0, 1), (0, 1, 0)),
    "Inferior": ((0, 0, -1), (0, 1, 0)),
}
_SLICE_MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
)
# The one of the view crashes without the one of the camera before it.
_3D_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
)


def picture_of_slice(
    application: HeadlessApplication,
    volume_node: Any,
    segmentation_node: Any = None,
    *,
    orientation: str = "Axial",
    offset_mm: float | None = None,
    size_px: tuple[int, int] = (512, 512),
    window_level: tuple[float, float] | None = None,
    fill_opacity: float = 0.2,
    also_shown: Iterable[Any] = (),
) -> np.ndarray:
    """A slice of a volume with the outlines of segments, as RGB (height, width, 3), uint8.

    orientation: Axial, Coronal, Sagittal, or Acquired for the volume's own slices as stored:
        i to the right, j downward.
    offset_mm: where the slice lies: the LPS coordinate that is constant in it (z, y or x), for
        Acquired the distance from the center of the first slice; the middle by default.
    size_px: width and height. window_level: width and center in the unit of the values; by
        default as the node is displayed.
    Orientation letters and a ruler are drawn where directions and millimeters are known.
    fill_opacity: of the segments' areas, 0 for outlines alone.
    also_shown: further nodes to draw (markups, models); all others are hidden.

    Raises InputError for an unknown orientation or a node without image, NoRendering.
    """
    if orientation not in ORIENTATIONS:
        raise InputError(f"Unknown orientation {orientation}; expected one of {ORIENTATIONS}.")
    if volume_node.GetImageData() is None:
        raise InputError(f"The volume node {volume_node.GetName()} holds no image to draw.")
    require_rendering()
    import slicer
    import vtk

    shown = [node for node in (segmentation_node, *also_shown) if node is not None]
    with (
        _nodes_removed_afterwards(application.scene),
        _only_shown(application.scene, shown),
        _window_level(volume_node, window_level),
        _fill_opacity(segmentation_node, fill_opacity),
    ):
        renderer, window, _interactor = _off_screen_window(size_px)
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(application.application_logic)
        logic.SetMRMLScene(application.scene)
        slice_node = logic.AddSliceNode("Picture")
        logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume_node.GetID())
        slice_node.SetDimensions(*size_px, 1)
        _orient(logic, slice_node, volume_node, orientation, offset_mm, size_px)
        known_mm = volume_node.GetAttribute("MedImage.SpacingKnown") != "false"
        if known_mm:
            slice_node.SetRulerType(slice_node.RulerTypeThin)
        # No displayable manager draws the image itself; it comes first, to lie below the others.
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        mapper.SetInputConnection(logic.GetImageDataConnection())
        image = vtk.vtkActor2D()
        image.SetMapper(mapper)
        renderer.AddViewProp(image)
        group = _displayable_managers(
            slicer.vtkMRMLSliceViewDisplayableManagerFactory, _SLICE_MANAGERS, application, renderer
        )
        group.SetMRMLDisplayableNode(slice_node)
        # A projection says nothing of directions in the patient but what its own marker says.
        if known_mm and volume_node.GetAttribute("MedImage.Modality") not in PROJECTIONS:
            for actor in _orientation_letters(slice_node, size_px):
                renderer.AddViewProp(actor)
        picture = _rendered(window)
        group.SetMRMLDisplayableNode(None)
        logic.SetMRMLScene(None)
    return picture


def picture_of_3d(
    application: HeadlessApplication,
    segmentation_node: Any,
    *,
    view_from: str = "Anterior",
    size_px: tuple[int, int] = (512, 512),
    also_shown: Iterable[Any] = (),
) -> np.ndarray:
    """The surfaces of a segmentation on white, as RGB (height, width, 3), uint8.

    view_from: Anterior, Posterior, Left, Right, Superior or Inferior.
    Raises InputError for an unknown direction, NoRendering.
    """
    if view_from not in VIEW_DIRECTIONS:
        raise InputError(f"Unknown view {view_from}; expected one of {tuple(VIEW_DIRECTIONS)}.")
    require_rendering()
    import slicer

    shown = [node for node in (segmentation_node, *also_shown) if node is not None]
    with _nodes_removed_afterwards(application.scene), _only_shown(application.scene, shown):
        renderer, window, _interactor = _off_screen_window(size_px)
        logic = slicer.vtkMRMLViewLogic()
        logic.SetMRMLApplicationLogic(application.application_logic)
        logic.SetMRMLScene(application.scene)
        view_node = logic.AddViewNode("Picture3D")
        view_node.SetBoxVisible(False)
        view_node.SetAxisLabelsVisible(False)
        view_node.SetBackgroundColor(1, 1, 1)
        view_node.SetBackgroundColor2(1, 1, 1)
        group = _displayable_managers(
            slicer.vtkMRMLThreeDViewDisplayableManagerFactory, _3D_MANAGERS, application, renderer
        )
        group.SetMRMLDisplayableNode(view_node)
        position, up = VIEW_DIRECTIONS[view_from]
        camera = renderer.GetActiveCamera()
        camera.SetFocalPoint(0, 0, 0)
        camera.SetPosition(*position)
        camera.SetViewUp(*up)
        renderer.ResetCamera()
        picture = _rendered(window)
        group.SetMRMLDisplayableNode(None)
        logic.SetMRMLScene(None)
    return picture


def _off_screen_window(size_px: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Renderer, window and interactor; the displayable managers crash once the latter is gone."""
    import vtk

    renderer, window = vtk.vtkRenderer(), vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(*size_px)
    window.SetMultiSamples(0)
    window.AddRenderer(renderer)
    interactor = vtk.vtkRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    return renderer, window, interactor


def _displayable_managers(
    factory_class: Any, names: tuple[str, ...], application: HeadlessApplication, renderer: Any
) -> Any:
    import slicer

    factory = factory_class.GetInstance()
    factory.SetMRMLApplicationLogic(application.application_logic)
    for name in names:
        if not factory.IsDisplayableManagerRegistered(name):
            factory.RegisterDisplayableManager(name)
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.Initialize(factory, renderer)
    return group


def _orient(
    logic: Any,
    slice_node: Any,
    volume_node: Any,
    orientation: str,
    offset_mm: float | None,
    size_px: tuple[int, int],
) -> None:
    from MedImageLib.nodes.matrices import flipped
    from MedImageLib.nodes.volumes import geometry_of

    geometry = geometry_of(volume_node)
    point = geometry.center_mm.copy()
    if orientation == ACQUIRED:
        orient_as_acquired(slice_node, geometry)
        if offset_mm is not None:
            normal = np.array(geometry.direction)[:, 2]
            middle = (geometry.shape[0] - 1) * geometry.spacing_mm[2] / 2
            point += (offset_mm - middle) * normal
    else:
        slice_node.SetOrientation(orientation)
        if offset_mm is not None:
            point[{"Sagittal": 0, "Coronal": 1, "Axial": 2}[orientation]] = offset_mm
    logic.FitSliceToBackground(*size_px)
    slice_node.JumpSliceByOffsetting(*flipped(point))


def _orientation_letters(slice_node: Any, size_px: tuple[int, int]) -> Iterator[Any]:
    """Text actors at the right and upper edge and their opposites: R L A P S I."""
    import vtk

    width, height = size_px
    matrix = slice_node.GetSliceToRAS()
    edges = (
        (0, 1, width - 6, height // 2),
        (0, -1, 6, height // 2),
        (1, 1, width // 2, height - 6),
        (1, -1, width // 2, 26),  # above the ruler
    )
    for axis, sign, x, y in edges:
        direction = [sign * matrix.GetElement(row, axis) for row in range(3)]
        actor = vtk.vtkTextActor()
        actor.SetInput(_letters(direction))
        actor.SetPosition(x, y)
        text = actor.GetTextProperty()
        text.SetFontSize(max(12, min(size_px) // 28))
        text.SetColor(1, 1, 0.4)
        text.ShadowOn()
        if axis == 0:
            text.SetVerticalJustificationToCentered()
            (text.SetJustificationToRight if sign > 0 else text.SetJustificationToLeft)()
        else:
            text.SetJustificationToCentered()
            if sign > 0:
                text.SetVerticalJustificationToTop()
        yield actor


def _letters(ras_direction: list[float]) -> str:
    pairs = ("RL", "AP", "SI")
    ranked = sorted(range(3), key=lambda axis: -abs(ras_direction[axis]))
    return "".join(
        pairs[axis][0 if ras_direction[axis] > 0 else 1]
        for axis in ranked
        if abs(ras_direction[axis]) > 0.4
    )


def _rendered(window: Any) -> np.ndarray:
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    window.Render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.SetInputBufferTypeToRGB()
    grabber.ReadFrontBufferOff()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)[::-1].copy()
    window.Finalize()
    return pixels


@contextmanager
def _nodes_removed_afterwards(scene: Any) -> Iterator[None]:
    before = {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}
    try:
        yield
    finally:
        after = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
        for node in reversed(after):
            if node.GetID() not in before:
                scene.RemoveNode(node)


@contextmanager
def _only_shown(scene: Any, shown: Iterable[Any]) -> Iterator[None]:
    wanted = {node.GetID() for node in shown}
    nodes = scene.GetNodesByClass("vtkMRMLDisplayableNode")
    nodes.UnRegister(None)
    changed = []
    for number in range(nodes.GetNumberOfItems()):
        node = nodes.GetItemAsObject(number)
        display = node.GetDisplayNode()
        if display is None or node.IsA("vtkMRMLVolumeNode"):
            continue
        if display.GetVisibility() != (node.GetID() in wanted):
            changed.append((display, display.GetVisibility()))
            display.SetVisibility(node.GetID() in wanted)
    try:
        yield
    finally:
        for display, visibility in changed:
            display.SetVisibility(visibility)


@contextmanager
def _window_level(volume_node: Any, window_level: tuple[float, float] | None) -> Iterator[None]:
    display = volume_node.GetDisplayNode()
    if window_level is None or not display.IsA("vtkMRMLScalarVolumeDisplayNode"):
        yield
        return
    automatic = display.GetAutoWindowLevel()
    before = (display.GetWindow(), display.GetLevel())
    display.AutoWindowLevelOff()
    display.SetWindowLevel(*window_level)
    try:
        yield
    finally:
        display.SetWindowLevel(*before)
        display.SetAutoWindowLevel(automatic)


@contextmanager
def _fill_opacity(segmentation_node: Any, opacity: float) -> Iterator[None]:
    if segmentation_node is None:
        yield
        return
    display = segmentation_node.GetDisplayNode()
    before = (display.GetOpacity2DFill(), display.GetVisibility2DOutline())
    display.SetOpacity2DFill(opacity)
    display.SetVisibility2DOutline(True)
    try:
        yield
    finally:
        display.SetOpacity2DFill(before[0])
        display.SetVisibility2DOutline(before[1])

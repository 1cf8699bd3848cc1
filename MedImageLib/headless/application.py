"""A MRML scene with the logics of the application's modules, as the application starts them.

The order matters: a module's logic registers its node classes when it is given the scene, so
that all logics are there before the first node is added.
"""

from __future__ import annotations

import shutil
import tempfile
from types import SimpleNamespace
from typing import Any

import numpy as np

from MedImageLib.errors import MedImageError
from MedImageLib.geometry import Geometry
from MedImageLib.headless.terminology_files import write_terminology_files

# Module name and class of its logic, in the order of their dependence.
_MODULE_LOGICS = (
    ("Terminologies", "vtkSlicerTerminologiesModuleLogic"),
    ("SubjectHierarchy", "vtkSlicerSubjectHierarchyModuleLogic"),
    ("Units", "vtkSlicerUnitsLogic"),
    ("Segmentations", "vtkSlicerSegmentationsModuleLogic"),
    ("Volumes", "vtkSlicerVolumesLogic"),
    ("Transforms", "vtkSlicerTransformLogic"),
    ("Sequences", "vtkSlicerSequencesLogic"),
    ("Markups", "vtkSlicerMarkupsLogic"),
    ("Tables", "vtkSlicerTablesLogic"),
    ("Texts", "vtkSlicerTextsLogic"),
    ("Plots", "vtkSlicerPlotsLogic"),
    ("Models", "vtkSlicerModelsLogic"),
    ("CropVolume", "vtkSlicerCropVolumeLogic"),
    ("SceneViews", "vtkSlicerSceneViewsModuleLogic"),
)
# slicer-core calls itself another application of version 4.0; Slicer would then warn that the
# scene is not its own and take coordinates for those of old scenes.
_SCENE_VERSION = "Slicer 5.12.0 1"
ACQUIRED = "Acquired"
OBLIQUE_DEG = 10.0  # slices tilted by more than this from axial are shown as acquired
_SLICE_VIEWS = (("Red", "Axial"), ("Green", "Coronal"), ("Yellow", "Sagittal"))


class HeadlessApplication:
    """A scene and the module logics that act on it; a context manager.

    scene: the vtkMRMLScene, also `slicer.mrmlScene` while the application is open.
    application_logic: vtkSlicerApplicationLogic.
    module_logics: by module name, also as `slicer.modules.<name in lower case>.logic()`.

    One is open at a time in a process. Raises MedImageError when `slicer` is not that of
    slicer-core (another package on PyPI has the same name) or another one is open.
    """

    _open: HeadlessApplication | None = None

    def __init__(self) -> None:
        slicer = _slicer_core()
        if HeadlessApplication._open is not None:
            raise MedImageError("A headless application is open already. Close it first.")
        self.scene = slicer.vtkMRMLScene()
        self.scene.SetVersion(_SCENE_VERSION)
        self._cache_folder = tempfile.mkdtemp(prefix="medimage-scene-")
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self.application_logic.SetMRMLScene(self.scene)
        self.application_logic.SetTemporaryPath(self._cache_folder)
        self._prepare_reading_of_bundles()
        self.module_logics: dict[str, Any] = {}
        self._start_logics()
        self._slice_logics: dict[str, Any] = {}
        self._start_views()
        slicer.mrmlScene = self.scene
        slicer.modules = SimpleNamespace(
            **{
                name.lower(): SimpleNamespace(name=name, logic=lambda logic=logic: logic)
                for name, logic in self.module_logics.items()
            }
        )
        HeadlessApplication._open = self

    def show(self, volume_node: Any, *, single_view: bool = False) -> None:
        """Let the scene open in the application with this volume in its slice views.

        The red view shows the slices as acquired where these are not axial (short-axis stacks).
        single_view: the red view alone, for a radiograph, instead of three and a 3-D view.
        """
        import slicer

        from MedImageLib.nodes import geometry_of

        selection = self.application_logic.GetSelectionNode()
        selection.SetReferenceActiveVolumeID(volume_node.GetID())
        geometry = geometry_of(volume_node)
        if abs(geometry.direction[2][2]) < np.cos(np.deg2rad(OBLIQUE_DEG)):
            orient_as_acquired(self._slice_logics["Red"].GetSliceNode(), geometry)
        for logic in self._slice_logics.values():
            logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume_node.GetID())
            logic.GetSliceNode().SetDimensions(512, 512, 1)
            logic.FitSliceToBackground(512, 512)
        layout = slicer.vtkMRMLLayoutNode
        self._layout_logic.GetLayoutNode().SetViewArrangement(
            layout.SlicerLayoutOneUpRedSliceView if single_view else layout.SlicerLayoutFourUpView
        )

    def close(self) -> None:
        """Empty the scene and remove its temporary folder; harmless when done twice."""
        import slicer
        import vtk

        if HeadlessApplication._open is not self:
            return
        HeadlessApplication._open = None
        slicer.mrmlScene = None
        del slicer.modules
        # The views first: a slice logic that still watches the scene when it is emptied crashes.
        logics = [*self._slice_logics.values(), self._layout_logic]
        logics += [*reversed(self.module_logics.values()), self.application_logic]
        # Logics that are told of no scene warn that there is none.
        warned = vtk.vtkObject.GetGlobalWarningDisplay()
        vtk.vtkObject.GlobalWarningDisplayOff()
        for logic in logics:
            logic.SetMRMLScene(None)
        vtk.vtkObject.SetGlobalWarningDisplay(warned)
        self.scene.Clear(True)
        shutil.rmtree(self._cache_folder, ignore_errors=True)

    def __enter__(self) -> HeadlessApplication:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _prepare_reading_of_bundles(self) -> None:
        # Without a cache folder vtkMRMLScene.ReadFromMRB has nowhere to unpack to and fails.
        import slicer

        cache = slicer.vtkCacheManager()
        cache.SetRemoteCacheDirectory(self._cache_folder)
        cache.SetMRMLScene(self.scene)
        self._data_io = slicer.vtkDataIOManager()
        self._data_io.SetCacheManager(cache)
        self.scene.SetDataIOManager(self._data_io)

    def _start_logics(self) -> None:
        import slicer

        colors = self.application_logic.GetColorLogic()
        colors.SetMRMLScene(self.scene)
        colors.AddDefaultColorNodes()
        self._register("Colors", colors)
        for name, class_name in _MODULE_LOGICS:
            logic = getattr(slicer, class_name)()
            if name == "Terminologies":
                write_terminology_files(self._cache_folder)
                logic.SetModuleShareDirectory(self._cache_folder)
            logic.SetMRMLScene(self.scene)
            self._register(name, logic)

    def _register(self, name: str, logic: Any) -> None:
        logic.SetMRMLApplicationLogic(self.application_logic)
        self.application_logic.SetModuleLogic(name, logic)
        self.module_logics[name] = logic

    def _start_views(self) -> None:
        import slicer
        import vtk

        self.application_logic.SetSliceLogics(vtk.vtkCollection())
        self.application_logic.SetViewLogics(vtk.vtkCollection())
        self._layout_logic = slicer.vtkMRMLLayoutLogic()
        self._layout_logic.SetMRMLApplicationLogic(self.application_logic)
        self._layout_logic.SetMRMLScene(self.scene)
        self._layout_logic.GetLayoutNode().SetViewArrangement(
            slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
        )
        for name, orientation in _SLICE_VIEWS:
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLApplicationLogic(self.application_logic)
            logic.SetMRMLScene(self.scene)
            self.application_logic.GetSliceLogics().AddItem(logic)
            slice_node = self.scene.GetNodeByID(f"vtkMRMLSliceNode{name}")
            slice_node.SetOrientation(orientation)
            logic.SetSliceNode(slice_node)
            self._slice_logics[name] = logic


def orient_as_acquired(slice_node: Any, geometry: Geometry) -> None:
    """Turn a slice view to the volume's own slices: i to the right, j downward, as stored.

    The orientation becomes one of the view's presets, named Acquired, so that scenes keep it.
    """
    import vtk

    axes = geometry.ras_from_index[:3, :3] / np.array(geometry.spacing_mm)
    preset = vtk.vtkMatrix3x3()
    preset.DeepCopy((axes * np.array([1.0, -1.0, 1.0])).ravel())
    if slice_node.HasSliceOrientationPreset(ACQUIRED):
        slice_node.RemoveSliceOrientationPreset(ACQUIRED)
    slice_node.AddSliceOrientationPreset(ACQUIRED, preset)
    slice_node.SetOrientation(ACQUIRED)


def _slicer_core() -> Any:
    try:
        import slicer
    except ImportError as error:
        raise MedImageError(
            f"Slicer's parts cannot be loaded ({error}). Install slicer-core (5.12 or newer)."
        ) from error
    if not hasattr(slicer, "vtkMRMLScene"):
        raise MedImageError(
            f"The package slicer at {slicer.__file__} is not that of 3D Slicer. Remove the PyPI "
            "package named slicer (shap brings it) and install slicer-core again."
        )
    return slicer

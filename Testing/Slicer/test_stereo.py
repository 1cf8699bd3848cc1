"""Stereo and virtual reality: what is asked of the views and of the other extension."""

from __future__ import annotations

import types

import pytest
from panel_cases import panel
from test_contour_panel import add_contours, add_pair

pytestmark = pytest.mark.usefixtures("in_this_process")


class Window:
    """A render window that remembers its kind of stereo."""

    kind, stereo = "", 0

    def SetStereoTypeToSplitViewportHorizontal(self):  # noqa: N802
        self.kind = "split"

    def SetStereoRender(self, on):  # noqa: N802
        self.stereo = on


@pytest.fixture
def view(application, monkeypatch):
    """A 3-D view over a real view node."""
    import slicer

    node = application.scene.AddNewNodeByClass("vtkMRMLViewNode")
    window = Window()
    made = types.SimpleNamespace(
        mrmlViewNode=lambda: node, renderWindow=lambda: window, scheduleRender=lambda: None
    )
    manager = slicer.app.layoutManager()
    manager.threeDViewCount = 1
    manager.threeDWidget = lambda number: types.SimpleNamespace(threeDView=lambda: made)
    return types.SimpleNamespace(node=node, window=window)


def test_contours_are_seen_in_depth(application, view):
    import slicer

    add_pair(application.scene)
    contours = add_contours(application.scene, "contours", ["mandible"])
    contours.RemoveClosedSurfaceRepresentation()
    ui = panel(application, "AutoContour").ui
    ui.outputSelector.setCurrentNode(contours)
    ui.stereoComboBox.currentIndex = 1
    assert view.node.GetStereoType() == slicer.vtkMRMLViewNode.Anaglyph
    assert contours.GetSegmentation().ContainsRepresentation("Closed surface")
    ui.stereoComboBox.currentIndex = 2
    assert view.node.GetStereoType() == slicer.vtkMRMLViewNode.NoStereo
    assert (view.window.kind, view.window.stereo) == ("split", 1)
    view.window.kind, view.window.stereo = "", 0  # as the view does when its node has changed
    view.node.Modified()
    assert (view.window.kind, view.window.stereo) == ("split", 1)
    ui.stereoComboBox.currentIndex = 0
    view.window.kind = ""
    view.node.Modified()
    assert view.window.kind == ""
    assert application.errors == []


class Headset:
    """The logic of SlicerVirtualReality as its header declares it."""

    def __init__(self, error=""):
        self.error, self.asked, self.active = error, [], None

    def AddVirtualRealityViewNode(self):  # noqa: N802
        self.asked.append("view")
        return types.SimpleNamespace(HasError=lambda: bool(self.error), GetError=lambda: self.error)

    def SetDefaultReferenceView(self):  # noqa: N802
        self.asked.append("reference")

    def OptimizeSceneForVirtualReality(self):  # noqa: N802
        self.asked.append("scene")

    def SetVirtualRealityActive(self, on):  # noqa: N802
        self.active = on


def test_the_scene_is_handed_to_virtual_reality_when_it_is_there(application, monkeypatch):
    import slicer

    widget = panel(application, "AutoContour")
    assert not widget.ui.virtualRealityButton.enabled
    for error in ("", "no headset"):
        headset = Headset(error)
        module = types.SimpleNamespace(logic=lambda headset=headset: headset)
        monkeypatch.setattr(slicer.modules, "virtualreality", module, raising=False)
        widget = panel(application, "AutoContour")
        assert widget.ui.virtualRealityButton.enabled
        widget.ui.virtualRealityButton.click()
        assert headset.asked == ["view", "reference", "scene"]
        assert headset.active is not bool(error)
    [(_, told)] = application.errors
    assert "no headset" in str(told)

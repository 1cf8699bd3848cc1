"""Pictures are checked at pixels whose place in the patient is known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume

pytest.importorskip("slicer")
from MedImageLib.headless import (
    HeadlessApplication,
    NoRendering,
    picture_of_3d,
    picture_of_slice,
    rendering,
    require_rendering,
)
from MedImageLib.nodes import Segment, add_line, add_segmentation, add_volume

GEOMETRY = Geometry((40, 40, 40), origin_mm=(-20.0, -20.0, 100.0))
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(scope="module", autouse=True)
def _rendering():
    try:
        require_rendering()
    except NoRendering as error:
        pytest.skip(str(error))


@pytest.fixture
def application():
    with HeadlessApplication() as application:
        yield application


@pytest.fixture
def nodes(application):
    """A gray cube; a red box in its left, anterior, superior corner and a blue one opposite."""
    k, j, i = np.indices(GEOMETRY.shape)
    labels = np.zeros(GEOMETRY.shape, np.uint8)
    labels[(i >= 25) & (j < 15) & (k >= 25)] = 1
    labels[(i < 15) & (j >= 25) & (k < 15)] = 2
    image = Volume(np.full(GEOMETRY.shape, 50, np.int16), GEOMETRY)
    volume = add_volume(application.scene, image, "cube", window_level=(100, 50))
    segmentation = add_segmentation(
        application.scene,
        Volume(labels, GEOMETRY, is_labelmap=True),
        [Segment("red", 1, RED), Segment("blue", 2, BLUE)],
        "boxes",
        reference_node=volume,
    )
    return volume, segmentation


def side_of(picture: np.ndarray, channel: int) -> tuple[str, str]:
    """In which half of the picture pixels of a color lie: ("left" | "right", "top" | "bottom")."""
    others = [c for c in range(3) if c != channel]
    strong = picture[..., channel].astype(int) - picture[..., others].max(axis=-1) > 40
    assert strong.sum() > 50, "the color is not in the picture"
    rows, columns = np.nonzero(strong)
    height, width = picture.shape[:2]
    return (
        "left" if columns.mean() < width / 2 else "right",
        "top" if rows.mean() < height / 2 else "bottom",
    )


@pytest.mark.parametrize(
    ("orientation", "offset_mm", "channel", "expected"),
    [
        # The patient's left is on the right of the picture, anterior and superior are up.
        ("Axial", 132.0, 0, ("right", "top")),
        ("Axial", 105.0, 2, ("left", "bottom")),
        ("Coronal", -12.0, 0, ("right", "top")),
        ("Coronal", 12.0, 2, ("left", "bottom")),
        ("Sagittal", 12.0, 0, ("left", "top")),
        ("Sagittal", -12.0, 2, ("right", "bottom")),
        ("Acquired", 32.0, 0, ("right", "top")),
        ("Acquired", 5.0, 2, ("left", "bottom")),
    ],
)
def test_segments_are_drawn_where_they_are(
    application, nodes, orientation, offset_mm, channel, expected
):
    picture = picture_of_slice(
        application,
        *nodes,
        orientation=orientation,
        offset_mm=offset_mm,
        size_px=(200, 160),
        fill_opacity=0.6,
    )
    assert picture.shape == (160, 200, 3)
    assert picture.dtype == np.uint8
    assert side_of(picture, channel) == expected


def test_acquired_slices_are_shown_as_stored(application):
    """An oblique, left-handed stack: columns run to the right and rows downward all the same."""
    angle = np.deg2rad(50)
    axes = np.array(
        [[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]]
    ) @ np.diag([1.0, 1.0, -1.0])
    geometry = Geometry((4, 30, 40), (1.0, 1.0, 8.0), (5.0, 6.0, 7.0), axes)
    labels = np.zeros(geometry.shape, np.uint8)
    labels[2, 2:10, 28:38] = 1
    volume = add_volume(application.scene, Volume(np.zeros(geometry.shape), geometry), "stack")
    segmentation = add_segmentation(
        application.scene, Volume(labels, geometry, is_labelmap=True), [Segment("box", 1, RED)], "s"
    )
    shown = {"orientation": "Acquired", "size_px": (160, 120), "fill_opacity": 0.7}
    picture = picture_of_slice(application, volume, segmentation, offset_mm=16.0, **shown)
    assert side_of(picture, 0) == ("right", "top")
    red = (picture[..., 0].astype(int) - picture[..., 1]) > 60
    assert red.sum() == pytest.approx(8 * 10 * 4**2, rel=0.1)
    with pytest.raises(AssertionError, match="not in the picture"):
        side_of(picture_of_slice(application, volume, segmentation, offset_mm=0.0, **shown), 0)


def test_gray_values_follow_the_window(application, nodes):
    def middle(window_level):
        picture = picture_of_slice(
            application, nodes[0], size_px=(101, 101), window_level=window_level
        )
        return int(picture[50, 50, 0])

    assert middle(None) == pytest.approx(127, abs=2)
    assert middle((400, 50)) == pytest.approx(127, abs=2)
    assert middle((100, 75)) == pytest.approx(64, abs=2)
    assert middle((100, 0)) == 255
    assert nodes[0].GetDisplayNode().GetWindow() == 100


def test_aspect_is_that_of_the_patient(application):
    geometry = Geometry((3, 20, 20), (1.0, 3.0, 1.0))
    volume = Volume(np.full(geometry.shape, 50, np.int16), geometry)
    node = add_volume(application.scene, volume, "tall", window_level=(10, 0))
    picture = picture_of_slice(application, node, size_px=(240, 240))
    bright = picture.min(axis=-1) > 200
    # Lines that neither the letters nor the ruler touch.
    assert bright[:, 105].sum() / bright[100].sum() == pytest.approx(3.0, rel=0.06)


@pytest.mark.parametrize(
    ("modality", "spacing_known", "ruler", "letters"),
    [("MR", True, True, True), ("DX", True, True, False), ("", False, False, False)],
)
def test_ruler_and_letters_only_where_they_are_true(
    application, modality, spacing_known, ruler, letters
):
    geometry = Geometry((1, 50, 50), spacing_known=spacing_known)
    volume = Volume(np.zeros(geometry.shape), geometry, modality=modality)
    node = add_volume(application.scene, volume, "dark", window_level=(1, 1))
    picture = picture_of_slice(application, node, size_px=(300, 300)).astype(int)
    white = (picture.min(axis=-1) > 200).sum()
    yellow = ((picture[..., 0] - picture[..., 2]) > 60).sum()
    assert (white > 20) == ruler
    assert (yellow > 20) == letters


def test_only_what_was_asked_for_is_drawn(application, nodes):
    line = add_line(application.scene, np.array([[-15.0, 0, 120], [15.0, 0, 120]]), "width")
    inside = {"orientation": "Axial", "offset_mm": 120.0, "size_px": (200, 200)}
    plain = picture_of_slice(application, nodes[0], **inside)
    assert np.ptp(plain[60:140, 30:170].reshape(-1, 3), axis=0).max() == 0
    drawn = picture_of_slice(application, nodes[0], also_shown=[line], **inside)
    assert (drawn != plain).any(axis=-1).sum() > 50
    assert line.GetDisplayNode().GetVisibility()
    assert nodes[1].GetDisplayNode().GetVisibility()


def test_a_picture_leaves_the_scene_as_it_was(application, nodes):
    def content():
        scene = application.scene
        return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]

    before = content()
    picture_of_slice(application, *nodes, size_px=(64, 64))
    picture_of_3d(application, nodes[1], size_px=(64, 64))
    assert content() == before


@pytest.mark.parametrize(
    ("view_from", "red"),
    [
        ("Anterior", ("right", "top")),
        ("Posterior", ("left", "top")),
        ("Left", ("left", "top")),
        ("Right", ("right", "top")),
        ("Superior", ("left", "top")),
        ("Inferior", ("right", "top")),
    ],
)
def test_surfaces_are_seen_from_where_one_stands(application, nodes, view_from, red):
    picture = picture_of_3d(application, nodes[1], view_from=view_from, size_px=(160, 160))
    assert side_of(picture, 0) == red
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
    assert side_of(picture, 2) == tuple(opposite[side] for side in red)
    assert (picture[0, 0] == 255).all()


def test_unknown_views_are_refused(application, nodes):
    with pytest.raises(InputError, match="Unknown orientation oblique"):
        picture_of_slice(application, nodes[0], orientation="oblique")
    with pytest.raises(InputError, match="Unknown view Front"):
        picture_of_3d(application, nodes[1], view_from="Front")
    empty = application.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty one")
    with pytest.raises(InputError, match="empty one holds no image"):
        picture_of_slice(application, empty)


def test_a_machine_without_opengl_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(rendering, "_has_library", lambda names: False)
    monkeypatch.setattr(rendering.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("VTK_DEFAULT_OPENGL_WINDOW", raising=False)
    with pytest.raises(NoRendering, match="apt-get install libegl1 libgl1-mesa-dri"):
        require_rendering.__wrapped__()


def test_a_driver_that_crashes_is_not_used(monkeypatch):
    monkeypatch.setattr(
        rendering, "_PROBE", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    )
    monkeypatch.setattr(rendering.sys, "platform", "linux")
    monkeypatch.delenv("VTK_DEFAULT_OPENGL_WINDOW", raising=False)
    with pytest.raises(NoRendering):
        require_rendering.__wrapped__()


def test_the_package_is_not_loaded_by_the_library():
    """Only nodes and headless may load VTK and slicer."""
    code = (
        "import sys, MedImageLib.volume, MedImageLib.resources\n"
        "assert not {'vtk', 'slicer'} & set(sys.modules), sorted(sys.modules)"
    )
    repository = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=repository, check=True)

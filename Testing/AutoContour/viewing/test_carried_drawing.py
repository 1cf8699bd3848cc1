"""Strokes on contours of the second image: exact under shifts, whole on finer grids, undone."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from AutoContourLib.contours.carrying import CarryingField
from AutoContourLib.contours.review import read_review
from AutoContourLib.viewing.carried_drawing import CarriedGrid
from AutoContourLib.viewing.editing import Draft, Stroke
from AutoContourLib.viewing.open_studies import OpenStudies
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from Testing.AutoContour.viewing.serving import Client, running

KEYS = {1: "body", 5: "brainstem"}
WHEN = "2026-03-01T10:00:00+00:00"
SHOWN = Geometry((12, 40, 44), (2.0, 2.0, 3.0), (-40.0, -30.0, 5.0))


def stroke(points, mode="draw", axis="k", index=5, radius_mm=6.0, structure="brainstem"):
    return Stroke(structure, mode, axis, index, tuple(points), radius_mm, "Dr. A", WHEN)


def matrix(degrees=(0.0, 0.0, 0.0), shift_mm=(0.0, 0.0, 0.0)) -> np.ndarray:
    found = np.eye(4)
    found[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    found[:3, 3] = shift_mm
    return found


def draft(folder, carried: CarriedGrid) -> Draft:
    """A draft whose body fills the middle of its own grid, shown as it is carried back."""
    own = np.zeros(carried.own.shape, np.uint8)
    own[tuple(slice(n // 5, n - n // 5) for n in own.shape)] = 1
    labels = Volume(own, carried.own, is_labelmap=True)
    shown = carried_back(carried, own)
    return Draft(labels, KEYS, folder, Volume(shown, carried.shown, is_labelmap=True), carried)


def carried_back(carried: CarriedGrid, own: np.ndarray) -> np.ndarray:
    """Labels of the own grid on the whole shown one."""
    shown = np.zeros(carried.shown.shape, np.uint8)
    carried.show(shown, own, np.nonzero(np.ones(shown.shape, bool)))
    return shown


@pytest.mark.parametrize("by_field", [False, True])
def test_a_shift_of_whole_voxels_shifts_the_stroke(tmp_path, by_field):
    shift_mm = (4.0, -6.0, 3.0)
    field = None
    if by_field:
        vectors = np.broadcast_to(np.array(shift_mm), (*SHOWN.shape, 3))
        field = CarryingField(vectors, SHOWN)
    moved = matrix() if by_field else matrix(shift_mm=shift_mm)
    one = draft(tmp_path, CarriedGrid(SHOWN, SHOWN, moved, field))
    one.draw(stroke([(20.0, 18.0)]), one.revision)
    j, i = np.mgrid[:40, :44]
    disc = np.hypot((i - 20) * 2.0, (j - 18) * 2.0) <= 6.0
    np.testing.assert_array_equal(one.shown.array[5] == 5, disc)
    np.testing.assert_array_equal(one.labels.array[6] == 5, np.roll(disc, (-3, 2), (0, 1)))
    assert set(np.unique(np.argwhere(one.labels.array == 5)[:, 0])) == {6}


@pytest.mark.parametrize("degrees", [(0.0, 0.0, 0.0), (8.0, -12.0, 20.0)])
@pytest.mark.parametrize("spacing_mm", [(0.9, 0.9, 1.2), (2.0, 2.0, 3.0), (4.0, 4.0, 6.0)])
def test_a_stroke_has_no_holes_on_any_grid(tmp_path, degrees, spacing_mm):
    count = [round(90 / one) for one in spacing_mm]
    own = Geometry(tuple(count[::-1]), spacing_mm, (-45.0, -35.0, -25.0))
    one = draft(tmp_path, CarriedGrid(SHOWN, own, matrix(degrees)))
    one.draw(stroke([(16.0, 18.0), (26.0, 22.0)], radius_mm=9.0), one.revision)
    drawn = one.labels.array == 5
    k, j, i = np.indices(own.shape)
    points = own.points_mm(np.stack([i, j, k], -1).reshape(-1, 3))
    x, y, z = (
        SHOWN.indices(points @ np.linalg.inv(matrix(degrees))[:3, :3].T) * SHOWN.spacing_mm
    ).T
    along = np.clip(((x - 32) * 20 + (y - 36) * 8) / (20**2 + 8**2), 0, 1)
    across, above = np.hypot(x - 32 - 20 * along, y - 36 - 8 * along), np.abs(z - 15)
    half = np.linalg.norm(spacing_mm) / 2
    inside = ((across < 7.5) & (above < 1.2)).reshape(own.shape)
    outside = ((across > 10.5 + half) | (above > 1.5 + half)).reshape(own.shape)
    assert drawn.any()
    assert drawn[inside].all()
    assert not drawn[outside].any()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["draw", "erase"]),
            st.sampled_from("ijk"),
            st.floats(10, 30),
            st.floats(1, 12),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_shown_is_what_is_there_and_undo_takes_all_back(tmp_path_factory, strokes):
    own = Geometry((20, 30, 30), (3.1, 2.9, 2.2), (-45.0, -35.0, 0.0))
    carried = CarriedGrid(SHOWN, own, matrix((3.0, -4.0, 6.0), (1.0, -2.0, 0.5)))
    one = draft(tmp_path_factory.mktemp("draft"), carried)
    before, shown = one.labels.array.copy(), one.shown.array.copy()
    for mode, axis, at, radius_mm in strokes:
        points = [(at, 5.0), (at - 6, 7.0)] if axis != "k" else [(at, 15.0), (at - 6, 20.0)]
        one.draw(stroke(points, mode, axis, 6, radius_mm), one.revision)
        np.testing.assert_array_equal(one.shown.array, carried_back(carried, one.labels.array))
    for _ in strokes:
        one.undo(one.revision)
    np.testing.assert_array_equal(one.labels.array, before)
    np.testing.assert_array_equal(one.shown.array, shown)


def test_second_contours_are_drawn_on_where_they_lie(results, study):
    """Offset 6 mm and field 9 mm along y: a stroke here is one there, and the first stay."""
    shutil.copytree(study / "contours", study / "second_contours" / "1-CT")
    first = read_image(study / "contours" / "labels.nii.gz").array
    path = f"/api/studies/{OpenStudies(results, 2).listed()[0]['id']}"
    with running(results) as address:
        client = Client(address)
        client.ask("/")
        state = client.values(path + "/state?drawn=second%201-CT")
        assert state["draft"]["set"] == "second 1-CT"
        values = {"structure": "brainstem", "mode": "draw", "axis": "k", "index": 10}
        values |= {"points": [[30, 24]], "radius_mm": 12.0, "by": "Dr. A", "drawn": "second 1-CT"}
        seen = state["draft"]["revision"]
        state = client.values(path + "/draw", values | {"seen": seen})
        assert state["draft"]["edited"] == ["brainstem"]
        assert state["revisions"]["second 1-CT"] == state["draft"]["revision"]
        lines = client.values(path + "/outlines?set=second&place=1-CT&axis=k&index=10&exact=1")
        assert "brainstem" in str(lines)
        status, told = client.error(path + "/draw", values | {"seen": seen})
        assert (status, "changed by Dr. A" in told) == (409, True)
        seen = state["draft"]["revision"]
        state = client.values(path + "/save", {"by": "Dr. A", "drawn": "second 1-CT", "seen": seen})
    np.testing.assert_array_equal(read_image(study / "contours" / "labels.nii.gz").array, first)
    labels = read_image(study / "second_contours" / "1-CT" / "labels.nii.gz")
    changed = np.argwhere(labels.array != first)
    center = labels.geometry.points_mm(changed.mean(0)[::-1])
    wanted = labels.geometry.points_mm(np.array([30, 24, 10])) + np.array([6.0, 9.0, 0.0])
    np.testing.assert_allclose(center, wanted, atol=3.0)
    marks = {one.structure: one.state for one in read_review(study / "second_contours" / "1-CT")}
    assert marks["brainstem"] == "edited"

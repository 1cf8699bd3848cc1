"""Slices are shown in the usual orientation, whatever way the voxels lie in the patient."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from MedImageLib.geometry import Geometry
from MedImageLib.report.curves import Band, curve_picture
from MedImageLib.report.slices import slice_picture, slice_view
from MedImageLib.results import Curve
from MedImageLib.volume import Volume

# All 48 ways in which voxel axes can run along the patient's.
ORIENTATIONS = [
    np.eye(3)[list(order)].T * np.array(signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def volume_of(direction: np.ndarray) -> Volume:
    """Each voxel holds a number made of its LPS position, so that it can be found again."""
    geometry = Geometry((5, 6, 7), (1.0, 2.0, 3.0), (10, 20, 30), tuple(map(tuple, direction)))
    k, j, i = np.mgrid[:5, :6, :7]
    x, y, z = np.moveaxis(geometry.points_mm(np.stack([i, j, k], -1)), -1, 0)
    return Volume(x * 1e4 + y * 1e2 + z, geometry)


@pytest.mark.parametrize("direction", ORIENTATIONS)
def test_left_is_right_and_head_or_front_is_up(direction: np.ndarray) -> None:
    volume = volume_of(direction)
    for axis, number in zip("ijk", range(3), strict=True):
        view = slice_view(volume, volume.with_array(volume.array > 0, is_labelmap=True), axis, 2)
        across_normal = int(np.abs(direction[:, number]).argmax())
        expected = {2: ("R", "L", "A", "P"), 1: ("R", "L", "H", "F"), 0: ("A", "P", "H", "F")}
        assert view.letters == expected[across_normal]
        values = view.image
        step = {"R": 1e4, "A": 1e2}[view.letters[0]]
        assert np.sign(values[0, 1] - values[0, 0]) == 1  # rises to the patient's left or back
        assert abs(values[0, 1] - values[0, 0]) == pytest.approx(step * view.spacing_mm[0])
        step = {"A": 1e2, "H": -1.0}[view.letters[2]]
        assert values[1, 0] - values[0, 0] == pytest.approx(step * view.spacing_mm[1])
        assert view.labels is not None
        assert view.labels.shape == values.shape
        for index in ([0, 0, 0], [1, 2, 3], [4, 5, 1]):
            index[number] = 2
            column, row = view.place(index)
            assert values[int(row), int(column)] == volume.array[tuple(index[::-1])]


def test_oblique_slices_have_two_letters() -> None:
    turn = np.deg2rad(40)
    direction = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    view = slice_view(volume_of(direction), axis="k", index=0)
    assert view.letters == ("RA", "LP", "AL", "PR")


def test_the_slice_with_most_labels_is_shown() -> None:
    volume = volume_of(np.eye(3))
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[1, 2, 2], labels[3, 2:4, 2] = 1, 1
    shown = slice_view(volume, volume.with_array(labels, is_labelmap=True))
    assert (shown.image == volume.array[3]).all()
    assert (slice_view(volume).image == volume.array[2]).all()


def test_pictures_of_slices_have_the_physical_aspect() -> None:
    png = slice_picture(
        volume_of(np.eye(3)), axis="j", lines_ijk=[((0, 0, 0), (6, 0, 4), "x")], size_px=300
    )
    # 7 voxels of 1 mm across, 5 of 3 mm down.
    assert Image.open(io.BytesIO(png)).size == (140, 300)


def test_what_does_not_fit_is_refused() -> None:
    volume = volume_of(np.eye(3))
    other = Volume(np.zeros((1, 2, 3), int), Geometry((1, 2, 3)), is_labelmap=True)
    with pytest.raises(ValueError, match="shape"):
        slice_view(volume, other)
    with pytest.raises(IndexError):
        slice_view(volume, index=5)


def test_curves_are_drawn_with_gaps_and_refused_with_different_units() -> None:
    area = Curve("cavity_area", (3.0, None, 1.0), "mm2", (0.0, 40.0, 80.0))
    first = curve_picture([area], [(0.0, "ED $x$")], title="$\\frac$")
    assert Image.open(io.BytesIO(first)).size[0] > 1000
    assert first == curve_picture([area], [(0.0, "ED $x$")], title="$\\frac$")
    whole = Curve("cavity_area", (3.0, 2.0, 1.0), "mm2", (0.0, 40.0, 80.0))
    assert curve_picture([whole]) != curve_picture([area])
    with pytest.raises(ValueError, match="same units"):
        curve_picture([area, Curve("v", (1.0,), "mL", (0.0,))])
    with pytest.raises(ValueError, match="at least one"):
        curve_picture([])


@pytest.mark.parametrize("direction", ORIENTATIONS[::7])
def test_a_cropped_slice_shows_the_same_voxels(direction: np.ndarray) -> None:
    volume = volume_of(direction)
    whole = slice_view(volume, volume.with_array(volume.array > 0, is_labelmap=True), "k", 2)
    part = whole.cropped((1, 2, 2), (5, 4, 2))
    assert part.image.size == 5 * 3
    assert part.labels.shape == part.image.shape
    for index in ((1, 2, 2), (5, 4, 2), (3, 3, 2)):
        across, down = map(int, part.place(index))
        assert part.image[down, across] == volume.array[index[::-1]]
    # Corners beyond the slice end at its border.
    assert whole.cropped((-9, -9, 2), (99, 99, 2)).image.shape == whole.image.shape


def test_values_with_fits_are_points_and_the_fit_may_run_away() -> None:
    area = Curve("area", (1.0, 2.0, 1.5), "mm2", (0.0, 1.0, 2.0))
    wild = Curve("polynomial", (1.0, 900.0, 1.5), "mm2", (0.0, 0.5, 2.0))
    tame = Curve("polynomial", (1.0, 1.6, 1.5), "mm2", (0.0, 0.5, 2.0))
    band = Band("spread", (0.0, 1.0, 2.0), (0.5, None, 1.0), (1.5, None, 2.0))
    pictures = {
        name: np.asarray(Image.open(io.BytesIO(made)).convert("L"), int)
        for name, made in {
            "plain": curve_picture([area]),
            "wild": curve_picture([area], fits=[wild]),
            "tame": curve_picture([area], fits=[tame]),
            "band": curve_picture([area], fits=[tame], bands=[band]),
        }.items()
    }
    assert len({picture.tobytes() for picture in pictures.values()}) == 4
    # The numbers on the axis of values are the same, whatever the fit does between them.
    assert np.array_equal(pictures["wild"][:, :150], pictures["tame"][:, :150])
    with pytest.raises(ValueError, match="units"):
        curve_picture([area], fits=[Curve("p", (1.0,), "mL", (0.0,))])

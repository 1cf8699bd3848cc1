"""Contours carried over by fields that are known exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from AutoContourLib.contours.carrying import CarryingField, carried, read_carrying_field
from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.volume import Volume
from MedImageLib.writing.displacement import write_displacement
from MedImageLib.writing.nrrd import write_volume

FIRST = Geometry((40, 50, 60), (1.5, 1.5, 2.0), (-44.0, -36.0, -39.0))
# Other spacing, turned by a right angle about the body's axis, slices from head to feet.
SECOND = Geometry(
    (38, 70, 60), (1.0, 2.0, 2.2), (70.0, -30.0, 40.0), ((0, -1, 0), (1, 0, 0), (0, 0, -1))
)
# The same extent with voxels thinned, as registration of large images leaves them.
COARSE = Geometry(
    (38, 35, 30),
    (2.0, 4.0, 2.2),
    tuple(SECOND.points_mm(np.array([0.5, 0.5, 0.0]))),
    SECOND.direction,
)


def points(grid: Geometry) -> np.ndarray:
    k, j, i = np.indices(grid.shape)
    return grid.points_mm(np.stack([i, j, k], -1))


def ball(grid: Geometry, center: tuple[float, ...], radius: float, scale: float = 1) -> np.ndarray:
    mask: np.ndarray = np.linalg.norm((points(grid) - center) * scale, axis=-1) < radius
    return mask


def affine_field(grid: Geometry, scale: float, shift: tuple[float, ...]) -> np.ndarray:
    """first = scale · second + shift."""
    return points(grid) * (scale - 1) + np.array(shift)


@pytest.mark.parametrize("on", [SECOND, COARSE], ids=["own grid", "thinned field"])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, (7.0, -4.0, 3.0)), (1.2, (0.0, 5.0, 2.0))])
def test_a_ball_arrives_where_the_field_says(on: Geometry, scale: float, shift) -> None:
    middle = (2.0, 1.0, -1.0)
    masks = {"brainstem": ball(FIRST, middle, 14.0)}
    found, remarks = carried(
        masks, FIRST, SECOND, CarryingField(affine_field(on, scale, shift), on)
    )
    truth = ball(SECOND, tuple((np.array(middle) - shift) / scale), 14.0, scale)
    assert truth.any()
    assert not remarks
    # Half way between voxels a ball of seven voxels loses three percent of its volume.
    assert dice(found["brainstem"], truth) > 0.955
    assert found["brainstem"].sum() == pytest.approx(truth.sum(), rel=0.05)
    centers = [np.argwhere(mask).mean(0) for mask in (found["brainstem"], truth)]
    assert np.abs(centers[0] - centers[1]).max() < 0.1


def test_nothing_fades_where_the_scan_ends() -> None:
    whole = np.ones(FIRST.shape, bool)
    still = CarryingField(np.zeros((*FIRST.shape, 3)), FIRST)
    found, _ = carried({"body": whole}, FIRST, FIRST, still)
    assert found["body"].all()
    half = np.zeros(FIRST.shape, bool)
    half[:20] = True
    assert (carried({"body": half}, FIRST, FIRST, still)[0]["body"] == half).all()


def test_an_organ_that_the_other_image_does_not_show_is_left_out_and_named() -> None:
    masks = {"larynx": ball(FIRST, (0, 0, 0), 10.0), "right_lung": np.zeros(FIRST.shape, bool)}
    away = CarryingField(np.broadcast_to([0.0, 0.0, 300.0], (*SECOND.shape, 3)), SECOND)
    found, remarks = carried(masks, FIRST, SECOND, away)
    assert not found
    assert [one.code for one in remarks] == ["organ-not-carried"] * 2
    assert "Larynx" in remarks[0].text


@pytest.mark.parametrize("to_first", [False, True])
def test_what_registration_refuses_is_told_of_each_organ(tmp_path: Path, to_first: bool) -> None:
    """The map lies on the fixed image, whichever way contours are carried."""
    refused = np.zeros(FIRST.shape, np.uint8)
    refused[points(FIRST)[..., 0] < 0] = 2
    write_volume(Volume(refused, FIRST, is_labelmap=True), tmp_path / "not_to_use.nrrd")
    shift = np.array([30.0, 0.0, 0.0])  # second = first + shift
    write_displacement(np.broadcast_to(-shift, (*SECOND.shape, 3)), SECOND,
                       tmp_path / "inverse_displacement.nrrd")  # fmt: skip
    write_displacement(np.broadcast_to(shift, (*FIRST.shape, 3)), FIRST,
                       tmp_path / "displacement.nrrd")  # fmt: skip
    field = read_carrying_field(tmp_path, to_first=to_first)
    grids = (SECOND, FIRST) if to_first else (FIRST, SECOND)
    move = shift if to_first else np.zeros(3)
    masks = {
        "right_parotid": ball(grids[0], tuple(np.array([-15.0, 0, 0]) + move), 8.0),
        "left_parotid": ball(grids[0], tuple(np.array([15.0, 0, 0]) + move), 8.0),
    }
    found, remarks = carried(masks, *grids, field)
    assert set(found) == set(masks)
    assert [one.code for one in remarks] == ["carried-in-doubt"]
    assert "100% of right parotid" in remarks[0].text


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="its grid needs"):
        CarryingField(np.zeros((2, 2, 2, 3)), FIRST)
    still = CarryingField(np.zeros((*FIRST.shape, 3)), FIRST)
    with pytest.raises(GeometryError, match="body: a mask of shape"):
        carried({"body": np.ones((3, 3, 3), bool)}, FIRST, FIRST, still)
    with pytest.raises(InputError, match="usable"):
        read_carrying_field(tmp_path)

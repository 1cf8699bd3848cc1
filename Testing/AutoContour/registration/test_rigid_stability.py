"""What parts of the body and other measures say of an offset, where the truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from AutoContourLib.registration.offset import mean_offset, offset_of
from AutoContourLib.registration.output import registration_result
from AutoContourLib.registration.rigid import CHECK, RigidRegistration, register_rigid
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.rigid_stability import Stability, stability_of
from AutoContourLib.registration.similarity import Similarity
from MedImageLib.errors import Remark
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.volume import Volume

OFFSET = rigid_matrix(np.array([3.0, -2, 4]), np.array([5.0, -4, 3]), np.zeros(3))
BALLS = (((20, 5, 10), 14, 700), ((-25, -8, -15), 11, 500), ((0, 22, 20), 9, -700))
REMARK = Remark("images-do-not-fit", "Look.")
QUICK = RigidSettings(samples=4000, search=False, check_flip=False)


def body(points: np.ndarray) -> np.ndarray:
    """Hounsfield units of an ellipsoid with balls and texture in it, at LPS points."""
    x, y, z = np.moveaxis(points, -1, 0)
    inside = (x / 62) ** 2 + (y / 50) ** 2 + (z / 60) ** 2 < 1
    values = np.where(inside, 20.0 + 40 * np.sin(x / 6) * np.sin(y / 7) * np.sin(z / 5), -1000.0)
    for center, radius, gray in BALLS:
        values[((points - np.array(center)) ** 2).sum(-1) < radius**2] = gray
    return ndimage.gaussian_filter(values, 0.6)


@pytest.fixture(scope="module")
def pair():
    """A CT and what an MR would make of it, moved by OFFSET."""
    grid = Geometry((40, 40, 44), (3.4, 3.4, 3.4), (-73.0, -66.0, -66.0))
    back = np.linalg.inv(OFFSET)
    points = grid_points(grid)
    fixed = Volume(body(points).astype(np.int16), grid, modality="CT")
    seen = body(points @ back[:3, :3].T + back[:3, 3])
    gray = np.interp(seen, [-1000, -300, 0, 60, 700], [0, 100, 900, 500, 150])
    return fixed, Volume(gray.astype(np.int16), grid, modality="MR")


def test_at_the_truth_all_parts_agree(pair):
    found = stability_of(*pair, OFFSET)
    assert len(found.parts_mm) == 6
    assert max(found.parts_mm) < 1.0
    assert found.doubt_mm < 1.0


@pytest.mark.parametrize("shift", [(4.0, 0, 0), (0, 0, -4.0)])
def test_beside_the_truth_every_part_says_how_far(pair, shift):
    beside = rigid_matrix(np.zeros(3), np.array(shift), np.zeros(3)) @ OFFSET
    found = stability_of(*pair, beside)
    assert np.mean(found.parts_mm) == pytest.approx(4.0, abs=1.0)
    assert found.doubt_mm > 3.0


def test_another_body_is_never_called_usable(pair):
    """Parts of it each find their own place."""
    fixed, moving = pair
    generator = np.random.default_rng(3)
    noise = ndimage.gaussian_filter(generator.normal(size=moving.array.shape), 3.0)
    other = np.where(moving.array > 0, 500 + 300 * noise / noise.std(), 0).clip(0, 2000)
    found = register_rigid(fixed, moving.with_array(other.astype(np.int16)), QUICK)
    assert not found.usable
    assert np.mean(stability_of(fixed, moving.with_array(other), OFFSET).parts_mm) > 2.0


def test_a_place_that_fits_as_well_is_a_rival(pair):
    far = rigid_matrix(np.zeros(3), np.array([0, 0, 30.0]), np.zeros(3)) @ OFFSET
    near = rigid_matrix(np.zeros(3), np.array([0, 0, 2.0]), np.zeros(3)) @ OFFSET
    scores = [(OFFSET, 0.2), (near, 0.19), (far, 0.19)]
    assert stability_of(*pair, OFFSET, scores).rival_mm == pytest.approx(30.0)
    weak = [(OFFSET, 0.2), (far, 0.1)]
    assert stability_of(*pair, OFFSET, weak).rival_mm == 0.0


def test_a_doubt_is_said_as_a_check_by_a_person(pair):
    fixed, moving = pair
    strict = dataclasses.replace(QUICK, largest_doubt_mm=0.1)
    doubtful = register_rigid(fixed, moving, strict, OFFSET)
    assert doubtful.verdict == CHECK
    assert not doubtful.usable
    assert doubtful.remarks[0].code == "offset-not-stable"


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("usable", "satisfied"), ("check", "not_assessable"), ("do not use", "not")],
)
def test_the_result_says_the_verdict(pair, verdict, state):
    fixed, moving = pair
    remarks = () if verdict == "usable" else (REMARK,)
    found = RigidRegistration(
        offset_of(OFFSET, np.zeros(3)), Similarity(0.1, 1, 0.5), Similarity(0.2, 1, 0.9),
        verdict, remarks, Stability((1.0, 3.0), 0.5, 0.0),
    )  # fmt: skip
    result = registration_result(fixed, moving, found, QUICK, [])
    assert result.flags[0].state == state
    assert result.value("offset_doubt").value == pytest.approx(2.0)
    assert not result.models
    searched = registration_result(fixed, moving, found, RigidSettings(), [])
    assert [model.name for model in searched.models] == ["rigid_start"]
    assert result.findings[0].startswith("" if verdict == "usable" else verdict.upper())


def test_the_mean_of_offsets_lies_between_them():
    center = np.array([10.0, 20, 30])
    one = rigid_matrix(np.array([0, 0, 8.0]), np.array([4.0, 0, 0]), center)
    other = rigid_matrix(np.array([0, 0, -8.0]), np.array([0.0, 2, 0]), center)
    expected = rigid_matrix(np.zeros(3), np.array([2.0, 1, 0]), center)
    np.testing.assert_allclose(mean_offset([one, other], center), expected, atol=1e-9)

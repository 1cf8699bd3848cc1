"""What is shown against analytic truth: levels, planes, outlines, surfaces, carried contours."""

from __future__ import annotations

import json
import shutil
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processed import GRID, OFFSET, ORGANS, SPACING_MM, head

from AutoContourLib.registration.fusion import FusionSettings
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.output import read_offset
from AutoContourLib.viewing.opened_study import OpenedStudy
from AutoContourLib.viewing.plan_question import answer_question, plan_question
from AutoContourLib.viewing.recomputing import fuse_anew, read_fusion, register_from_offset
from AutoContourLib.viewing.result_files import moving_image, planning_image
from AutoContourLib.viewing.slices import (
    body_box,
    gray_levels,
    planes,
    slice_grid,
    slice_levels,
    slice_outlines,
)
from AutoContourLib.viewing.surfaces import surfaces_as_bytes, surfaces_of
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.results import read_result
from MedImageLib.volume import Volume


@settings(deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20),
    kind=st.sampled_from([np.int16, np.float32, np.float64]),
)
def test_levels_give_back_every_value(values, kind):
    array = np.clip(np.array(values), -30000, 30000).astype(kind).reshape(1, 1, -1)
    found = gray_levels(Volume(array, Geometry(array.shape)))
    back = found.low + found.step * found.volume.array.astype(float)
    assert np.abs(back - array).max() <= (0 if kind == np.int16 else found.step * 0.51 + 1e-2)


def test_values_that_are_not_finite_do_no_harm():
    array = np.array([[[np.nan, np.inf, -np.inf, 5.0]]], np.float32)
    found = gray_levels(Volume(array, Geometry(array.shape)))
    assert np.isfinite([found.low, found.step, *found.window]).all()


@pytest.mark.parametrize("first_axis", ["k", "j", "i"])
def test_planes_are_named_by_the_patient_not_by_the_array(first_axis):
    order = {"k": (0, 1, 2), "j": (0, 2, 1), "i": (1, 2, 0)}[first_axis]
    direction = np.eye(3)[:, list(order)]
    geometry = Geometry((4, 5, 6), (1.0, 1.0, 1.0), direction=tuple(map(tuple, direction)))
    found = planes(geometry)
    assert [one.name for one in found] == ["Axial", "Coronal", "Sagittal"]
    assert found[0].axis == "ijk"[order.index(2)]
    assert found[0].letters == ("R", "L", "A", "P")
    assert found[1].letters == ("R", "L", "H", "F")


def test_a_plane_alone_lies_where_the_slice_lies():
    volume, _ = head()
    for axis, index in (("k", 7), ("j", 11), ("i", 30)):
        grid = slice_grid(GRID, axis, index)
        start = np.zeros(3)
        start["ijk".index(axis)] = index
        np.testing.assert_allclose(grid.points_mm(np.zeros(3)), GRID.points_mm(start))
        levels = gray_levels(volume).volume
        assert len(slice_levels(levels, axis, index)) == 2 * np.prod(grid.shape)
        with pytest.raises(InputError):
            slice_grid(GRID, axis, 99)


def test_the_body_is_framed_without_the_air():
    volume, masks = head()
    low, high = body_box(gray_levels(volume))
    inside = np.argwhere(masks["body"])[:, ::-1]
    assert (np.array(low) <= inside.min(0)).all()
    assert (np.array(high) >= inside.max(0)).all()
    assert low[1] > 0
    assert high[1] < 39


def test_exact_outlines_enclose_the_voxels():
    labels = np.zeros((3, 8, 8), np.uint8)
    labels[1, 1:7, 1:7] = 1
    labels[1, 3:5, 3:5] = 10
    volume = Volume(labels, Geometry(labels.shape), is_labelmap=True)
    found = slice_outlines(volume, {1: "body", 10: "brainstem"}, "k", 1, exact=True)

    def area(loop):
        x, y = np.array(loop).reshape(-1, 2).T
        return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2

    assert [len(found["body"]), len(found["brainstem"])] == [1, 1]
    assert area(found["body"][0]) == pytest.approx(36, rel=0.02)
    assert area(found["brainstem"][0]) == pytest.approx(4, rel=0.03)
    assert slice_outlines(volume, {1: "body"}, "k", 0) == {}


def test_a_surface_has_the_volume_of_its_ball_and_looks_outward():
    k, j, i = np.mgrid[:40, :40, :40] - 20.0
    labels = ((k * 1.5) ** 2 + j**2 + i**2 < 15**2).astype(np.uint8)
    geometry = Geometry(labels.shape, (1.0, 1.0, 1.5), (10.0, 20.0, 30.0))
    found = surfaces_of(Volume(labels, geometry, is_labelmap=True), {1: "body", 2: "bone"})
    assert [one.key for one in found] == ["body"]
    ball = found[0]
    middle = geometry.points_mm(np.array([20, 20, 20]))
    np.testing.assert_allclose(ball.points_mm.mean(0), middle, atol=0.2)
    assert np.linalg.norm(ball.points_mm - middle, axis=1).std() < 0.4
    a, b, c = (ball.points_mm[ball.triangles[:, n]] - middle for n in range(3))
    volume = np.abs(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.05)
    outward = np.einsum("ij,ij->i", ball.normals, ball.points_mm - middle)
    assert (np.abs(outward) > 0).mean() > 0.99
    content = surfaces_as_bytes(found)
    (length,) = struct.unpack_from("<I", content)
    table = json.loads(content[4 : 4 + length])
    assert (4 + length) % 4 == 0
    points, triangles = table[0]["points"], table[0]["triangles"]
    assert len(content) == 4 + length + points * 24 + triangles * 12


def test_second_contours_follow_the_field_back(study):
    shutil.copytree(study / "contours", study / "second_contours" / "1-CT")
    shown = OpenedStudy(study).contours("second", "1-CT")
    value = next(v for v, key in shown.keys.items() if key == "brainstem")
    _, j, i = np.argwhere(shown.labels.array == value).mean(0)
    (_, at_j, at_i), _ = ORGANS["brainstem"]
    assert i == pytest.approx(at_i - OFFSET.translation_mm[0] / SPACING_MM[0], abs=0.6)
    assert j == pytest.approx(at_j - 9.0 / SPACING_MM[1], abs=0.6)


def test_images_come_from_a_scene_as_the_product_writes_it(study):
    from MedImageLib.study_scene import write_study_scene

    first, masks = head()
    second, _ = head(6.0)
    labels = first.with_array(masks["body"].astype(np.uint8), is_labelmap=True)
    write_study_scene(
        study / "scene.mrb",
        first,
        [labels],
        {1: "body"},
        read_result(study),
        "Planning CT",
        others={"Image 1 CT": second},
    )
    np.testing.assert_array_equal(planning_image(study).array, first.array)
    assert planning_image(study).geometry.same_grid(GRID)
    np.testing.assert_array_equal(moving_image(study, "1-CT").array, second.array)
    (study / "scene.mrb").write_bytes(b"no archive")
    with pytest.raises(InputError, match="process the study"):
        planning_image(study)


def test_given_numbers_are_kept_and_the_field_follows(study):
    pair = study / "registrations" / "1-CT"
    offset = RigidOffset((6.5, 1.0, 0.0), (0.0, 0.0, 2.0), (0.0, 0.0, 0.0))
    register_from_offset(study, "1-CT", offset)
    found = read_offset(pair / "offset.json")
    np.testing.assert_allclose(found.moving_from_fixed, offset.moving_from_fixed, atol=1e-9)
    result = read_result(pair)
    assert any(one.code == "offset-by-a-person" for one in result.warnings)
    assert result.inputs[0].role == "fixed"
    assert read_image(pair / "moved.nrrd").geometry.same_grid(GRID)


def test_another_fusion_replaces_the_fused_image(study):
    pair = study / "registrations" / "1-CT"
    fuse_anew(study, "1-CT", FusionSettings(method="larger"))
    larger = read_image(pair / "fused.nrrd").array
    assert read_fusion(pair).method == "larger"
    fuse_anew(study, "1-CT", FusionSettings(method="smaller"))
    smaller = read_image(pair / "fused.nrrd").array
    assert read_fusion(pair).method == "smaller"
    assert (smaller <= larger + 1e-6).all()
    assert (smaller < larger).any()


def test_a_small_deformation_asks_nothing(results, study):
    path = study / "registrations" / "1-CT" / "deformation_degree.json"
    values = json.loads(path.read_text())
    values["by_field"][0]["p95_mm"] = 1.0
    path.write_text(json.dumps(values))
    found = plan_question(results, study, "1-CT")
    assert (found.degree_mm, found.threshold_mm, found.decision) == (1.0, 5.0, None)
    with pytest.raises(InputError, match="nothing is asked"):
        answer_question(results, study, "1-CT", "keep", "Dr. A")

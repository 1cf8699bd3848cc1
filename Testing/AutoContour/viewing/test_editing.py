"""Strokes against analytic truth, undo, journal, lost updates, and the files after saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from AutoContourLib.contours.contour_settings import RasterSettings
from AutoContourLib.contours.rasterizing import rasterized
from AutoContourLib.contours.review import read_review, reviewed
from AutoContourLib.contours.rtstruct_reader import read_rtstruct
from AutoContourLib.viewing.editing import JOURNAL_FILE, Draft, Stroke, SupersededError
from AutoContourLib.viewing.opened_study import OpenedStudy
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume

KEYS = {1: "body", 5: "brainstem", 9: "left_parotid"}
WHEN = "2026-03-01T10:00:00+00:00"


def stroke(points, structure="brainstem", mode="draw", axis="k", index=2, radius_mm=5.0):
    return Stroke(structure, mode, axis, index, tuple(points), radius_mm, "Dr. A", WHEN)


def draft(folder: Path, spacing_mm=(2.0, 1.0, 3.0), shape=(6, 40, 30)) -> Draft:
    labels = np.zeros(shape, np.uint8)
    labels[:, 4:36, 3:27] = 1
    volume = Volume(labels, Geometry(shape, spacing_mm), is_labelmap=True)
    return Draft(volume, KEYS, folder)


def test_a_dot_is_a_disc_in_millimeters(tmp_path):
    one = draft(tmp_path)
    one.draw(stroke([(12.0, 20.0)], radius_mm=6.0), one.revision)
    j, i = np.mgrid[:40, :30]
    disc = np.hypot((i - 12) * 2.0, (j - 20) * 1.0) <= 6.0
    np.testing.assert_array_equal(one.labels.array[2] == 5, disc)
    assert not (one.labels.array[[0, 1, 3, 4, 5]] == 5).any()


@pytest.mark.parametrize("axis", ["i", "j", "k"])
def test_a_line_is_a_capsule_on_every_plane(tmp_path, axis):
    one = draft(tmp_path, (1.0, 1.0, 1.0), (20, 20, 20))
    one.draw(stroke([(5.0, 6.0), (12.0, 6.0)], axis=axis, index=7, radius_mm=2.0), one.revision)
    number = 2 - "ijk".index(axis)
    plane = np.moveaxis(one.labels.array, number, 0)[7] == 5  # remaining axes in order (k, j, i)
    second, first = np.mgrid[:20, :20]
    along = np.clip(first, 5, 12)
    np.testing.assert_array_equal(plane, np.hypot(first - along, second - 6) <= 2.0)


def test_the_smallest_stroke_draws_the_voxel_it_points_at(tmp_path):
    one = draft(tmp_path)
    one.draw(stroke([(12.4, 19.6)], radius_mm=0.1), one.revision)
    assert np.argwhere(one.labels.array == 5).tolist() == [[2, 20, 12]]


def test_what_is_erased_inside_of_the_body_is_body_again_and_the_body_spares_organs(tmp_path):
    one = draft(tmp_path)
    before = one.labels.array.copy()
    one.draw(stroke([(12.0, 20.0)]), one.revision)
    organ = one.labels.array == 5
    one.draw(stroke([(12.0, 20.0)], "body", radius_mm=30.0), one.revision)
    np.testing.assert_array_equal(one.labels.array == 5, organ)
    one.undo(one.revision)
    one.draw(stroke([(12.0, 20.0)], mode="erase", radius_mm=30.0), one.revision)
    np.testing.assert_array_equal(one.labels.array, before)


strokes = st.lists(
    st.tuples(
        st.sampled_from(["brainstem", "left_parotid", "body"]),
        st.sampled_from(["draw", "erase"]),
        st.sampled_from(["i", "j", "k"]),
        st.integers(0, 5),
        st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=3),
        st.floats(0.1, 20),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=40)
@given(values=strokes)
def test_undo_gives_back_every_state_and_a_journal_every_stroke(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("draft")
    one = draft(folder)
    states = [one.labels.array.copy()]
    for structure, mode, axis, index, points, radius in values:
        one.draw(stroke(points, structure, mode, axis, index, radius), one.revision)
        states.append(one.labels.array.copy())
    again = draft(folder)  # after a kill
    np.testing.assert_array_equal(again.labels.array, states[-1])
    assert again.revision == one.revision
    for state in reversed(states[:-1]):
        again.undo(again.revision)
        np.testing.assert_array_equal(again.labels.array, state)
    assert not (folder / JOURNAL_FILE).exists()


def test_whoever_is_late_is_refused_with_the_name_of_the_other(tmp_path):
    one = draft(tmp_path)
    seen = one.revision
    one.draw(stroke([(12.0, 20.0)]), seen)
    kept = one.labels.array.copy()
    for act in (lambda: one.draw(stroke([(5.0, 5.0)]), seen), lambda: one.undo(seen)):
        with pytest.raises(SupersededError, match=r"changed by Dr\. A since you looked"):
            act()
    np.testing.assert_array_equal(one.labels.array, kept)
    assert len(one.strokes) == 1


def test_a_journal_that_a_kill_cut_off_or_of_other_contours_is_left(tmp_path):
    one = draft(tmp_path)
    one.draw(stroke([(12.0, 20.0)]), one.revision)
    one.draw(stroke([(16.0, 20.0)]), one.revision)
    journal = tmp_path / JOURNAL_FILE
    journal.write_text(journal.read_text()[:-40])
    assert len(draft(tmp_path).strokes) == 1
    assert not draft(tmp_path, shape=(6, 41, 30)).strokes


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": []},
        {"points": [(np.nan, 1.0)]},
        {"points": [(1e9, 1e9)]},
        {"points": [(1.0, 1.0)] * 5000},
        {"points": [(1.0, 1.0)], "radius_mm": 0.0},
        {"points": [(1.0, 1.0)], "radius_mm": np.nan},
        {"points": [(1.0, 1.0)], "radius_mm": 1e6},
        {"points": [(1.0, 1.0)], "mode": "burn"},
        {"points": [(1.0, 1.0)], "axis": "x"},
        {"points": [(1.0, 1.0)], "index": 6},
        {"points": [(1.0, 1.0)], "index": -1},
        {"points": [(1.0, 1.0)], "structure": "heart"},
    ],
)
def test_hostile_strokes_change_nothing(tmp_path, wrong):
    one = draft(tmp_path)
    before, revision = one.labels.array.copy(), one.revision
    with pytest.raises(InputError):
        one.draw(stroke(**wrong), revision)
    np.testing.assert_array_equal(one.labels.array, before)
    assert one.revision == revision
    assert not (tmp_path / JOURNAL_FILE).exists()


def test_saving_writes_labels_segmentation_and_rtstruct_and_asks_for_a_new_review(study, inputs):
    folder = study / "contours"
    reviewed(folder, "Dr. B", approve=["all"])
    uid = pydicom.dcmread(folder / "rtstruct.dcm").SOPInstanceUID
    opened = OpenedStudy(study)
    shown = opened.contours("first")
    one = Draft(shown.labels, shown.keys, shown.folder)
    one.draw(stroke([(30.0, 18.0), (36.0, 18.0)], index=9, radius_mm=8.0), one.revision)
    changed = one.save(one.revision)
    assert {"brainstem", "left_parotid"} <= set(changed)
    np.testing.assert_array_equal(read_image(folder / "labels.nii.gz").array, one.labels.array)
    states = {mark.structure: mark.state for mark in read_review(folder)}
    assert states["brainstem"] == "edited"
    assert not (folder / "APPROVED").exists()
    # Made of the labels of before, so gone; the report of the study is its own.
    assert not (folder / "segmentation.dcm").exists()
    dataset = pydicom.dcmread(folder / "rtstruct.dcm")
    assert dataset.ApprovalStatus == "UNAPPROVED"
    assert dataset.SOPInstanceUID != uid
    scan = read_image(inputs)
    masks = rasterized(read_rtstruct(folder / "rtstruct.dcm", [scan]), scan, RasterSettings()).masks
    brainstem = next(value for value, key in shown.keys.items() if key == "brainstem")
    np.testing.assert_array_equal(masks["Brainstem"].array > 0, one.labels.array == brainstem)
    assert not one.strokes
    assert not (folder / JOURNAL_FILE).exists()
    with pytest.raises(InputError, match="Nothing was drawn"):
        one.save(one.revision)

"""Numbers on drawn cavities whose shape is known, and what they lead to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from CardiacLVLib.cine.evidence import Evidence, check_evidence, evidence_of
from CardiacLVLib.cine.short_axis import NotShortAxisCineError
from CardiacLVLib.ventricle.segmentation import segment_cine
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume, VolumeSequence

SIDE = 80
ROWS, COLUMNS = np.indices((SIDE, SIDE))
SEEN = Evidence(1.0, 0.95, 0.9, 0.95, 0.3, 2.0, 55.0, 0.3, 0.3)
# Normals of planes across an ordinary heart (LPS), and of planes along it.
ACROSS, ALONG = (-0.65, 0.64, 0.41), (0.70, 0.71, 0.0)


def ellipse(long_px: float, short_px: float, center=(40.0, 40.0), walled=True) -> np.ndarray:
    """Label map (row, column) of a cavity with half axes along rows and columns, and its wall."""
    down, right = ROWS - center[0], COLUMNS - center[1]
    inner = np.hypot(down / long_px, right / short_px) < 1
    outer = np.hypot(down / (long_px + 4), right / (short_px + 4)) < 1
    return np.where(inner, 1, np.where(outer & walled, 2, 0)).astype(np.uint8)


def evidence(labels: np.ndarray, gray=None) -> Evidence:
    """Of labels (plane, frame, row, column); blood 600, wall 200, the rest 0 unless given."""
    images = np.choose(labels, (0.0, 600.0, 200.0)) if gray is None else gray
    sure = np.stack([(labels == value) * 0.9 for value in range(3)], axis=2)
    starts = [(0, 0)] * len(labels)
    return evidence_of(list(labels), list(sure), list(images), starts, (1.5, 1.5, 8.0))


def sequence(planes: int, normal=ACROSS) -> VolumeSequence:
    k = np.array(normal) / np.linalg.norm(normal)
    i = np.cross([0.0, 0.0, -1.0], k)
    i /= np.linalg.norm(i)
    direction = np.stack([i, np.cross(k, i), k], axis=1)
    geometry = Geometry((planes, SIDE, SIDE), (1.5, 1.5, 8.0), direction=direction)
    frame = Volume(np.zeros((planes, SIDE, SIDE), np.int16), geometry, modality="MR")
    return VolumeSequence((frame, frame), (0.0, 40.0))


def test_a_round_cavity_in_its_wall_that_beats():
    labels = np.stack([[ellipse(r, r) for r in (18, 14, 16)] for _ in range(3)])
    found = evidence(labels)
    assert found.shown_share == 1.0
    assert found.wall_share == 1.0
    assert found.roundness == pytest.approx(1.0, abs=0.01)
    assert found.confidence == pytest.approx(0.9)
    assert found.contrast == pytest.approx(400 / 600)
    assert found.off_axis_mm < 0.01
    assert found.diameter_mm == pytest.approx(2 * 18 * 1.5, rel=0.01)
    assert found.beat == pytest.approx(1 - (14 / 18) ** 2, abs=0.02)
    assert found.moved > 0.3
    assert check_evidence(found, sequence(3)) == ()


@pytest.mark.parametrize("ratio", [0.4, 0.6, 0.8])
def test_roundness_is_the_ratio_of_the_axes(ratio):
    labels = np.stack([[ellipse(24, 24 * ratio) for _ in range(2)]])
    assert evidence(labels).roundness == pytest.approx(ratio, abs=0.02)


def test_a_cavity_without_a_wall_and_one_that_jumps():
    bare = evidence(np.stack([[ellipse(15, 15, walled=False)] * 2] * 2))
    assert bare.wall_share == 0.0
    jumping = evidence(
        np.stack([[ellipse(9, 9, (20 + 40 * (n % 2), 20 + 13 * (n // 2)))] * 2 for n in range(4)])
    )
    assert jumping.off_axis_mm > 5.0
    assert evidence(np.zeros((2, 2, SIDE, SIDE), np.uint8)).shown_share == 0.0


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"shown_share": 0.0}, "no left ventricle"),
        ({"moved": 0.01}, "nothing beats"),
        ({"wall_share": 0.15}, "no wall around it"),
        ({"confidence": 0.55}, "only 55 % sure"),
        ({"off_axis_mm": 30.0}, "30 mm off a common axis"),
        ({"roundness": 0.5}, "long-axis view"),
    ],
)
def test_clear_cases_are_refused(changes, cause):
    with pytest.raises(NotShortAxisCineError, match=cause):
        check_evidence(dataclasses.replace(SEEN, **changes), sequence(3))


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"wall_share": 0.6}, "60 % of the cavity's border"),
        ({"roundness": 0.68}, "width is 0.68"),
        ({"confidence": 0.75}, "75 % sure"),
        ({"off_axis_mm": 10.0}, "10 mm off"),
        ({"beat": 0.02}, "hardly moves"),
        ({"diameter_mm": 120.0}, "check the pixel spacing"),
    ],
)
def test_doubtful_cases_are_processed_and_said(changes, doubt):
    (remark,) = check_evidence(dataclasses.replace(SEEN, **changes), sequence(3))
    assert remark.code == "short-axis-doubtful"
    assert doubt in remark.text


def test_a_long_cavity_counts_more_on_a_single_plane_and_along_the_usual_axis():
    longish = dataclasses.replace(SEEN, roundness=0.62)
    assert check_evidence(longish, sequence(3))
    with pytest.raises(NotShortAxisCineError, match="long-axis"):
        check_evidence(longish, sequence(1))
    with pytest.raises(NotShortAxisCineError, match="degrees from those usual"):
        check_evidence(longish, sequence(3, ALONG))
    # A round cavity is one, however the heart lies.
    assert check_evidence(SEEN, sequence(3, ALONG)) == ()


def test_a_brain_that_trembles_is_refused(data_dir):
    from MedImageLib.reading import read_image

    middle = read_image(data_dir / "mr_negatives" / "brain_epi_ge").array[7:9]
    noise = np.random.default_rng(0)
    geometry = Geometry(middle.shape, (3.75, 3.75, 5.0))
    frames = tuple(
        Volume(middle + noise.normal(0, 20, middle.shape).astype(np.float32), geometry)
        for _ in range(2)
    )
    with pytest.raises(NotShortAxisCineError):
        segment_cine(VolumeSequence(frames, (0.0, 1.0)))

"""Targets: what was not drawn has none; turned and squeezed frames have exact ones."""

from __future__ import annotations

import numpy as np
import pytest
from hearts import drawn_frame, write_rings

from CardiacLVLib.ensemble.targets import (
    DRAWN_BY_PEOPLE,
    GENERATED,
    WALL_INDICES,
    generated_frames,
    labeled_frames,
    squeezed,
)
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.network.samples import Source
from MedImageLib.phantom.cine import CineSettings


def test_a_ring_is_measured():
    indices = drawn_frame(20).indices()
    np.testing.assert_allclose(indices[0], np.pi * 20**2, rtol=0.01)
    np.testing.assert_allclose(indices[2:5], 40, atol=0.3)
    np.testing.assert_allclose(indices[5:], 9, atol=0.3)


def test_a_wall_that_was_not_drawn_has_no_target():
    indices = drawn_frame(20, drawn=(1,)).indices()
    missing = {INDEX_NAMES[n] for n in np.flatnonzero(np.isnan(indices))}
    assert missing == {"myocardium_area_mm2", *(f"rwt{n}_mm" for n in range(1, 7))}
    assert {INDEX_NAMES[n] for n in WALL_INDICES} == missing


def test_turning_by_a_sector_renames_dimensions_and_sectors():
    frame = drawn_frame(20, oval=1.15)
    usual, turned = frame.indices(), frame.indices(60)
    np.testing.assert_allclose(turned[2:5], np.roll(usual[2:5], 1), atol=0.02)
    np.testing.assert_allclose(turned[5:], np.roll(usual[5:], 1), atol=0.05)
    assert np.ptp(usual[2:5]) > 5


@pytest.mark.parametrize("log_ratio", [-0.4, 0.3])
def test_a_squeezed_circle_is_an_ellipse_of_the_same_area(log_ratio):
    frame = drawn_frame(20)
    oval = squeezed(frame, log_ratio)
    # Directions are those of the same pixels: along a half axis they stay.
    along_i = oval.indices(90 - oval.insertion_deg - 90)[3]  # I–A lies 30° from the insertion
    half = np.array([20 * np.exp(log_ratio / 2), 20 * np.exp(-log_ratio / 2)])
    direction = np.deg2rad(-150.0)
    radius = 1 / np.hypot(np.cos(direction) / half[0], np.sin(direction) / half[1])
    assert oval.indices()[0] == pytest.approx(np.pi * 400, rel=0.01)
    assert along_i == pytest.approx(2 * radius, abs=0.5)
    assert oval.spacing_mm[1] / oval.spacing_mm[0] == pytest.approx(np.exp(log_ratio))


def test_frames_of_an_index_know_what_was_drawn(tmp_path):
    write_rings(tmp_path, patients=2, images=1)
    source = Source(
        "rings",
        "index.csv",
        drawn_column="labelled",
        drawn_names={"cavity": 1, "myocardium": 2},
        spacing_columns=("row_mm", "col_mm"),
    )
    walled, bare = labeled_frames(tmp_path, [source])
    assert walled.origin == bare.origin == DRAWN_BY_PEOPLE
    assert np.isfinite(walled.indices()).all()
    assert np.isnan(bare.indices()).sum() == 7
    assert bare.spacing_known
    assert bare.fold == 1


def test_generated_frames_hold_their_exact_areas():
    cine = CineSettings(slices=4, frames=2, rows=96, spacing_mm=2.6)
    frames = list(generated_frames(11, cine))
    assert len(frames) >= 3
    assert {frame.phase for frame in frames} == {"ED", "ES"}
    for frame in frames:
        assert frame.origin == GENERATED
        pixels = (frame.labels == 1).sum() * 2.6**2
        assert frame.indices()[0] == pytest.approx(pixels, rel=0.05, abs=15)

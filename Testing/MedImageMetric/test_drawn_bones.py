"""What a reading says of the spine as label maps, on lungs of known place."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.network.samples import UNKNOWN, Source, read_samples
from MedImageMetricLib.radiograph import drawn_bones
from MedImageMetricLib.radiograph.drawn_bones import (
    CLAVICLES_SHARE,
    WIDTH_AT_APEX,
    LungExtent,
    lung_extent,
    spine_band,
    spine_offset,
)

SHAPE = (220, 200)
IMAGE = np.zeros(SHAPE, np.float32)


@pytest.fixture
def lungs(monkeypatch):
    """Two rectangles: rows 20 to 180, columns 20 to 90 and 110 to 180; the dome in row 140."""
    right, left = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    right[20:181, 20:91] = True
    left[20:181, 110:181] = True
    found = LungExtent(right, left, 20.0, 140.0, 180.0, 20.0, 180.0)
    monkeypatch.setattr(drawn_bones, "lung_extent", lambda image: found)
    return found


def spine(top: str, mid: str, bottom: str) -> np.ndarray | None:
    row = {"id": "a", "spine_x_top": top, "spine_x_mid": mid, "spine_x_bottom": bottom}
    return spine_band(IMAGE, row, None)  # type: ignore[arg-type]


def test_the_band_goes_through_the_points_and_only_beside_the_lungs(lungs, tmp_path):
    label = spine("100", "110", "104")
    assert label is not None
    for row, x in ((20 + CLAVICLES_SHARE * 160, 100), (80, 110), (140, 104)):
        assert np.flatnonzero(label[round(row)] == 1).mean() == pytest.approx(x, abs=0.6)
    marked = np.flatnonzero((label == 1).any(1))
    assert marked[0] >= 20
    assert marked[-1] <= 180
    assert (label[40] == 1).sum() == pytest.approx(WIDTH_AT_APEX * 160, abs=3)
    assert (label[170] == 1).sum() > (label[40] == 1).sum() + 3  # wider below
    assert (label[20] == UNKNOWN).all()  # where exactly it ends nobody read
    assert (label[215] == 0).all()


def test_beyond_the_last_point_that_was_read_nothing_is_known(lungs):
    label = spine("100", "110", "")
    assert label is not None
    assert (label[81:] == UNKNOWN).all()
    assert (label[75] == 1).any()
    label = spine("", "110", "110")
    assert label is not None
    assert (label[:79] == UNKNOWN).all()


def test_one_point_is_no_column_and_without_lungs_there_are_no_heights(lungs, monkeypatch):
    assert spine("100", "", "") is None
    high = replace(lungs, dome=lungs.apex + 10)
    monkeypatch.setattr(drawn_bones, "lung_extent", lambda image: high)
    assert spine("100", "100", "100") is None
    monkeypatch.setattr(drawn_bones, "lung_extent", lambda image: None)
    assert spine("100", "100", "100") is None


@pytest.mark.parametrize(("column", "expected"), [(49.5, 0.0), (59.5, 0.1), (39.5, -0.1)])
def test_offset_is_a_signed_share_of_the_width(column: float, expected: float):
    labels = np.zeros((50, 100), np.uint8)
    labels[10:40, int(column - 2.5) : int(column + 3.5)] = 1
    assert spine_offset(labels, (1.0, 1.0)) == pytest.approx(expected)


def test_no_spine_has_no_offset():
    assert spine_offset(np.zeros((20, 20), np.uint8), (1.0, 1.0)) is None


def test_lungs_of_a_generated_radiograph_are_where_their_masks_are():
    from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph

    made = generate_radiograph(RadiographSettings(seed=3, size_px=256))
    truth = (made.labels["right_lung"] | made.labels["left_lung"])[0]
    found = lung_extent(made.image.array[0].astype(np.float32))
    assert found is not None
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    assert found.apex == pytest.approx(rows[0], abs=12)
    assert found.base == pytest.approx(rows[-1], abs=12)
    assert found.width == pytest.approx(columns[-1] - columns[0], abs=12)
    assert found.apex < found.dome < found.base


@pytest.mark.parametrize("source", ["wingspan", "hannover"])
def test_the_band_of_real_radiographs_holds_what_was_read(data_dir, source):
    folder = data_dir / "cxr_read_by_eye"
    with (folder / f"{source}.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["spine_x_mid"] and row["spine_x_top"]]
    chosen = {row["id"]: row for row in rows[:3]}
    wanted = Source(
        source,
        f"cxr_{source}/index.csv",
        reading=f"cxr_read_by_eye/{source}.csv",
        drawing="MedImageMetricLib.radiograph.drawn_bones:spine_band",
        where={"id": list(chosen)},
    )
    samples = read_samples(data_dir, [wanted])
    assert len(samples) == 3
    for sample in samples:
        assert {0, 1} <= set(np.unique(sample.label)) <= {0, 1, UNKNOWN}
        marked = np.flatnonzero((sample.label == 1).any(0))
        for name in ("top", "mid"):
            assert marked[0] < float(chosen[sample.id][f"spine_x_{name}"]) < marked[-1]
        assert 0 <= sample.fold < 5

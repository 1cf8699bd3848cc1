"""Segmentation of radiographs: what is refused, flagged and found, on generated and real ones."""

from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import pytest

from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph
from MedImageLib.reading import read_image
from MedImageLib.results import read_result
from MedImageLib.volume import Volume
from MedImageMetricLib.radiograph.segmentation import (
    chest_doubts,
    content_box,
    largest_parts,
    radiograph_plane,
    segment_radiograph,
)


def plane(array, **changes) -> Volume:
    return Volume(np.asarray(array)[None], Geometry((1, *np.shape(array))), **changes)


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (Volume(np.zeros((3, 99, 99)), Geometry((3, 99, 99))), "3 slices"),
        (plane(np.zeros((99, 99)), modality="MR"), "MR"),
        (plane(np.zeros((99, 99)), tags={"color": True}), "color"),
        (plane(np.zeros((40, 99))), "99 × 40"),
        (plane(np.random.default_rng(0).normal(size=(200, 200))), "noise"),
    ],
)
def test_what_is_no_radiograph_is_refused(volume, words):
    with pytest.raises(InputError, match=words):
        radiograph_plane(volume)


def test_even_margins_are_left_out():
    picture = np.zeros((300, 300), np.float32)
    picture[50:250, 100:220] = np.random.default_rng(0).uniform(0, 1, (200, 120))
    assert content_box(picture) == (slice(50, 250), slice(100, 220))
    assert content_box(np.zeros((80, 90))) == (slice(0, 80), slice(0, 90))


def test_only_the_largest_part_of_each_organ_stays_and_holes_close():
    labels = np.zeros((60, 60), np.uint8)
    labels[10:30, 10:30] = 1
    labels[15:18, 15:18] = 0
    labels[50:53, 50:53] = 1
    cleaned = largest_parts(labels)
    assert cleaned[16, 16] == 1
    assert not cleaned[50:53, 50:53].any()


def test_a_tongue_does_not_widen_the_heart_and_a_thin_heart_stays():
    rows, columns = np.mgrid[:200, :200]
    heart = (rows - 100) ** 2 + (columns - 100) ** 2 <= 40**2
    tongue = (np.abs(rows - 120) <= 2) & (columns > 100) & (columns < 170)
    clean = largest_parts(np.where(heart | tongue, 3, 0).astype(np.uint8)) == 3
    assert np.flatnonzero(clean.any(0))[-1] <= 142
    assert dice(clean, heart) > 0.995
    thin = np.where(tongue, 3, 0).astype(np.uint8)
    assert np.array_equal(largest_parts(thin), thin)


def test_implausible_chests_are_doubted():
    labels = np.zeros((100, 100), np.uint8)
    labels[20:80, 10:40], labels[20:80, 60:90], labels[55:75, 40:60] = 1, 2, 3
    assert chest_doubts(labels) == []
    assert "right lung" in chest_doubts(np.where(labels == 1, 0, labels))[0]
    assert "between" in chest_doubts(labels[:, ::-1])[0]
    assert "above" in chest_doubts(np.where(labels == 3, 0, labels) + upper_heart(labels))[0]


def upper_heart(labels) -> np.ndarray:
    heart = np.zeros_like(labels)
    heart[5:20, 40:60] = 3
    return heart


def test_generated_radiograph_overlaps_its_truth():
    generated = generate_radiograph(RadiographSettings(seed=3, size_px=384))
    found = segment_radiograph(generated.image)
    assert found.is_chest
    for value, name in ((1, "right_lung"), (2, "left_lung"), (3, "heart")):
        assert dice(generated.labels[name], found.labels.array == value) > 0.8, name
    assert abs(found.ratio.value - generated.ctr) < 0.1


NOT_CHESTS = ("aw_leg", "ocx_00005", "aw_rot90", "aw_half")
ALIKE = ("aw_inverted", "aw_lowcontrast", "aw_overexposed", "aw_letterbox", "aw_16bit", "aw_rgba")


@pytest.fixture(scope="module")
def awkward(data_dir):
    folder = data_dir / "cxr_awkward"
    with (folder / "index.csv").open(newline="") as stream:
        return {row["id"]: folder / row["file"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize("name", NOT_CHESTS)
def test_other_pictures_give_no_ratio(awkward, name):
    found = segment_radiograph(read_image(awkward[name]))
    assert not found.is_chest
    assert found.ratio is None
    assert any(remark.code == "not-a-frontal-chest" for remark in found.remarks)


@pytest.mark.parametrize("name", ["aw_colour_photo", "aw_tiny", "aw_constant", "aw_noise"])
def test_useless_pictures_are_refused(awkward, name):
    with pytest.raises(InputError):
        segment_radiograph(read_image(awkward[name]))


@pytest.mark.parametrize("name", ALIKE)
def test_altered_copies_of_one_radiograph_give_one_ratio(awkward, name):
    original = segment_radiograph(read_image(awkward["full_mhh_5f619d7e"])).ratio.value
    assert segment_radiograph(read_image(awkward[name])).ratio.value == pytest.approx(
        original, abs=0.03
    )


def test_command_writes_a_whole_folder_and_goes_on_after_a_bad_input(tmp_path):
    from PIL import Image

    generated = generate_radiograph(RadiographSettings(seed=5, size_px=256))
    picture = generated.image.array[0].astype(float)
    picture = (255 * (picture - picture.min()) / np.ptp(picture)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "chest.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "MedImageLib", "radiograph", "--no-scene"),
            *(str(tmp_path / "broken.png"), str(tmp_path / "chest.png")),
            *("-o", str(tmp_path / "out")),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "broken.png" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "broken").exists()
    result = read_result(tmp_path / "out" / "chest")
    assert {file.name for file in result.files} == {
        "labels.png",
        "labels.seg.nrrd",
        "overlay.png",
        "report.html",
    }
    assert result.value("cardiothoracic_ratio").value is not None
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["chest"]

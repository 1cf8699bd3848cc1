"""Labels drawn from numbers that were read, joined by id; pixels of which nothing is known."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from discs import write_discs

from MedImageLib.errors import InputError, SettingsError
from MedImageLib.network.evaluation import _scored
from MedImageLib.network.losses import segmentation_loss
from MedImageLib.network.samples import UNKNOWN, Sample, Source, read_samples


def columns_up_to(image: np.ndarray, row: dict[str, str], folder) -> np.ndarray | None:
    """Drawing: class 1 up to the column that was read, nothing known in the last row."""
    assert (folder / "reading.csv").is_file()
    if not row["column"]:
        return None
    label = np.zeros(image.shape, np.uint8)
    label[:, : int(row["column"])] = 1
    label[-1] = UNKNOWN
    return label


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("read")
    write_discs(folder)
    with (folder / "reading.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerows([["id", "column"], ["d0", "5"], ["d3", ""], ["d4", "20"]])
    return folder


SOURCE = Source("read", "index.csv", reading="reading.csv", drawing=f"{__name__}:columns_up_to")


def test_readings_are_joined_by_id_and_drawn(data_dir):
    samples = read_samples(data_dir, [SOURCE])
    assert [s.id for s in samples] == ["d0", "d4"]  # d3 was left out, the others not read
    assert [int((s.label[0] == 1).sum()) for s in samples] == [5, 20]
    assert [s.patient for s in samples] == ["p0", "p2"]
    assert all((s.label[-1] == UNKNOWN).all() for s in samples)


def halves(sample: Sample):
    """Crops: both halves of what has more than ten columns drawn, nothing of the others."""
    middle = sample.image.shape[1] // 2
    if (sample.label[0] == 1).sum() > 10:
        for name, part in (("a", slice(None, middle)), ("b", slice(middle, None))):
            crop = replace(sample, image=sample.image[:, part], label=sample.label[:, part])
            yield replace(crop, id=f"{sample.id}_{name}")


def test_a_sample_becomes_crops_of_the_same_patient_or_none(data_dir):
    crops = read_samples(data_dir, [replace(SOURCE, crops=f"{__name__}:halves")])
    assert [(s.id, s.patient) for s in crops] == [("d4_a", "p2"), ("d4_b", "p2")]
    assert crops[0].image.shape == crops[0].label.shape
    with pytest.raises(SettingsError, match="no crops"):
        read_samples(data_dir, [replace(SOURCE, crops="nowhere:nothing")])


def test_absent_readings_and_drawings_are_told(data_dir):
    with pytest.raises(InputError, match="other"):
        read_samples(data_dir, [replace(SOURCE, reading="other.csv")])
    with pytest.raises(SettingsError, match="no drawing"):
        read_samples(data_dir, [replace(SOURCE, drawing="nowhere:nothing")])


def test_unknown_pixels_cost_nothing_and_teach_nothing():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 8, 8, requires_grad=True)
    drawn = torch.ones(2, 3, dtype=torch.bool)
    labels = torch.randint(0, 3, (2, 8, 8))
    labels[:, :, 5:] = UNKNOWN
    loss = segmentation_loss(logits, labels, drawn)
    loss.backward()
    assert (logits.grad[..., 5:] == 0).all()
    assert (logits.grad[..., :5] != 0).any()
    known = segmentation_loss(logits[..., :5], labels[..., :5], drawn)
    assert loss.item() == pytest.approx(known.item())


def test_nothing_known_is_a_finite_loss():
    labels = torch.full((1, 4, 4), UNKNOWN)
    drawn = torch.ones(1, 2, dtype=torch.bool)
    assert torch.isfinite(segmentation_loss(torch.randn(1, 2, 4, 4), labels, drawn))


def test_what_is_found_on_unknown_pixels_is_not_scored():
    label = np.zeros((8, 8), np.uint8)
    label[2:4, 2:6] = 1
    label[6:] = UNKNOWN
    sample = Sample("a", "a", "s", 0, label, label, (1,), (1.0, 1.0), False, 1.0)
    found = np.where(label == UNKNOWN, 1, label)
    assert _scored(sample, found, {1: "bar"}, 1, False)[0].dice == 1.0

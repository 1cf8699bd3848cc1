"""Boxes as labels: each strip of a box must hold some of its object, wherever that is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from discs import write_discs

from MedImageLib.network.bags import bags_of_boxes
from MedImageLib.network.evaluation import evaluate_run
from MedImageLib.network.framing import Framing
from MedImageLib.network.inference import segment_plane
from MedImageLib.network.losses import bag_loss, clean_loss, segmentation_loss
from MedImageLib.network.multi_level import Block, Branch, NetworkSettings
from MedImageLib.network.samples import FIRST_BAG, UNKNOWN, Sample, Source, read_samples
from MedImageLib.network.training import TrainingSettings, run_training, trained_network

ALL = torch.ones(1, 2, dtype=torch.bool)


def logits_of(probability: np.ndarray) -> torch.Tensor:
    """Logits (1, 2, *grid) of the probability of class 1."""
    p = torch.from_numpy(probability.astype(np.float32)).clamp(1e-6, 1 - 1e-6)
    return torch.stack([torch.log(1 - p), torch.log(p)])[None]


def test_a_long_box_is_cut_across_and_ringed_by_the_unknown():
    label = bags_of_boxes((128, 128), [(20, 40, 83, 47)])
    inside = label[40:48, 20:84]
    assert (label[40:48, 20:84] >= FIRST_BAG).all()
    numbers, sizes = np.unique(inside, return_counts=True)
    assert len(numbers) == 8  # of an eighth of the box, 8 columns each
    assert set(sizes) == {64}
    assert (inside == inside[0]).all()  # columns, not rows
    around = label[36:52, 16:88] == UNKNOWN
    assert around.any()
    assert (label > 0).sum() == inside.size + around.sum()


def test_the_smaller_box_keeps_its_pixels_and_a_hidden_strip_is_no_bag():
    label = bags_of_boxes((64, 64), [(10, 10, 13, 13), (11, 11, 12, 12), (40, 40, 49, 43)])
    small = np.unique(label[11:13, 11:13])
    assert len(small) == 1
    assert FIRST_BAG <= small[0] < UNKNOWN
    hiding = bags_of_boxes((64, 64), [(10, 10, 13, 13), (10, 10, 13, 12)])
    assert (hiding[13, 10:14] == UNKNOWN).all()


def test_boxes_reach_beyond_the_picture_and_numbers_end():
    label = bags_of_boxes((32, 32), [(-5, -5, 2, 2), (40, 40, 50, 50)])
    assert (label[:3, :3] >= FIRST_BAG).all()
    many = [(4 * (n % 16), 4 * (n // 16), 4 * (n % 16) + 1, 4 * (n // 16) + 1) for n in range(200)]
    numbers = np.unique(bags_of_boxes((64, 64), many))
    assert numbers[numbers >= FIRST_BAG].tolist() == list(range(FIRST_BAG, UNKNOWN + 1))


def test_a_bag_is_content_with_a_line_across_it_anywhere():
    labels = torch.zeros(1, 32, 32, dtype=torch.long)
    labels[0, 8:24, 8:24] = FIRST_BAG
    lost, line, square = (np.full((32, 32), 1e-4) for _ in range(3))
    line[8:24, 13] = 0.9
    square[10:14, 18:22] = 0.9
    losses = [
        float(bag_loss(torch.log_softmax(logits_of(p), 1), labels)) for p in (lost, line, square)
    ]
    assert losses[0] == pytest.approx(-math.log(1e-4), rel=0.01)
    assert losses[1] == pytest.approx(-math.log(0.9), rel=0.01)
    assert losses[2] == pytest.approx(losses[1])


def test_each_bag_of_each_image_counts_alike():
    labels = torch.zeros(2, 16, 32, dtype=torch.long)
    labels[0, :6, :6] = FIRST_BAG
    labels[1, :8, :8] = FIRST_BAG
    labels[1, 8:, 16:] = FIRST_BAG + 1
    surest = torch.full((2, 16, 32), 0.5)
    surest[1, 8:, 16:] = 0.25
    logarithms = torch.log(torch.stack([1 - surest, surest], 1))
    expected = (2 * math.log(2) + math.log(4)) / 3
    assert float(bag_loss(logarithms, labels)) == pytest.approx(expected, rel=1e-5)
    assert float(bag_loss(logarithms[..., ::2, ::2], labels)) == pytest.approx(expected, rel=1e-5)


def test_what_is_found_in_a_box_costs_nothing_and_beside_it_does():
    labels = torch.zeros(1, 32, 32, dtype=torch.long)
    labels[0, 8:24, 8:24] = FIRST_BAG
    inside, all_of_it, beside = (np.full((32, 32), 1e-4) for _ in range(3))
    inside[10:14, 10:14] = 1
    all_of_it[8:24, 8:24] = 1
    beside[10:14, 10:14] = 1
    beside[27:31, 2:30] = 1
    found = [float(segmentation_loss(logits_of(p), labels, ALL)) for p in (inside, all_of_it)]
    assert found == pytest.approx([0, 0], abs=0.01)
    assert float(segmentation_loss(logits_of(beside), labels, ALL)) > 0.5


def test_without_bags_nothing_is_added():
    labels = torch.randint(0, 2, (2, 8, 8))
    labels[0, 0] = UNKNOWN
    assert float(bag_loss(torch.log(torch.full((2, 2, 8, 8), 0.5)), labels)) == 0


def test_one_false_pixel_of_a_clean_image_is_seen():
    """Means hardly know it: a blob of 16 of 4096 pixels."""
    truth = torch.zeros(2, 2, 64, 64)
    truth[:, 0] = 1
    truth[1, :, 5, 5] = torch.tensor([0.0, 1.0])  # the second image shows something
    false = np.full((64, 64), 1e-4)
    false[20:24, 20:24] = 0.99
    logarithms = torch.log_softmax(logits_of(false), 1).repeat(2, 1, 1, 1)
    loss = float(clean_loss(logarithms, truth))
    assert loss == pytest.approx(-math.log(0.01) * 16 / 64, rel=0.01)
    assert float(clean_loss(logarithms[1:], truth[1:])) == 0


def test_boxed_images_are_not_scored_as_if_boxes_were_outlines(tmp_path):
    label = bags_of_boxes((32, 32), [(4, 4, 9, 9)])
    image = np.zeros((32, 32), np.float32)
    boxed = Sample("a", "p", "boxes", 0, image, label, (1,), (1.0, 1.0), False, 1.0)
    settings = TrainingSettings("n", ("object",), ())
    assert evaluate_run(settings, tmp_path, [boxed], [0]).scores == ()


def boxed(image: np.ndarray, row: dict[str, str], folder) -> np.ndarray:
    """Drawing: the box of what is bright."""
    rows, columns = np.nonzero(image > 160)
    corners = (columns.min(), rows.min(), columns.max(), rows.max())
    return bags_of_boxes(image.shape, [tuple(map(float, corners))])


def test_boxes_alone_teach_where_the_objects_are(tmp_path):
    torch.set_num_threads(1)
    write_discs(tmp_path)
    settings = TrainingSettings(
        "boxes",
        ("disc",),
        (Source("boxes", "index.csv", label_column="", drawing=f"{__name__}:boxed"),),
        network=NetworkSettings(
            classes=2,
            stem_channels=8,
            stem_stride=1,
            blocks=(Block(8, (Branch(1, 8), Branch(4, 12, 2))),),
        ),
        framing=Framing(size=(64, 64)),
        steps=120,
        batch=4,
        average=0.9,
    )
    run_training(settings, tmp_path, tmp_path / "run", [0], say=lambda text: None)
    network = trained_network(tmp_path / "run", 0, settings.network)
    truths = read_samples(tmp_path, [Source("discs", "index.csv")])
    for truth in (one for one in truths if one.fold == 0):
        answer = segment_plane(network, truth.image, settings.framing, None)
        assert answer.probabilities is not None
        probability = answer.probabilities[1]
        beside = boxed(truth.image, {}, None) == 0
        assert (truth.image > 160).flat[probability.argmax()]
        assert (probability[truth.image > 160] > 0.5).mean() > 0.8
        assert (probability[beside] > 0.5).mean() < 0.05

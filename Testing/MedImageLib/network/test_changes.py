"""Sources that draw into real images: every view anew in training, by the id when scored."""

from __future__ import annotations

import numpy as np
import pytest
from discs import write_discs

from MedImageLib.errors import SettingsError
from MedImageLib.network.augmentation import Augmentation
from MedImageLib.network.framing import Framing
from MedImageLib.network.samples import Source, changed_once, read_samples
from MedImageLib.network.training import TrainingSettings, draw_batch, prepare

STILL = Augmentation(**dict.fromkeys(Augmentation.__dataclass_fields__, 0.0))


def lit_corner(image, label, generator):
    """Lights a square of a place and gray that the generator draws, and marks it alone."""
    image, marked = image.copy(), np.zeros_like(label)
    j, i = generator.integers(0, 40, 2)
    image[j : j + 8, i : i + 8] = 1.0
    marked[j : j + 8, i : i + 8] = 1
    return image, marked


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("discs")
    write_discs(folder)
    source = Source("lit discs", "index.csv", change=f"{__name__}:lit_corner")
    return read_samples(folder, [source])


def test_scored_samples_are_drawn_by_their_id(samples):
    first, again = changed_once(samples[0]), changed_once(samples[0])
    other = changed_once(samples[1])
    np.testing.assert_array_equal(first.label, again.label)
    assert (first.label != other.label).any()
    assert (first.label == 1).sum() == 64
    assert first.image.max() == 1.0
    assert first.change is None


def test_every_view_in_training_is_drawn_anew(samples):
    settings = TrainingSettings(
        "lit", ("square",), (), framing=Framing(size=(64, 64)), augmentation=STILL, batch=6
    )
    prepared = [prepare(samples[0], settings)]
    images, labels, _ = draw_batch(prepared, settings, np.random.default_rng(0))
    assert len({label.numpy().tobytes() for label in labels}) > 3
    for image, label in zip(images, labels, strict=True):
        assert label.any()
        assert image[0][label == 1].mean() > image[0][label == 0].mean() + 0.5


def test_a_sample_without_change_is_scored_as_it_is(tmp_path):
    write_discs(tmp_path)
    sample = read_samples(tmp_path, [Source("discs", "index.csv")])[0]
    assert changed_once(sample) is sample


def test_an_unknown_function_is_named(tmp_path):
    write_discs(tmp_path)
    with pytest.raises(SettingsError, match="nowhere:at_all"):
        read_samples(tmp_path, [Source("discs", "index.csv", change="nowhere:at_all")])

"""Random views with exact targets, the masked loss, fitting that can be interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hearts import drawn_frame

from CardiacLVLib.ensemble.aggregation_network import AggregationNetwork, AggregationSettings
from CardiacLVLib.ensemble.prediction import answers_of
from CardiacLVLib.ensemble.training import (
    EnsembleTraining,
    View,
    loss_of,
    random_view,
    train_member,
)
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.network.augmentation import Augmentation
from MedImageLib.network.fitting import FitSettings, fit
from MedImageLib.network.framing import Framing

STILL = Augmentation(
    rotation_deg=25, zoom=0.15, squeeze=0.1, shift=0, bend=0, patch_share=0, invert_share=0
)
SETTINGS = EnsembleTraining(
    name="rings",
    sources=(),
    network=AggregationSettings(channels=(8, 12, 12), depths=(1, 1, 1), cells=4, hidden=16),
    augmentation=STILL,
    fit=FitSettings(steps=6, checkpoint_every=3, average=0.5),
    batch=4,
    squeezed_copies=1,
)


@pytest.mark.parametrize("seed", range(6))
def test_targets_follow_the_view(seed):
    frame = drawn_frame(22, oval=1.12)
    view = random_view(frame, SETTINGS, np.random.default_rng(seed))
    cell_mm2 = (2 * SETTINGS.framing.pixel_mm) ** 2
    assert view.occupancy[0].sum() * cell_mm2 == pytest.approx(view.indices[0], rel=0.03)
    assert view.occupancy[1].sum() * cell_mm2 == pytest.approx(view.indices[1], rel=0.05)
    # IS–AL lies at right angles to the direction that points up: along the view's rows.
    rows = np.arange(40)
    middle = round(float(np.average(rows, weights=view.occupancy[0].sum(1))))
    cells = view.occupancy[0][middle - 1 : middle + 2].sum(1).mean()
    across = cells * 2 * SETTINGS.framing.pixel_mm
    assert across == pytest.approx(view.indices[2], abs=1.6)


def test_what_was_not_drawn_does_not_count():
    network = AggregationNetwork(SETTINGS.network).eval()
    generator = np.random.default_rng(0)
    views = [random_view(drawn_frame(20), SETTINGS, generator) for _ in range(2)]
    bare = [
        View(
            v.image,
            np.where(np.isin(np.arange(11), (0, 2, 3, 4)), v.indices, np.nan),
            v.occupancy * np.array([1, other])[:, None, None].astype(np.float32),
            np.array([True, False]),
        )
        for v, other in zip(views, (0.0, 1.0), strict=True)
    ]
    same = [replace(v, occupancy=v.occupancy[[0, 0]]) for v in bare]
    torch.testing.assert_close(loss_of(network, bare, 0.5), loss_of(network, same, 0.5))
    changed = [replace(v, indices=v.indices + 5) for v in bare]
    assert loss_of(network, changed, 0.5) != loss_of(network, bare, 0.5)


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path):
    frames = [drawn_frame(radius) for radius in (14, 18, 22, 26)]
    whole = train_member(frames, SETTINGS, tmp_path / "whole", 0, lambda _: None)

    def stop(text: str) -> None:
        if text.startswith("step 3/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_member(frames, SETTINGS, tmp_path / "cut", 0, stop)
    resumed = train_member(frames, SETTINGS, tmp_path / "cut", 0, lambda _: None)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, msg=name)


def test_the_network_learns_to_tell_large_from_small(tmp_path):
    generator = np.random.default_rng(0)
    still = replace(SETTINGS, framing=Framing((40, 40), "around", 3.0), any_turn_share=0.0)
    views = [random_view(drawn_frame(radius), still, generator) for radius in (12, 18, 24, 30)]
    torch.manual_seed(0)
    network = AggregationNetwork(SETTINGS.network)
    truth = np.stack([view.indices for view in views])
    network.get_buffer("index_mean").copy_(torch.from_numpy(truth.mean(0)))
    network.get_buffer("index_scale").copy_(torch.from_numpy(truth.std(0)))
    settings = FitSettings(steps=60, learning_rate=1e-2, average=0.5, checkpoint_every=60)
    learned = fit(network, lambda n, _: loss_of(n, views, 0.5), tmp_path, settings, lambda _: None)
    found = answers_of([learned], np.stack([view.image for view in views]))[0][:, 0]
    assert np.abs(found - truth[:, 0]).max() < 0.5 * truth[:, 0].std()
    assert np.all(np.diff(found) > 0)


def test_views_that_targets_cannot_follow_are_refused():
    with pytest.raises(SettingsError, match="bend"):
        replace(SETTINGS, augmentation=Augmentation(shift=0))


def test_indices_that_were_never_drawn_are_named(tmp_path):
    bare = [drawn_frame(radius, drawn=(1,)) for radius in (14, 20)]
    with pytest.raises(InputError, match="myocardium_area_mm2, rwt1_mm"):
        train_member(bare, SETTINGS, tmp_path, 0)

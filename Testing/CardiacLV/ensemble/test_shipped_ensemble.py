"""The ensemble that comes with the product, on generated cines that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from CardiacLVLib.ensemble import load_ensemble, predict_indices
from CardiacLVLib.ensemble.targets import TargetFrame, generated_frames
from MedImageLib.phantom.cine import CineSettings
from MedImageLib.resources import resource_path


@pytest.fixture(scope="module")
def ensemble():
    return load_ensemble()


@pytest.fixture(scope="module")
def frames() -> list[TargetFrame]:
    cine = CineSettings(frames=2, rows=192, spacing_mm=1.5, noise=0.05)
    return [frame for seed in (77, 78) for frame in generated_frames(seed, cine)]


def test_weights_of_all_networks_are_small():
    assert resource_path("models", "cine_indices", "weights.safetensors").stat().st_size < 10e6


def test_indices_of_generated_frames(ensemble, frames):
    truth = np.stack([frame.indices() for frame in frames])
    found = np.stack(
        [
            predict_indices(ensemble, [f.image], [f.center], f.spacing_mm, f.insertion_deg)[0][0]
            for f in frames
        ]
    )
    error = np.nanmean(np.abs(found - truth), axis=0)
    assert error[0] < 60  # cavity area, mm²
    assert error[1] < 80  # myocardium area, mm²
    assert error[2:5].max() < 1.5  # dimensions, mm
    assert error[5:].max() < 0.9  # thicknesses, mm


def test_answers_turn_and_mirror_with_the_picture(ensemble, frames):
    frame = max(frames, key=lambda frame: frame.indices()[0])
    row, column = frame.center
    last = frame.image.shape[0] - 1
    usual, _ = predict_indices(
        ensemble, [frame.image], [frame.center], frame.spacing_mm, frame.insertion_deg
    )
    # A quarter turn takes +i to −j: (row, column) → (last − column, row).
    turned, _ = predict_indices(
        ensemble,
        [np.rot90(frame.image)],
        [(last - column, row)],
        frame.spacing_mm,
        frame.insertion_deg - 90,
    )
    mirrored, _ = predict_indices(
        ensemble,
        [frame.image[:, ::-1]],
        [(row, last - column)],
        frame.spacing_mm,
        180 - frame.insertion_deg,
        septum_turn=1,
    )
    np.testing.assert_allclose(turned, usual, rtol=0.005, atol=0.1)
    np.testing.assert_allclose(mirrored, usual, rtol=0.005, atol=0.1)


def test_networks_disagree_more_where_nothing_is_seen(ensemble, frames):
    seen = [frame for frame in frames if frame.indices()[0] > 500]
    images, centers = [f.image for f in seen], [f.center for f in seen]
    noise = np.random.default_rng(0).random((len(seen), *seen[0].image.shape))
    spacing = seen[0].spacing_mm
    _, spread = predict_indices(ensemble, images, centers, spacing, -101.0)
    _, blind = predict_indices(ensemble, list(noise), centers, spacing, -101.0)
    assert np.median(blind[:, 0]) > 2 * np.median(spread[:, 0])

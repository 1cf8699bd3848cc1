"""From the settings file to a stored ensemble, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from hearts import ring, write_rings

from CardiacLVLib.ensemble import load_ensemble, member_indices, predict_indices
from CardiacLVLib.ensemble.workflow import train, trained_member
from CardiacLVLib.measures.indices import INDEX_NAMES
from MedImageLib.__main__ import main
from MedImageLib.errors import InputError, ModelError

SETTINGS = """
name = "rings"
trainer = "CardiacLVLib.ensemble.workflow:train"
members = 3
clusters = 2
batch = 4
squeezed_copies = 0
generated_test = [1, 7]

[fit]
steps = 4
checkpoint_every = 2
average = 0.5

[network]
channels = [8, 8, 8]
depths = [1, 1, 1]
cells = 4
hidden = 8

[augmentation]
shift = 0.0
bend = 0.0

[[sources]]
name = "rings"
index = "index.csv"
drawn_column = "labelled"
drawn_names = { cavity = 1, myocardium = 2 }
spacing_columns = ["row_mm", "col_mm"]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rings")
    write_rings(folder)
    (folder / "rings.toml").write_text(SETTINGS)
    threads = torch.get_num_threads()
    words = ["train", str(folder / "rings.toml"), "--data", str(folder), "--threads", "1"]
    try:
        # The first run trains two networks, the second the rest.
        assert main([*words, "-o", str(folder / "run"), "--folds", "0", "1"]) == 0
        assert not (folder / "run" / "model").exists()
        assert main([*words, "-o", str(folder / "run")]) == 0
    finally:
        torch.set_num_threads(threads)
    return folder


def test_each_patient_is_answered_by_the_network_that_has_not_seen_it(trained):
    folds = json.loads((trained / "run" / "folds.json").read_text())
    with (trained / "run" / "evaluation" / "out_of_fold.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 18
    assert {row["patient"]: int(row["network"]) for row in rows} == folds
    assert set(folds.values()) == {0, 1, 2}
    ensemble = load_ensemble(trained / "run" / "model")
    row = next(row for row in rows if row["id"] == "p2_1")
    image, _ = ring(14 + 4 + 1.5)
    answers = member_indices(ensemble, [image], [(63.5, 63.5)], (1.4, 1.4), -101.0)[:, 0]
    written = np.array([float(row[name]) for name in INDEX_NAMES])
    np.testing.assert_allclose(answers[folds["p2"]], written, rtol=0.01, atol=0.05)


def test_the_stored_networks_are_those_of_the_run(trained):
    from CardiacLVLib.ensemble.training import EnsembleTraining
    from MedImageLib.settings import load_settings

    settings = load_settings(trained / "rings.toml", EnsembleTraining)
    ensemble = load_ensemble(trained / "run" / "model")
    assert len(ensemble.networks) == 3
    image = torch.randn(1, 1, 80, 80)
    for member, network in enumerate(ensemble.networks):
        own = trained_member(trained / "run", member, settings)
        torch.testing.assert_close(network(image), own(image), rtol=1e-3, atol=1e-2)


def test_figures_of_generated_frames_have_their_own_table(trained):
    card = (trained / "run" / "model" / "MODEL_CARD.md").read_text()
    assert "### Real, out of fold, all frames" in card
    assert "### Generated, mean of the networks" in card
    assert "not the mean of the networks" in card
    assert str(trained) not in card


def test_mean_and_spread_over_the_networks(trained):
    ensemble = load_ensemble(trained / "run" / "model")
    image, _ = ring(20)
    images, centers = [image, image[10:, 20:]], [(63.5, 63.5), (53.5, 43.5)]
    mean, spread = predict_indices(ensemble, images, centers, (1.4, 1.4), [-101.0, -101.0])
    answers = member_indices(ensemble, images, centers, (1.4, 1.4), -101.0)
    assert mean.shape == spread.shape == (2, 11)
    np.testing.assert_allclose(mean, answers.mean(0))
    np.testing.assert_allclose(spread, answers.std(0, ddof=1))
    # Where the heart lies in the picture does not matter.
    np.testing.assert_allclose(answers[:, 0], answers[:, 1], rtol=1e-3, atol=1e-2)


def test_frames_that_cannot_be_measured_are_named(trained):
    ensemble = load_ensemble(trained / "run" / "model")
    image, _ = ring(20)
    with pytest.raises(InputError, match="2 frames need as many centers, found 1"):
        predict_indices(ensemble, [image, image], [(63, 63)], (1.4, 1.4), -101)
    with pytest.raises(InputError, match="Frame 1 about"):
        predict_indices(
            ensemble, [image, np.zeros((90, 90))], [(63, 63), (40, 40)], (1.4, 1.4), -101
        )
    mean, spread = predict_indices(ensemble, [], [], (1.4, 1.4), -101)
    assert mean.shape == spread.shape == (0, 11)


def test_a_run_keeps_the_patients_that_it_began_with(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "other")
    index = tmp_path / "other" / "index.csv"
    index.write_text(index.read_text().replace(",p5,", ",p9,"))
    with pytest.raises(InputError, match="train into another folder"):
        train(str(trained / "rings.toml"), tmp_path / "other", tmp_path / "other" / "run", [0])


@pytest.mark.parametrize("damage", ["weights", "card", "nothing there"])
def test_damaged_ensembles_are_refused(trained, tmp_path, damage):
    for name in ("weights.safetensors", "model.json"):
        (tmp_path / name).write_bytes((trained / "run" / "model" / name).read_bytes())
    if damage == "weights":
        content = bytearray((tmp_path / "weights.safetensors").read_bytes())
        content[-1] ^= 1
        (tmp_path / "weights.safetensors").write_bytes(content)
    elif damage == "card":
        text = (tmp_path / "model.json").read_text()
        (tmp_path / "model.json").write_text(text.replace('"hidden": 8', '"hidden": 9'))
    else:
        (tmp_path / "model.json").unlink()
    with pytest.raises(ModelError):
        load_ensemble(tmp_path)

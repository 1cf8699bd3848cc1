"""Training on generated discs: it learns, resumes exactly, and keeps patients apart."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from discs import write_discs

from MedImageLib.errors import InputError, ModelError, SettingsError
from MedImageLib.network.evaluation import evaluate_run, summary
from MedImageLib.network.fitting import learning_rate
from MedImageLib.network.framing import Framing
from MedImageLib.network.multi_level import Block, Branch, NetworkSettings
from MedImageLib.network.samples import Source, drawn_mask, read_samples
from MedImageLib.network.training import (
    TrainingSettings,
    fold_split,
    run_training,
    trained_network,
)
from MedImageLib.settings import settings_from_dict, settings_to_dict

NETWORK = NetworkSettings(
    classes=3,
    stem_channels=8,
    stem_stride=1,
    blocks=(Block(8, (Branch(1, 8), Branch(4, 12, 2))),) * 2,
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("discs")
    write_discs(folder)
    return folder


def settings(**changes) -> TrainingSettings:
    source = Source(
        "discs", "index.csv", drawn_column="labelled", drawn_names={"disc": 1, "ring": 2}
    )
    return TrainingSettings(
        **{
            "name": "discs",
            "labels": ("disc", "ring"),
            "sources": (source,),
            "network": NETWORK,
            "framing": Framing(size=(64, 64)),
            "steps": 60,
            "batch": 4,
            "checkpoint_every": 20,
            "average": 0.9,
        }
        | changes
    )


def test_drawn_classes_are_read_row_by_row(data_dir):
    samples = read_samples(data_dir, settings().sources)
    assert [s.drawn for s in samples[:2]] == [(1,), (1, 2)]
    assert drawn_mask(samples[:2], 3).tolist() == [[True, True, False], [True, True, True]]


def test_learns_what_was_drawn_and_scores_patients_it_has_not_seen(data_dir, tmp_path):
    torch.set_num_threads(1)
    wanted = settings()
    said: list[str] = []
    run_training(wanted, data_dir, tmp_path, folds=[0], say=said.append)
    samples = read_samples(data_dir, wanted.sources)
    evaluation = evaluate_run(wanted, tmp_path, samples, [0], say=said.append)
    lines = {(line.structure, line.level): line for line in summary(evaluation.scores)}
    held_out = [s for s in samples if s.fold == 0]
    assert lines["disc", 2].images == len(held_out) == 4
    assert lines["disc", 2].mean > 0.85
    # Rings were drawn on two of the four images.
    assert lines["ring", 2].images == 2
    assert lines["ring", 2].mean > 0.5
    assert any("min left" in text for text in said)


def test_going_on_after_an_interruption_gives_the_same_network(data_dir, tmp_path):
    torch.set_num_threads(1)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    wanted = settings(steps=20, checkpoint_every=10)
    run_training(wanted, data_dir, whole, folds=[1], say=lambda _: None)

    class StoppedError(Exception):
        pass

    def stop(text: str) -> None:
        if "step 10/" in text:
            raise StoppedError

    with pytest.raises(StoppedError):
        run_training(wanted, data_dir, parts, folds=[1], say=stop)
    assert not (parts / "fold1" / "done").exists()
    run_training(wanted, data_dir, parts, folds=[1], say=lambda _: None)
    a = trained_network(whole, 1, NETWORK).state_dict()
    b = trained_network(parts, 1, NETWORK).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_generated_images_may_be_left_out_at_the_end(data_dir, tmp_path):
    torch.set_num_threads(1)
    made = Source("made", generator="discs:generated_discs", count=6, seed=3, drawn=(1, 2))
    wanted = settings(
        steps=6, finish_steps=4, finish_without=("made",), sources=(*settings().sources, made)
    )
    samples = read_samples(data_dir, wanted.sources)
    assert [s.fold for s in samples[12:]] == [-1] * 6
    said: list[str] = []
    run_training(wanted, data_dir, tmp_path, folds=[3], say=said.append)
    assert any("fold3 finish  step 4/4" in text for text in said)
    finished = trained_network(tmp_path, 3, NETWORK).state_dict()
    first = torch.load(tmp_path / "fold3" / "checkpoint.pt", weights_only=True)["averaged"]
    assert not all(torch.equal(finished[name], first[name]) for name in first)
    said.clear()
    run_training(wanted, data_dir, tmp_path, folds=[3], say=said.append)
    assert not any("step" in text for text in said)


def test_a_round_more_goes_on_from_the_last_one(data_dir, tmp_path):
    torch.set_num_threads(1)
    said: list[str] = []
    once = settings(steps=4, finish_steps=3)
    run_training(once, data_dir, tmp_path, folds=[3], say=said.append)
    before = trained_network(tmp_path, 3, NETWORK).state_dict()
    said.clear()
    again = dataclasses.replace(once, finish_rounds=2)
    run_training(again, data_dir, tmp_path, folds=[3], say=said.append)
    assert {text.split("  ")[0] for text in said if "step" in text} == {"discs fold3 finish2"}
    after = trained_network(tmp_path, 3, NETWORK).state_dict()
    assert not all(torch.equal(after[name], before[name]) for name in after)
    kept = torch.load(tmp_path / "fold3" / "finish" / "checkpoint.pt", weights_only=True)
    assert all(torch.equal(kept["averaged"][name], before[name]) for name in before)


def test_a_patient_on_both_sides_is_refused(data_dir):
    samples = read_samples(data_dir, settings().sources)
    training, held_out = fold_split(samples, 2)
    assert not {s.patient for s in training} & {s.patient for s in held_out}
    samples[0] = dataclasses.replace(samples[0], fold=3)
    with pytest.raises(InputError, match="by patient"):
        fold_split(samples, 3)


def test_learning_rate_rises_and_falls():
    rates = [learning_rate(step, 100, 1.0) for step in range(100)]
    assert rates[0] < rates[4] == max(rates)
    assert rates[-1] < 0.02
    assert all(isinstance(rate, float) for rate in rates)


def test_settings_survive_a_file():
    wanted = settings()
    assert settings_from_dict(settings_to_dict(wanted), TrainingSettings) == wanted


@pytest.mark.parametrize(
    "name",
    [
        "radiograph_lungs_heart",
        "radiograph_spine",
        "radiograph_scapulae",
        "cine_ventricle",
        "cine_localizer",
    ],
)
def test_shipped_settings_are_valid(name):
    from MedImageLib.network.workflow import settings_path
    from MedImageLib.settings import load_settings

    wanted = load_settings(settings_path(name), TrainingSettings)
    assert wanted.name == name
    assert wanted.network.classes == len(wanted.labels) + 1


def test_unknown_words_and_absent_files_are_refused(data_dir, tmp_path):
    with pytest.raises(InputError, match="not there"):
        read_samples(tmp_path, settings().sources)
    other = dataclasses.replace(settings().sources[0], drawn_names={"disc": 1})
    with pytest.raises(SettingsError, match="ring"):
        read_samples(data_dir, [other])
    with pytest.raises(ModelError, match="not trained"):
        trained_network(tmp_path, 0, NETWORK)

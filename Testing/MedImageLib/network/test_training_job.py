"""Any model is trained by the trainer that its settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from MedImageLib.background.progress import in_parts, listening, tell
from MedImageLib.network.training_job import train_model, trainable_models
from MedImageLib.network.workflow import trainer_of


def test_every_model_that_is_listed_has_a_trainer():
    names = trainable_models()
    assert "radiograph_lungs_heart" in names
    for name in names:
        assert callable(trainer_of(name))


def test_the_trainer_gets_what_was_chosen(tmp_path, monkeypatch):
    (tmp_path / "own_trainer_here.py").write_text(
        "calls = []\ndef train(*told, **named):\n    calls.append((told, named))\n"
    )
    (tmp_path / "own.toml").write_text('trainer = "own_trainer_here:train"\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    heard = []
    with listening(lambda share, what: heard.append(what)):
        train_model(
            str(tmp_path / "own.toml"), tmp_path, Path("run"), (0, 5), Path("far"), threads=1
        )
    import own_trainer_here

    [(told, named)] = own_trainer_here.calls
    assert told == (str(tmp_path / "own.toml"), tmp_path, Path("run"), [0, 5], Path("far"), None)
    assert named["command"] == (
        "medimage train own.toml --data DATA -o RUN --localizer-run LOCALIZER_RUN --folds 0 5"
    )
    assert heard == ["Reading the data"]


def test_a_model_of_normality_is_trained_in_the_same_way(tmp_path, monkeypatch):
    from MedImageMetricLib.normality import processing

    calls = []
    monkeypatch.setattr(processing, "train_model", lambda *told: calls.append(told))
    train_model("normality_radiograph", tmp_path, tmp_path / "run", (0,), threads=1)
    [(data, out, settings, command, _)] = calls
    assert (data, out) == (tmp_path, tmp_path / "run" / "model")
    assert settings.name == "normality_radiograph"
    assert command.startswith("medimage train normality_radiograph")
    assert (tmp_path / "run" / "settings.json").is_file()


def test_folds_in_parts_make_one_whole():
    shares = []
    with listening(lambda share, what: shares.append(share)):
        for _ in in_parts([0, 1, 5]):
            for step in (0.5, 1.0):
                tell(step, "")
    assert shares == pytest.approx([1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1])
    assert list(in_parts([])) == []

"""`medimage anomaly` end to end: a small model of drawn images, trained, resumed, asked."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from MedImageLib.batch.cases import find_cases
from MedImageLib.batch.processors import find_processors
from MedImageLib.errors import InputError, ModelError
from MedImageLib.geometry import Geometry
from MedImageLib.results import read_result
from MedImageLib.scan_verdict import verdict_of_result
from MedImageLib.volume import Volume
from MedImageMetricLib.normality import kinds
from MedImageMetricLib.normality.autoencoder import AutoencoderSettings
from MedImageMetricLib.normality.kinds import model_for
from MedImageMetricLib.normality.model import load_normality_model
from MedImageMetricLib.normality.processing import (
    scan_paths,
    score_inputs,
    screen_image,
    train_model,
)
from MedImageMetricLib.normality.result import COLUMNS
from MedImageMetricLib.normality.screening import screen
from MedImageMetricLib.normality.settings import AnomalySettings
from MedImageMetricLib.normality.training import FitSettings, NormalityTraining
from MedImageMetricLib.normality.view import ImageView

SIDE = 64
SETTINGS = NormalityTraining(
    name="normality_discs",
    view=ImageView("disc", ("",), SIDE),
    autoencoder=AutoencoderSettings(side=32, latent=4, channels=(8, 8, 8)),
    fitting=FitSettings(steps=60, checkpoint_every=20),
    batch=16,
)


def disc(seed: int) -> np.ndarray:
    """A soft bright disc of some size and place, with a little noise; 8 bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    radius = np.hypot(y - 32 + rng.normal(0, 2), x - 32 + rng.normal(0, 2))
    soft = 1 / (1 + np.exp(radius - 16 - rng.normal(0, 2)))
    return np.clip(20 + 180 * soft + rng.normal(0, 4, soft.shape), 0, 255).astype(np.uint8)


def write(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("discs")
    for n in range(160):
        write(folder / "normal" / f"{n:03d}.png", disc(n))
    train_model(folder / "normal", folder / "model", SETTINGS, "made by a test", lambda text: None)
    return folder, folder / "model"


@pytest.fixture(scope="module")
def model(trained):
    return load_normality_model(trained[1])


def volume(array: np.ndarray) -> Volume:
    return Volume(array[None], Geometry((1, *array.shape), spacing_known=False))


def test_fresh_normals_are_called_abnormal_about_as_often_as_asked(model):
    settings = AnomalySettings(false_alarm_rate=0.1, samples=4)
    threshold = screen(volume(disc(999)), model, settings).threshold
    assert threshold.rate == pytest.approx(0.1, abs=0.02)
    from MedImageMetricLib.normality.slice_scores import score_slices
    from MedImageMetricLib.normality.view import planes_of

    fresh = np.concatenate(
        [planes_of(volume(disc(n)), model.card.view)[0] for n in range(500, 800)]
    )
    alarms = (score_slices(model, fresh).scores >= threshold.value).mean()
    assert 0.02 < alarms < 0.25


@pytest.mark.parametrize(
    "changed",
    [
        lambda a: np.full_like(a, 90),
        lambda a: ndimage.gaussian_filter(a, 3),
        lambda a: (a * 0.2).astype(np.uint8),
        lambda a: 255 - a,
        lambda a: np.clip(a + np.random.default_rng(0).normal(0, 40, a.shape), 0, 255).astype(
            a.dtype
        ),
        lambda a: np.roll(a, 20, axis=1),
    ],
    ids=["blank", "blurred", "low contrast", "inverted", "noisy", "shifted"],
)
def test_what_a_likelihood_likes_and_what_it_does_not_is_abnormal(model, changed):
    found = screen(volume(changed(disc(900))), model, AnomalySettings(samples=4))
    assert found.verdict == "abnormal"
    assert found.confidence > 0.5


def test_the_command_scores_files_and_folders_and_keeps_a_table(trained, capsys):
    folder, model = trained
    out = folder / "out"
    good, blank = write(folder / "in" / "good.png", disc(901)), folder / "in" / "blank.png"
    write(blank, np.full((SIDE, SIDE), 60, np.uint8))
    (folder / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    settings = AnomalySettings(samples=4)
    assert score_inputs([folder / "in"], out, settings, str(model)) == 1
    assert "broken.png" in capsys.readouterr().err
    with open(out / "anomaly.csv", newline="") as stream:
        table = {Path(row["file"]).name: row for row in csv.DictReader(stream)}
    assert set(table) == {"good.png", "blank.png"}
    assert all(tuple(row) == COLUMNS for row in table.values())
    assert table["blank.png"]["verdict"] == "abnormal"
    assert float(table["blank.png"]["score"]) > float(table["good.png"]["score"])
    result = read_result(out / "blank")
    assert (found := verdict_of_result(result)) is not None
    assert found.verdict == "abnormal"
    for short in ("mc", "is", "mcmc"):
        told = result.value(f"log_likelihood_{short}")
        assert told.value == pytest.approx(
            float(table["blank.png"][f"log_likelihood_{short}"]), rel=1e-6
        )
        assert told.uncertainty is not None
    page = (out / "blank" / "report.html").read_text()
    assert "Abnormal" in page
    assert "no diagnosis" in page or "not a bad scan" in page
    assert score_inputs([good], folder / "out", settings, str(model)) == 1  # folder exists


def test_a_threshold_by_hand_decides(model):
    image = volume(disc(902))
    assert screen(image, model, AnomalySettings(threshold=-50.0, samples=4)).verdict == "abnormal"
    assert screen(image, model, AnomalySettings(threshold=1e6, samples=4)).verdict != "abnormal"


def test_a_stored_model_answers_as_the_one_that_was_trained(trained, tmp_path):
    folder, stored = trained
    again = train_model(
        folder / "normal", tmp_path / "again", SETTINGS, "made by a test", lambda text: None
    )
    first = load_normality_model(stored)
    assert first.weights_sha256 == again.weights_sha256
    card = (stored / "MODEL_CARD.md").read_text()
    assert "normality_discs" in card
    assert "no diagnosis" in card
    (stored.parent / "broken").mkdir()
    shutil.copytree(stored, stored.parent / "broken", dirs_exist_ok=True)
    with open(stored.parent / "broken" / "weights.safetensors", "ab") as stream:
        stream.write(b"0")
    with pytest.raises(ModelError, match="damaged"):
        load_normality_model(stored.parent / "broken")


def test_training_goes_on_where_it_was_stopped(trained, tmp_path):
    folder, stored = trained

    class StoppedError(Exception):
        pass

    def stop(text: str) -> None:
        if "step 40/" in text:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_model(folder / "normal", tmp_path / "model", SETTINGS, "made by a test", stop)
    told: list[str] = []
    train_model(folder / "normal", tmp_path / "model", SETTINGS, "made by a test", told.append)
    assert not any("step 20/" in text for text in told)
    resumed = load_normality_model(tmp_path / "model")
    assert resumed.weights_sha256 == load_normality_model(stored).weights_sha256
    with pytest.raises(InputError, match="model already"):
        train_model(folder / "normal", tmp_path / "model", SETTINGS)


def test_what_no_model_is_for_is_said():
    pet = Volume(np.zeros((4, 32, 32), np.float32), Geometry((4, 32, 32)), modality="PT")
    with pytest.raises(ModelError, match=r"no model for this.*PT"):
        model_for(pet)


def test_an_image_of_no_known_kind_is_not_called_normal(trained, tmp_path, monkeypatch):
    """A threshold so high that no score is abnormal: the doubt about the kind remains."""
    _, stored = trained
    monkeypatch.setattr(kinds, "installed_models", lambda: {"normality_discs": stored})
    settings = AnomalySettings(threshold=1e6, samples=4, report=False)
    usual, _ = screen_image(volume(disc(903)), tmp_path, settings)
    page = np.full((SIDE, SIDE), 250, np.uint8)
    page[10::6, 8:56] = 20
    strange, found = screen_image(volume(page), tmp_path, settings)
    codes = [[one.code for one in result.warnings] for result in (usual, strange)]
    assert "kind-unsure" not in codes[0]
    assert "kind-unsure" in codes[1]
    assert found.verdict == "unsure"
    assert "no scan at all" in " ".join(strange.findings)


def test_an_image_that_is_like_two_kinds_is_said_to_be(trained, monkeypatch):
    _, stored = trained
    both = {"normality_discs": stored, "normality_others": stored}
    monkeypatch.setattr(kinds, "installed_models", lambda: both)
    _, remarks = model_for(volume(disc(904)))
    assert [one.code for one in remarks] == ["kind-guessed", "kind-unsure"]


def test_a_rate_that_few_patients_cannot_promise_is_told(model):
    few = replace(
        model.calibration,
        slice_scores=model.calibration.slice_scores[:12],
        slice_patients=np.repeat([0.0, 1.0, 2.0], 4),
    )
    found = screen(volume(disc(905)), replace(model, calibration=few), AnomalySettings(samples=4))
    assert found.threshold.rate == pytest.approx(1 / 4)
    told = {one.code: one.text for one in found.remarks}
    assert "25 %" in told["rate-not-promised"]
    assert "19 patients" in told["rate-not-promised"]


def test_a_batch_screens_pictures_and_series_that_may_be_scans(trained, tmp_path, monkeypatch):
    folder, stored = trained
    _, processor = find_processors(("MedImageMetricLib.processing",))["anomaly"]
    monkeypatch.setattr(kinds, "installed_models", lambda: {"normality_discs": stored})
    (case,) = find_cases(write(folder / "batch" / "one.png", disc(906)).parent)
    assert processor.accepts(case)
    for accepted, level, kind, modality in (
        (True, "series", "image", "CT"),
        (False, "study", "study", "CT"),
        (False, "series", "image", "US"),
        (False, "series", "rtstruct", "RTSTRUCT"),
    ):
        other = replace(case, level=level, kind=kind, modality=modality)
        assert processor.accepts(other) is accepted
    result = processor.run(case, tmp_path, AnomalySettings(samples=4))
    assert verdict_of_result(result) is not None
    assert (tmp_path / "report.html").is_file()


def test_too_few_scans_are_refused(tmp_path):
    for n in range(4):
        write(tmp_path / "few" / f"{n}.png", disc(n))
    with pytest.raises(InputError):
        train_model(tmp_path / "few", tmp_path / "model", SETTINGS, say=lambda text: None)
    with pytest.raises(InputError, match="no such folder"):
        train_model(tmp_path / "none", tmp_path / "model", SETTINGS, say=lambda text: None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image"):
        scan_paths(tmp_path / "empty", tmp_path / "out")


def test_help_of_both_actions():
    for action in ("train", "score"):
        done = subprocess.run(
            [sys.executable, "-m", "MedImageLib", "anomaly", action, "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "--out" in done.stdout

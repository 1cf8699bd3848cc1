"""The shipped models on real images that they were not trained on; skipped without these."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from MedImageLib.geometry import Geometry
from MedImageLib.reading import read_image
from MedImageLib.results import write_result
from MedImageLib.volume import Volume
from MedImageMetricLib.normality.conformal import conformal_threshold
from MedImageMetricLib.normality.kinds import installed_models, modality_of, model_for
from MedImageMetricLib.normality.model import load_normality_model
from MedImageMetricLib.normality.processing import screen_image
from MedImageMetricLib.normality.settings import AnomalySettings
from MedImageMetricLib.normality.slice_scores import score_slices
from MedImageMetricLib.normality.view import planes_of

IMAGES = {
    "normality_radiograph": ("cxr_shenzhen", "file", {"finding": "normal", "fold": "4"}),
    "normality_cardiac_mr": ("cmr_sunnybrook_lv", "file", {"fold": "4"}),
    "normality_ct_head_neck": ("ct_openkbp_hn", "ct", {"fold": "4"}),
}
NAMES = [name for name in IMAGES if name in installed_models()]


def normals(data_dir: Path, name: str, count: int = 6) -> list[Volume]:
    folder, column, where = IMAGES[name]
    with open(data_dir / folder / "index.csv", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if all(r[k] == v for k, v in where.items())]
    rows = [row for row in rows if not row.get("age") or float(row["age"]) >= 18]
    chosen = rows[:: max(1, len(rows) // count)][:count]
    return [read_image(data_dir / folder / row[column]) for row in chosen]


def worst_scores(name: str, volumes: list[Volume], changed=None) -> np.ndarray:
    """Score of the middle slice of each volume."""
    model = load_normality_model(name)
    scores = []
    for volume in volumes:
        middle = volume.array[len(volume.array) // 2].astype(float)
        if changed is not None:
            middle = changed(middle)
        kind = np.iinfo(volume.array.dtype)
        stored = np.clip(np.round(middle), kind.min, kind.max).astype(volume.array.dtype)
        array = np.repeat(stored[None], len(volume.array), 0)
        plane = planes_of(volume.with_array(array), model.card.view)[0][:1]
        scores.append(float(score_slices(model, plane).scores[0]))
    return np.array(scores)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_is_needed(name):
    folder = installed_models()[name]
    assert (folder / "weights.safetensors").stat().st_size < 10 * 2**20
    model = load_normality_model(name)
    assert model.calibration is not None
    assert len(model.calibration.slice_scores) > 99
    text = (folder / "MODEL_CARD.md").read_text()
    for words in (f"--settings {name}", "Not a medical device", "False alarms", "generated"):
        assert words in text


@pytest.mark.parametrize("name", NAMES)
def test_real_normals_pass_and_blank_blurred_and_pale_ones_do_not(name, data_dir):
    model = load_normality_model(name)
    assert model.calibration is not None
    threshold = conformal_threshold(model.calibration.slice_scores, 0.01).value
    volumes = normals(data_dir, name)
    usual = worst_scores(name, volumes)
    assert np.median(usual) < threshold
    size = max(volumes[0].array.shape[1:]) / 64
    for changed in (
        lambda plane: np.full_like(plane, plane.mean()),
        lambda plane: ndimage.gaussian_filter(plane, size),
        lambda plane: plane.mean() + 0.2 * (plane - plane.mean()),
    ):
        assert worst_scores(name, volumes, changed).min() > np.median(usual) + 1


@pytest.mark.parametrize("name", NAMES)
def test_the_kind_of_a_real_image_is_found(name, data_dir):
    volume = normals(data_dir, name, 1)[0]
    found, _ = model_for(volume)
    assert found.card.name == name
    assert modality_of(volume) == ("CT" if "ct" in name.split("_") else "")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_shipped_model_finds_can_be_written_as_a_result(name, tmp_path):
    model = load_normality_model(name)
    j, i = np.indices((96, 96)) - 47.5
    body = (np.hypot(j / 38, i / 44) < 1) * 900.0 - 900.0 * (np.hypot(j, i - 8) < 9)
    noise = np.random.default_rng(0).normal(0, 15, (1, 96, 96))
    array = np.round(body + noise).astype(np.int16)
    volume = Volume(
        array, Geometry(array.shape, (3.0, 3.0, 3.0)), modality=model.card.view.modalities[0]
    )
    result, _ = screen_image(volume, tmp_path, AnomalySettings(report=False), model)
    written = json.loads(write_result(tmp_path, result).read_text())
    names = {one["name"] for one in written["values"]}
    assert {n for n in names if n.startswith("unusual_")}
    assert len(names) == len(written["values"])

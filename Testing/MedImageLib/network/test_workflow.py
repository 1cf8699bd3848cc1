"""`medimage train` and `medimage evaluate` from end to end, on generated discs."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from discs import write_discs
from PIL import Image

from MedImageLib.network.model_store import load_model

SETTINGS = """
name = "discs"
labels = ["disc", "ring"]
steps = 40
final_steps = 20
batch = 4
average = 0.9
measures = ["discs_measure:area"]

[network]
classes = 3
stem_channels = 8
stem_stride = 1
blocks = [
    {channels = 8, branches = [{pool = 1, channels = 8}, {pool = 4, channels = 12}]},
    {channels = 8, branches = [{pool = 1, channels = 8}, {pool = 4, channels = 12}]},
]

[framing]
size = [64, 64]

[[sources]]
name = "NAME"
index = "index.csv"
drawn_column = "labelled"
drawn_names = { disc = 1, ring = 2 }
"""


def medimage(*words: object, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "MedImageLib", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    write_discs(folder)
    (folder / "discs.toml").write_text(SETTINGS.replace("NAME", "discs"))
    (folder / "discs_measure.py").write_text(
        "def area(labels, spacing_mm):\n    return float((labels == 1).sum())\n"
    )
    words = ("train", folder / "discs.toml", "--data", folder, "-o", folder / "run")
    done = medimage(*words, "--folds", 0, 1, 5, "--threads", 1, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "min left" in done.stdout
    return folder


def test_figures_are_out_of_fold_only(trained):
    figures = json.loads((trained / "run" / "evaluation" / "evaluation.json").read_text())
    with (trained / "run" / "evaluation" / "scores.csv").open() as stream:
        scored = {(row["id"], row["fold"]) for row in csv.DictReader(stream)}
    # Patients 0, 5 are in fold 0, patient 1 in fold 1; the others were never held out.
    assert {fold for _, fold in scored} == {"0", "1"}
    assert len(scored) == 6
    lines = figures["tables"]["Last level"]
    assert {line["structure"]: line["images"] for line in lines} == {"disc": 6, "ring": 3}
    levels = figures["tables"]["By level"]
    assert {row["level"] for row in levels} == {1, 2}
    assert all(row["GMAC"] > 0 and row["ms"] > 0 and row["parameters"] > 0 for row in levels)
    assert figures["tables"]["Derived measures"][0]["measure"] == "area"
    page = (trained / "run" / "evaluation" / "report.html").read_text()
    assert page.count("data:image/png") == 6  # three worst of each structure


def test_label_maps_of_the_last_level_are_kept(trained):
    path = trained / "run" / "evaluation" / "labels" / "discs_d0.png"
    assert np.asarray(Image.open(path)).shape == (64, 64)


def test_the_stored_model_says_where_it_comes_from(trained):
    model = load_model(trained / "run" / "model")
    assert model.structures == {1: "disc", 2: "ring"}
    assert "train" in model.card.command
    assert model.card.metrics["tables"]["Last level"]
    assert "| discs | 6 | 12 |" in (trained / "run" / "model" / "MODEL_CARD.md").read_text()


def test_training_again_does_nothing_anew(trained):
    before = (trained / "run" / "fold0" / "checkpoint.pt").stat().st_mtime_ns
    words = ("train", trained / "discs.toml", "--data", trained, "-o", trained / "run")
    assert medimage(*words, "--folds", 0, folder=trained).returncode == 0
    assert (trained / "run" / "fold0" / "checkpoint.pt").stat().st_mtime_ns == before


def test_a_run_is_evaluated_again_and_a_model_only_on_what_it_never_saw(trained, tmp_path):
    done = medimage(
        "evaluate", trained / "run", "--data", trained, "-o", tmp_path / "again", folder=trained
    )
    assert done.returncode == 0, done.stderr
    assert "Last level" in done.stdout

    write_discs(tmp_path, seed=9)
    model = trained / "run" / "model"
    for name, code in (("others", 0), ("discs", 2)):
        sources = SETTINGS[SETTINGS.index("[[sources]]") :].replace("NAME", name)
        (tmp_path / "test.toml").write_text(sources)
        words = ("evaluate", model, "--data", tmp_path, "--sources", tmp_path / "test.toml")
        done = medimage(*words, "-o", tmp_path / name, folder=trained)
        assert done.returncode == code, done.stderr
    assert "was trained on discs" in done.stderr
    assert (tmp_path / "others" / "report.html").is_file()
    assert not (tmp_path / "discs").exists()


def test_settings_with_a_slip_of_the_pen_are_refused(trained, tmp_path):
    (tmp_path / "slip.toml").write_text(SETTINGS.replace("steps = 40", "stepps = 40"))
    done = medimage(
        "train", tmp_path / "slip.toml", "--data", trained, "-o", tmp_path / "run", folder=trained
    )
    assert done.returncode == 2
    assert "Did you mean 'steps'" in done.stderr
    assert not (tmp_path / "run").exists()

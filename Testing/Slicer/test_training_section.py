"""Training from a panel: a real process with a trainer of the test in place of hours of work."""

from __future__ import annotations

import time

import pytest
from panel_cases import panel

PATIENCE_S = 60.0
TRAINER = """
import time
from pathlib import Path
from MedImageLib.background.progress import in_parts, tell

def train(name, data, run, folds, localizer_run=None, publish=None, command="", say=print):
    for fold in in_parts(folds):
        for step in range(1, 5):
            if not (data / "go").exists():
                time.sleep(0.2)
            tell(step / 4, f"Step {step} of 4")
    while (data / "wait").exists():
        time.sleep(0.05)
    if (data / "bad").exists():
        raise ValueError("the data are bad")
    (run / "model").mkdir(parents=True)
    (run / "model" / "told.txt").write_text(f"{folds} {localizer_run} {command}")
"""


@pytest.fixture
def case(application, tmp_path, monkeypatch):
    """A panel whose training section is filled in."""
    from MedImageLib import in_slicer

    monkeypatch.setattr(in_slicer, "ensure_packages", lambda requester: None)
    (tmp_path / "trainer_of_the_test.py").write_text(TRAINER)
    (tmp_path / "own.toml").write_text('trainer = "trainer_of_the_test:train"\n')
    (tmp_path / "data").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    widget = panel(application, "CardiacLV")
    ui = widget.ui
    ui.trainingCollapsibleButton.collapsed = False
    ui.trainingSettingsPathLineEdit.currentPath = str(tmp_path / "own.toml")
    ui.trainingDataPathLineEdit.currentPath = str(tmp_path / "data")
    ui.trainingRunPathLineEdit.currentPath = str(tmp_path / "run")
    return widget


def wait(widget, over):
    end = time.monotonic() + PATIENCE_S
    while not over():
        assert time.monotonic() < end, widget.ui.trainingLabel.text
        widget.sections.common.training.look()
        time.sleep(0.05)


def test_a_model_is_trained_while_the_panel_stays_usable(application, case, tmp_path):
    ui, section = case.ui, case.sections.common.training
    (tmp_path / "data" / "go").touch()
    (tmp_path / "data" / "wait").touch()
    ui.trainingFoldsComboBox.currentIndex = 2
    ui.trainButton.click()
    assert application.errors == []
    assert (ui.trainButton.text, ui.trainingProgressBar.visible) == ("Cancel", True)
    wait(case, lambda: ui.trainingProgressBar.value == 100)
    assert ui.trainingLabel.text.startswith("Step 4 of 4")
    (tmp_path / "data" / "wait").unlink()
    wait(case, lambda: not section.running)
    told = (tmp_path / "run" / "model" / "told.txt").read_text()
    assert told == "[0, 5] None medimage train own.toml --data DATA -o RUN --folds 0 5"
    assert (ui.trainButton.text, ui.trainingProgressBar.visible) == ("Train", False)
    assert ui.modelPathLineEdit.currentPath == str(tmp_path / "run" / "model")
    assert ui.trainingLabel.text.startswith("Trained.")


def test_a_training_is_cancelled_by_its_button_and_with_the_panel(application, case, tmp_path):
    ui, section = case.ui, case.sections.common.training
    (tmp_path / "data" / "wait").touch()
    ui.trainButton.click()
    wait(case, lambda: 0 < ui.trainingProgressBar.value < 100)
    wait(case, lambda: "about" in ui.trainingLabel.text)
    begun = time.monotonic()
    ui.trainButton.click()
    assert not section.running
    assert time.monotonic() - begun < PATIENCE_S
    assert "goes on from what was trained" in ui.trainingLabel.text
    ui.trainButton.click()
    assert section.running
    case.cleanup()
    assert not section.running
    assert not (tmp_path / "run" / "model").exists()


def test_a_failure_is_told_in_words(application, case, tmp_path):
    for name in ("go", "bad"):
        (tmp_path / "data" / name).touch()
    case.ui.trainButton.click()
    wait(case, lambda: not case.sections.common.training.running)
    assert case.ui.trainingLabel.text == "the data are bad"
    case.ui.trainingDataPathLineEdit.currentPath = ""
    case.ui.trainButton.click()
    [(_, error)] = application.errors
    assert "choose all three" in str(error)


def test_models_of_the_product_can_be_chosen_in_every_panel(application):
    for name in ("MedImageMetric", "CardiacLV", "AutoContour"):
        ui = panel(application, name).ui
        assert ui.trainingComboBox.items == []
        ui.trainingCollapsibleButton.collapsed = False
        assert {"cine_ventricle", "ct_head_neck", "normality_radiograph"} <= set(
            ui.trainingComboBox.items
        )

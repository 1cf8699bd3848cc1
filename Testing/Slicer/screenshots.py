"""Pictures of the three panels in their main states, off screen: `make screenshots`.

Needs PySide6_Essentials, which the product itself does not. Scans are generated; what the panels
show is computed from them by the shipped models. The application's own style is not seen here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "AutoContour" / "viewing"))

import pyside_double
from stage import staged


def main() -> int:
    """Draw all panels, or those whose names are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(STATES))
    parser.add_argument("--states", nargs="*", help="these alone")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.modules:
        for state, prepare in STATES[name].items():
            if options.states and state not in options.states:
                continue
            with pytest.MonkeyPatch.context() as patch:
                path = options.out / f"{name}-{state}.png"
                told = _draw(patch, name, prepare, path)
                print(path, told)
    return 0


def _draw(patch: Any, name: str, prepare: Any, path: Path) -> str:
    from MedImageLib import in_slicer

    with staged(patch, pyside_double) as application:
        patch.setattr(in_slicer, "ensure_packages", lambda requester: None)
        patch.setattr(in_slicer.PanelRun, "call", lambda run, *call: in_slicer.run_here(*call))
        parent = application.new_parent()
        module = application.module(name)
        if prepare is _missing_packages:
            prepare(patch)
            widget = _panel(application, module, name, parent)
        else:
            widget = prepare(application, lambda: _panel(application, module, name, parent))
        told = [f"{message}\n\n{error}" for message, error in application.errors]
        pyside_double.picture(widget.parent, str(path), "\n\n".join(told))
        widget.cleanup()
        application.panels.remove(widget)
        return " ".join(" ".join(told).split())


def _panel(application: Any, module: Any, name: str, parent: Any) -> Any:
    widget = getattr(module, f"{name}Widget")(parent)
    application.panels.append(widget)
    widget.setup()
    return widget


def _missing_packages(patch: Any) -> None:
    from MedImageLib import in_slicer
    from MedImageLib.packages import PackageState

    state = PackageState(("highdicom>=0.25", "nibabel>=5.2"), torch=False)
    patch.setattr(in_slicer, "package_state", lambda: state)


def _add_radiograph(application: Any, **changes: Any) -> None:
    from MedImageLib.nodes import add_volume
    from MedImageLib.phantom.radiograph import RadiographSettings, generate_radiograph

    made = generate_radiograph(RadiographSettings(seed=4, **changes))
    add_volume(application.scene, made.image, "Radiograph (generated)")


def _graded(application: Any, panel: Any) -> Any:
    _add_radiograph(application, heart_scale=1.3)
    widget = panel()
    widget.ui.applyButton.click()
    widget.ui.conditionsTable.setCurrentCell(0, 0)
    widget.ui.screenButton.click()
    widget.ui.statusLabel.text = "Done."
    return widget


def _guessing(application: Any, panel: Any) -> Any:
    _add_radiograph(application)
    widget = panel()
    widget.ui.guessCollapsibleButton.collapsed = False
    widget.ui.guessCheckBox.checked = True
    widget.ui.applyButton.click()
    return widget


def _listing_models(application: Any, panel: Any) -> Any:
    _add_radiograph(application)
    widget = panel()
    widget.ui.modelsCollapsibleButton.collapsed = False
    widget.ui.modelsTable.setCurrentCell(len(widget.sections.common.models._models) - 1, 0)
    return widget


def _beating(application: Any, panel: Any) -> Any:
    from MedImageLib.nodes import add_volume_sequence
    from MedImageLib.phantom.cine import CineSettings, generate_cine

    made = generate_cine(CineSettings(seed=2))
    add_volume_sequence(application.scene, made.sequence, "Cine (generated)")
    widget = panel()
    widget.ui.applyButton.click()
    widget.ui.statusLabel.text = "Done."
    widget.ui.endSystoleButton.click()
    return widget


def _computing(application: Any, panel: Any) -> Any:
    widget = panel()
    widget.ui.applyButton.text, widget.ui.applyButton.enabled = "Cancel", True
    widget.ui.progressBar.visible, widget.ui.progressBar.value = True, 42
    widget.ui.statusLabel.text = "Frame 11 of 25 (about 8 s)"
    return widget


def _empty(application: Any, panel: Any) -> Any:
    return panel()


def _refused_picture(application: Any, panel: Any) -> Any:
    """A stack of slices where a radiograph is expected."""
    from MedImageLib.geometry import Geometry
    from MedImageLib.nodes import add_volume
    from MedImageLib.volume import Volume

    stack = Volume(np.zeros((12, 64, 64), np.int16), Geometry((12, 64, 64)), modality="CT")
    add_volume(application.scene, stack, "CT (generated)")
    widget = panel()
    widget.ui.applyButton.click()
    return widget


def _training(application: Any, panel: Any) -> Any:
    """A training under way; the process is replaced, nothing is trained."""
    from MedImageLib.background.job import JobState

    widget = panel()
    ui, section = widget.ui, widget.sections.common.training
    ui.trainingCollapsibleButton.collapsed = False
    ui.trainingComboBox.setCurrentText("radiograph_lungs_heart")
    ui.trainingDataPathLineEdit.currentPath = "/data/chest"
    ui.trainingRunPathLineEdit.currentPath = "/data/runs/chest"
    job = types.SimpleNamespace(cancel=lambda: None, result=lambda: None)
    job.state = lambda: JobState(False, 0.42, "Step 504 of 1200, loss 0.312", None)
    section._job = job
    section._first = (time.monotonic() - 4200.0, 0.1)
    ui.trainButton.text, ui.trainingProgressBar.visible = "Cancel", True
    section.look()
    return widget


def _guessed_beat(application: Any, panel: Any) -> Any:
    widget = _beating(application, panel)
    ui = widget.ui
    ui.guessCollapsibleButton.collapsed = False
    ui.guessCheckBox.checked = True
    widget.sections.guess.ask()
    ui.guessEdSpinBox.value, ui.guessEsSpinBox.value = 0, 7
    ui.revealButton.click()
    return widget


def _no_cine(application: Any, panel: Any) -> Any:
    application.scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Empty sequence")
    widget = panel()
    widget.ui.applyButton.click()
    return widget


def _registered(application: Any, panel: Any) -> Any:
    from AutoContourLib.registration import image_pair
    from AutoContourLib.registration.deformable_settings import DeformableSettings
    from MedImageLib.nodes import add_segmentation, add_volume, segment_of
    from MedImageLib.phantom.patient import PatientSettings, generate_patient
    from MedImageLib.terminology import structure

    made = generate_patient(PatientSettings(seed=3, size=(32, 64, 64), bend_mm=4.0))
    quick = DeformableSettings(field_spacings_mm=(24.0, 12.0), field_steps=(8, 8))
    register = image_pair.register_images
    image_pair.register_images = lambda one, two: register(one, two, None, quick)
    first = add_volume(application.scene, made.planning_ct, "Planning CT (generated)")
    second = add_volume(application.scene, made.later_ct, "Later CT (generated)")
    widget = panel()
    ui = widget.ui
    ui.inputSelector.setCurrentNode(first)
    ui.secondSelector.setCurrentNode(second)
    ui.registerButton.click()
    image_pair.register_images = register
    labels = replace(made.planning_labels, remarks=())
    segments = [segment_of(structure(name), value) for name, value in made.structures.items()]
    contours = add_segmentation(application.scene, labels, segments, "Contours")
    ui.outputSelector.setCurrentNode(contours)
    ui.reviewerLineEdit.text = "A. Reader"
    ui.reviewTable.setCurrentCell(0, 0)
    ui.approveButton.click()
    return widget


def _studies(application: Any, panel: Any) -> Any:
    """Every state of a study; the list is replaced, nothing is processed."""
    from AutoContourLib.study.worker import UNFIT
    from AutoContourLib.viewing import study_list
    from AutoContourLib.viewing.study_list import ListedStudy
    from MedImageLib.background.progress import tell
    from MedImageLib.batch.under_way import telling

    folder = Path(tempfile.mkdtemp(prefix="medimage-pictures-"))
    lately = "2026-11-20T09:41:00+00:00"
    listed = (
        ListedStudy("7d1c52a09be4", "working"),
        ListedStudy("c09ae6671f32", "waiting", "waiting for 12 instances that the study tells of"),
        ListedStudy("41fa0d2c88b7", "parked", UNFIT),
        ListedStudy("e2b90c6d5a11", "review", "", "CT + CT + MR", lately, folder),
        ListedStudy("90aa71cc04de", "approved", "", "CT + MR", lately, folder),
    )
    own, study_list.listed_studies = study_list.listed_studies, lambda out: listed
    work = folder / ".work" / "run" / "CT-study"
    work.mkdir(parents=True)
    widget = panel()
    started = time.time() - 52.0
    with telling(work, listed[0].id, clock=lambda: started):
        tell(0.55, "Contours of the planning CT")
        widget.ui.studiesPathLineEdit.currentPath = "/data/incoming"
        widget.ui.resultsPathLineEdit.currentPath = str(folder)
        widget.ui.studiesTable.setCurrentCell(2, 0)
    widget.ui.resultsPathLineEdit.blockSignals(True)
    widget.ui.resultsPathLineEdit.currentPath = "/data/results"
    shutil.rmtree(folder)
    study_list.listed_studies = own
    return widget


def _processed(results: Path) -> Any:
    """A small processed study whose registration and contours are exact by construction."""
    from processed import make_study

    make_study(results, results.parent / "inputs", push_mm=7.0)


def _watched(application: Any, panel: Any) -> Any:
    """A study of a real server, opened and partly reviewed."""
    from serving import running

    from AutoContourLib.viewing.remote_studies import ServerAddress, follow

    with tempfile.TemporaryDirectory(prefix="medimage-pictures-") as folder:
        _processed(Path(folder) / "results")
        with running(Path(folder) / "results") as address:
            widget = panel()
            ui, section = widget.ui, widget.sections.studies
            ui.serverCollapsibleButton.collapsed = False
            section._list = Path(folder) / "list" / "studies.json"
            left = [True, False]
            follow(ServerAddress(address), section._list, lambda _: None, lambda: left.pop(0))
            section._following = types.SimpleNamespace(cancel=lambda: None, result=lambda: None)
            ui.serverLineEdit.text = address
            section.refresh()
            ui.studiesTable.setCurrentCell(0, 0)
            ui.openStudyButton.click()
            ui.reviewerLineEdit.text = "A. Reader"
            ui.reviewTable.setCurrentCell(0, 0)
            ui.approveButton.click()
            ui.rejectButton.click()
            ui.serverLineEdit.text = "https://contour.hospital.example:8042/"
            ui.serverCheckBox.blockSignals(True)
            ui.serverCheckBox.checked = True
    return widget


def _quicker(application: Any, panel: Any) -> Any:
    """Somebody else reviewed in between."""
    from AutoContourLib.contours.review import reviewed

    with tempfile.TemporaryDirectory(prefix="medimage-pictures-") as folder:
        results = Path(folder) / "results"
        _processed(results)
        widget = panel()
        ui = widget.ui
        ui.resultsPathLineEdit.currentPath = str(results)
        ui.studiesTable.setCurrentCell(0, 0)
        ui.openStudyButton.click()
        contours = results / "cases" / "head" / "study" / "contours"
        reviewed(contours, "B. Reader", reject=["brainstem"])
        ui.reviewerLineEdit.text = "A. Reader"
        ui.reviewTable.setCurrentCell(3, 0)
        ui.approveButton.click()
        ui.resultsPathLineEdit.blockSignals(True)
        ui.resultsPathLineEdit.currentPath = "/data/results"
    return widget


STATES: dict[str, dict[str, Any]] = {
    "MedImageMetric": {
        "first-start": _missing_packages,
        "result": _graded,
        "guess-first": _guessing,
        "models": _listing_models,
        "training": _training,
        "refused": _refused_picture,
    },
    "CardiacLV": {
        "computing": _computing,
        "result": _beating,
        "revealed": _guessed_beat,
        "refused": _no_cine,
    },
    "AutoContour": {
        "empty": _empty,
        "studies": _studies,
        "result": _registered,
        "server": _watched,
        "quicker": _quicker,
    },
}

if __name__ == "__main__":
    sys.exit(main())

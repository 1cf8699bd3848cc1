"""Pictures of the three panels in their main states, off screen: `make screenshots`.

Needs PySide6_Essentials, which the product itself does not. Scans are generated; what the panels
show is computed from them by the shipped models. The application's own style is not seen here.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyside_double
from stage import staged


def main() -> int:
    """Draw all panels, or those whose names are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(STATES))
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.modules:
        for state, prepare in STATES[name].items():
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
        pyside_double.picture(widget.parent, str(path))
        return "; ".join(f"{message} {error}" for message, error in application.errors)


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


STATES: dict[str, dict[str, Any]] = {
    "MedImageMetric": {
        "first-start": _missing_packages,
        "result": _graded,
        "guess-first": _guessing,
        "models": _listing_models,
    },
    "CardiacLV": {"computing": _computing, "result": _beating},
    "AutoContour": {"result": _registered},
}

if __name__ == "__main__":
    sys.exit(main())

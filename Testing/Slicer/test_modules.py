"""The four classes of each module on a real scene: what is the same for all."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import types
from pathlib import Path

import pytest
from panel_cases import add_cine, add_radiograph, panel

REPOSITORY = Path(__file__).resolve().parents[2]
INPUT = {
    "MedImageMetric": "inputVolume",
    "CardiacLV": "inputSequence",
    "AutoContour": "inputVolume",
}

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.mark.parametrize("name", sorted(INPUT))
def test_the_module_describes_itself(application, name):
    module = application.module(name)
    parent = types.SimpleNamespace(path=module.__file__)
    getattr(module, name)(parent)
    assert parent.title
    assert len(parent.categories) == 1
    assert "not a medical device" in parent.helpText.lower()
    assert any(number in parent.acknowledgementText for number in ("US 2020", "CN 109", "US 12,"))


@pytest.mark.parametrize(("name", "nodes"), [("MedImageMetric", 1), ("CardiacLV", 3)])
def test_generated_samples_are_offered_and_made_offline(application, name, nodes, monkeypatch):
    import slicer

    offered = []
    logic = types.SimpleNamespace(
        registerCustomSampleDataSource=lambda **entry: offered.append(entry)
    )
    monkeypatch.setitem(sys.modules, "SampleData", types.SimpleNamespace(SampleDataLogic=logic))
    module = application.module(name)
    getattr(module, name)(types.SimpleNamespace(path=module.__file__))
    assert offered == []
    slicer.app.started.emit()
    [entry] = offered
    assert entry["category"] == "MedImage"
    assert Path(entry["thumbnailFileName"]).is_file()
    made = entry["customDownloader"](None)
    assert application.errors == []
    assert len(made) == nodes


def test_downloads_are_offered_with_their_hashes(application, monkeypatch):
    from MedImageLib.samples import list_samples

    offered = []
    logic = types.SimpleNamespace(
        registerCustomSampleDataSource=lambda **entry: offered.append(entry)
    )
    monkeypatch.setitem(sys.modules, "SampleData", types.SimpleNamespace(SampleDataLogic=logic))
    application.module("AutoContour").registerSampleData()
    generated, *downloads = offered
    assert "customDownloader" in generated
    samples = list_samples()
    assert {entry["sampleName"] for entry in downloads} <= set(samples)
    for entry in downloads:
        sample = samples[entry["sampleName"]]
        assert entry["checksums"] == f"SHA256:{sample.sha256}"
        assert entry["uris"].startswith("https://")


@pytest.mark.parametrize("name", sorted(INPUT))
def test_the_modules_own_test_passes(application, name):
    getattr(application.module(name), f"{name}Test")().runTest()


@pytest.mark.parametrize("name", sorted(INPUT))
def test_panel_lives_through_opening_closing_and_a_new_scene(application, name):
    import slicer

    widget = panel(application, name)
    assert not widget.ui.applyButton.enabled
    widget.enter()
    widget.exit()
    widget.enter()
    slicer.mrmlScene.Clear()
    assert widget._parameterNode is not None
    widget.cleanup()
    widget.exit()
    assert application.errors == []


@pytest.mark.parametrize("name", sorted(INPUT))
def test_selection_is_kept_in_the_scene_and_shown(application, name):
    widget = panel(application, name)
    node = (
        add_cine(application.scene)[0] if name == "CardiacLV" else add_radiograph(application.scene)
    )
    widget.ui.inputSelector.setCurrentNode(node)
    assert getattr(widget._parameterNode, INPUT[name]) == node
    setattr(widget._parameterNode, INPUT[name], None)
    assert widget.ui.inputSelector.currentNode() is None
    again = panel(application, name)
    assert again.ui.inputSelector.currentNode() == node, "the first node is offered"


def test_panels_open_while_no_package_is_installed():
    """What the application brings along is there; nothing else is."""
    blocked = (
        "torch highdicom pydicom nibabel safetensors jsonschema dask distributed jinja2 psutil"
    )
    script = f"""
import sys, types
for name in {blocked.split()!r}:
    sys.modules[name] = None
i18n = types.ModuleType("slicer.i18n")
i18n.tr = lambda text: text
i18n.translate = lambda context, text: text
sys.modules["slicer.i18n"] = i18n
for folder in {[str(REPOSITORY / name) for name in INPUT]!r}:
    sys.path.insert(0, folder)
import MedImageMetricPanel.sections, CardiacLVPanel.sections, AutoContourPanel.sections
from AutoContourLib.registration.fusion import METHODS
from AutoContourLib.registration.plan_decision import ThresholdSettings
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "settings_class", "pairs"),
    [
        (
            "MedImageMetric",
            "MedImageMetricLib.radiograph.settings.MetricSettings",
            {
                "level": "level",
                "stopBelow": "stop_below",
                "rules": "rules",
                "profile": "profile",
                "research": "research",
            },
        ),
        (
            "CardiacLV",
            "CardiacLVLib.settings.LeftVentricleSettings",
            {"level": "level", "stopBelow": "stop_below", "consistent": "consistent"},
        ),
    ],
)
def test_defaults_and_ranges_are_those_of_the_settings(application, name, settings_class, pairs):
    import importlib
    import typing

    package, _, attribute = settings_class.rpartition(".")
    settings = getattr(importlib.import_module(package), attribute)
    fields = {field.name: field for field in dataclasses.fields(settings)}
    parameters = getattr(application.module(name), f"{name}ParameterNode")
    hints = typing.get_type_hints(parameters, include_extras=True)
    logic = getattr(application.module(name), f"{name}Logic")()
    node = logic.getParameterNode()
    for parameter, field in pairs.items():
        assert getattr(node, parameter) == fields[field].default
        metadata = fields[field].metadata
        if metadata["minimum"] is None:
            continue
        bounds = typing.get_args(hints[parameter])[1]
        assert (bounds.minimum, bounds.maximum) == (metadata["minimum"], metadata["maximum"])

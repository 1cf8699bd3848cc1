"""The four classes of each module on a real scene: what is the same for all."""

from __future__ import annotations

import dataclasses
import types

import pytest
from panel_cases import add_cine, add_radiograph, panel

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

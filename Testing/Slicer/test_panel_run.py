"""A panel's computation in a real process: told while it runs, cancelled by the same button."""

from __future__ import annotations

import time
import types

import pytest

PATIENCE_S = 60.0


@pytest.fixture
def parts(application):
    import qt_double

    return types.SimpleNamespace(
        button=qt_double.Widget(), label=qt_double.Widget(), bar=qt_double.Widget()
    )


@pytest.fixture
def run(parts):
    from MedImageLib.in_slicer import PanelRun

    parts.button.text, parts.button.toolTip = "Apply", "Do it"
    return PanelRun(parts.button, parts.label, parts.bar, "Cancel")


@pytest.fixture
def each_time(application, monkeypatch):
    """What the application does whenever it is given time."""
    import slicer

    done = []
    end = time.monotonic() + PATIENCE_S

    def process_events():
        assert time.monotonic() < end, "waited in vain"
        for action in done:
            action()

    monkeypatch.setattr(slicer.app, "processEvents", process_events)
    return done


def test_the_panel_shows_it_and_is_as_before_afterwards(run, parts, each_time, monkeypatch):
    seen = []
    each_time.append(lambda: seen.append((parts.button.text, parts.bar.visible, run.running)))
    assert run.call("operator:mul", 6, 7) == 42
    assert set(seen) == {("Cancel", True, True)}
    assert (parts.button.text, parts.button.toolTip, parts.bar.visible) == ("Apply", "Do it", False)
    assert not run.running


def test_progress_reaches_bar_and_label(run, parts, each_time, tmp_path, monkeypatch):
    (tmp_path / "slow_work.py").write_text(
        "import time\n"
        "from MedImageLib.background.progress import tell\n"
        "def work():\n    tell(0.25, 'Slice 2 of 5')\n    time.sleep(0.5)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = []
    each_time.append(lambda: seen.append((parts.bar.value, parts.label.text)))
    run.call("slow_work:work")
    assert seen[-1][0] == 25
    assert seen[-1][1].startswith("Slice 2 of 5 (")


def test_cancel_raises_and_the_panel_is_free_again(run, parts, each_time):
    from MedImageLib.background.job import JobCancelledError

    each_time.append(run.cancel)
    with pytest.raises(JobCancelledError):
        run.call("time:sleep", 600)
    assert not run.running
    assert parts.button.text == "Apply"


def test_the_panel_of_the_heart_cancels_by_its_button(application, each_time, monkeypatch):
    """The computation itself is replaced by a long sleep in a real process."""
    import numpy as np

    from MedImageLib import in_slicer
    from MedImageLib.geometry import Geometry
    from MedImageLib.nodes import add_volume_sequence
    from MedImageLib.volume import Volume, VolumeSequence

    monkeypatch.setattr(in_slicer, "ensure_packages", lambda requester: None)
    call = in_slicer.PanelRun.call
    monkeypatch.setattr(
        in_slicer.PanelRun, "call", lambda run, function, *rest: call(run, "time:sleep", 600)
    )
    frames = tuple(Volume(np.zeros((2, 8, 8), np.int16), Geometry((2, 8, 8))) for _ in range(2))
    add_volume_sequence(application.scene, VolumeSequence(frames, (0.0, 40.0)), "cine")
    module = application.module("CardiacLV")
    widget = module.CardiacLVWidget(application.new_parent())
    application.panels.append(widget)
    widget.setup()
    nodes = application.scene.GetNumberOfNodes()
    enabled = []

    def press():
        enabled.append(widget.ui.recomputeButton.enabled)
        widget.ui.applyButton.click()

    each_time.append(press)
    widget.ui.applyButton.click()
    assert application.errors == []
    assert enabled
    assert not any(enabled)
    assert "Cancelled" in widget.ui.statusLabel.text
    assert widget.ui.applyButton.text != "Cancel"
    assert application.scene.GetNumberOfNodes() == nodes


def test_closing_the_scene_cancels(application, each_time, monkeypatch):
    import slicer

    from MedImageLib.background.job import JobCancelledError

    module = application.module("CardiacLV")
    widget = module.CardiacLVWidget(application.new_parent())
    application.panels.append(widget)
    widget.setup()
    each_time.append(slicer.mrmlScene.Clear)
    with pytest.raises(JobCancelledError):
        widget.run.call("time:sleep", 600)


@pytest.mark.parametrize("name", ["MedImageMetric", "CardiacLV", "AutoContour"])
def test_missing_packages_are_told_and_installed_from_the_panel(application, monkeypatch, name):
    from MedImageLib import in_slicer, packages

    missing = ["highdicom>=0.25"]
    monkeypatch.setattr(
        in_slicer, "package_state", lambda: packages.PackageState(tuple(missing), torch=True)
    )
    calls = []

    def call(run, function, *arguments):
        calls.append((function, *arguments))
        missing.clear()

    monkeypatch.setattr(in_slicer.PanelRun, "call", call)
    module = application.module(name)
    widget = getattr(module, f"{name}Widget")(application.new_parent())
    application.panels.append(widget)
    widget.setup()
    assert widget.ui.packagesCollapsibleButton.visible
    assert "highdicom" in widget.ui.packagesLabel.text
    widget.ui.wheelsPathLineEdit.currentPath = "/media/wheels"
    widget.ui.installButton.click()
    assert calls == [("MedImageLib.packages:install", ("highdicom>=0.25",), "/media/wheels")]
    assert application.errors == []
    assert not widget.ui.packagesCollapsibleButton.visible
    assert widget.ui.packagesLabel.text == "All Python packages are installed."


def test_an_installation_that_fails_is_told_and_can_be_tried_again(application, monkeypatch):
    from MedImageLib import in_slicer, packages

    state = packages.PackageState(("no-such-package>=1",), torch=True)
    monkeypatch.setattr(in_slicer, "package_state", lambda: state)

    def call(run, function, *arguments):
        raise packages.InstallError("no-such-package>=1 could not be installed.")

    monkeypatch.setattr(in_slicer.PanelRun, "call", call)
    module = application.module("CardiacLV")
    widget = module.CardiacLVWidget(application.new_parent())
    application.panels.append(widget)
    widget.setup()
    widget.ui.installButton.click()
    [(message, error)] = application.errors
    assert "could not be installed" in message
    assert "no-such-package" in str(error)
    assert widget.ui.packagesCollapsibleButton.visible
    assert "no-such-package" in widget.ui.packagesLabel.text


def test_a_second_button_is_told_to_wait_and_the_first_goes_on(run, parts, each_time):
    from MedImageLib.errors import InputError

    told = []

    def press():
        try:
            run.call("operator:mul", 2, 2)
        except InputError as error:
            told.append(str(error))

    each_time.append(press)
    assert run.call("operator:mul", 6, 7) == 42
    assert told
    assert "being computed" in told[0]
    each_time.clear()
    assert run.call("operator:mul", 2, 2) == 4


def test_a_kept_process_serves_until_the_module_is_left(parts, each_time):
    from MedImageLib.in_slicer import PanelRun

    run = PanelRun(parts.button, parts.label, parts.bar, "Cancel", keep=True)
    first = run.call("os:getpid")
    assert run.call("os:getpid") == first
    run.rest()
    second = run.call("os:getpid")
    assert second != first
    run.end()
    assert run.call("os:getpid") not in (first, second)
    run.end()

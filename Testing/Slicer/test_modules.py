"""The four classes of each module on a real scene, with the package's networks replaced."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest

from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume, VolumeSequence

INPUT = {
    "MedImageMetric": "inputVolume",
    "CardiacLV": "inputSequence",
    "AutoContour": "inputVolume",
}
RADIOGRAPH = Geometry((1, 80, 100), (0.5, 0.8, 1.0), (7.0, -3.0, 0.0))
CINE = Geometry((3, 20, 24), (1.4, 1.4, 8.0), (-10.0, 20.0, 5.0))
RADII = (6, 3, 5)


def disc(radius: float) -> np.ndarray:
    j, i = np.mgrid[:20, :24]
    return np.hypot(j - 9.3, i - 11.2) < radius


def model(structures: dict[int, str]) -> types.SimpleNamespace:
    card = types.SimpleNamespace(name="stub", version="1.0")
    return types.SimpleNamespace(structures=structures, card=card, weights_sha256="ab" * 32)


def radiograph_labels() -> Volume:
    """Lungs over columns 10 to 89 and a heart over columns 40 to 69: a ratio of 30 / 80."""
    array = np.zeros(RADIOGRAPH.shape, np.uint8)
    array[0, 10:60, 10:40] = 1
    array[0, 10:60, 60:90] = 2
    array[0, 30:60, 40:70] = 3
    return Volume(array, RADIOGRAPH, is_labelmap=True)


def radiograph_pixels(geometry: Geometry) -> np.ndarray:
    """Dark lungs, a bright heart, body between dark and bright; zeros where it is no radiograph."""
    if geometry.shape != RADIOGRAPH.shape:
        return np.zeros(geometry.shape, np.int16)
    noise = np.random.default_rng(0).integers(-20, 21, geometry.shape)
    return (np.choose(radiograph_labels().array, [600, 200, 200, 900]) + noise).astype(np.int16)


@pytest.fixture
def radiograph_network(monkeypatch):
    """The network answers the labels above; the settings that it was called with are returned.

    No other detector is installed.
    """
    from MedImageMetricLib.radiograph import analysis, detectors, segmentation

    installed = detectors._installed
    monkeypatch.setattr(
        detectors,
        "_installed",
        lambda name, folder: (
            installed(name, folder) if name == segmentation.MODEL else detectors.NO_DETECTOR
        ),
    )
    calls = []

    def labels_of_plane(plane, model_, settings=None, cleaned=None):
        calls.append(settings)
        labels = radiograph_labels().array[0]
        if plane.shape != labels.shape:  # turned by a quarter: no chest is seen
            labels = np.zeros(plane.shape, np.uint8)
        return segmentation.PlaneLabels(labels, {1: 0.9, 2: 0.9, 3: 0.9})

    monkeypatch.setattr(analysis, "labels_of_plane", labels_of_plane)
    return calls


@pytest.fixture
def cine_network(monkeypatch):
    """`segment_cine` finds a round cavity that is smallest in the second of three frames."""
    from CardiacLVLib import analysis
    from CardiacLVLib.ventricle import segmentation

    def segment_cine(cine, settings=None, consistent=True):
        calls.append((settings, consistent))
        arrays = []
        for radius in RADII:
            array = np.zeros(CINE.shape, np.uint8)
            array[:, disc(8)] = 2
            array[:, disc(radius)] = 1
            arrays.append(Volume(array, CINE, is_labelmap=True))
        areas = np.array([(a.array == 1).sum((1, 2)) for a in arrays]) * 1.4**2
        volumes = areas.sum(1) * 8 / 1000
        return segmentation.CineSegmentation(
            labels=tuple(arrays),
            cavity_area_mm2=areas,
            cavity_volume_ml=volumes,
            myocardium_volume_ml=np.array([(a.array == 2).sum() for a in arrays]) * 0.01568,
            ed_frame=0,
            es_frame=1,
            models=(),
            remarks=(),
            seconds=0.1,
        )

    calls = []
    monkeypatch.setattr(analysis, "segment_cine", segment_cine)
    return calls


@pytest.fixture(autouse=True)
def _no_installing(monkeypatch):
    from MedImageLib import in_slicer

    monkeypatch.setattr(in_slicer, "ensure_packages", lambda requester: None)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    """The networks that tests put in place are not known to another process."""
    from MedImageLib import in_slicer

    def call(run, function, *arguments):
        return in_slicer.run_here(function, *arguments)

    monkeypatch.setattr(in_slicer.PanelRun, "call", call)


def add_radiograph(scene, geometry: Geometry = RADIOGRAPH):
    from MedImageLib.nodes import add_volume

    return add_volume(scene, Volume(radiograph_pixels(geometry), geometry), "radiograph")


def add_cine(scene):
    from MedImageLib.nodes import add_volume_sequence

    frames = tuple(Volume(np.full(CINE.shape, n, np.int16), CINE) for n in range(3))
    return add_volume_sequence(scene, VolumeSequence(frames, (0.0, 40.0, 80.0)), "cine")


def panel(application, name: str):
    widget = getattr(application.module(name), f"{name}Widget")(application.new_parent())
    application.panels.append(widget)
    widget.setup()
    return widget


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


def test_radiograph_is_processed_from_the_panel(application, radiograph_network):
    from MedImageLib.nodes import points_of, segmentation_labels, segments_of

    node = add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    assert widget.ui.applyButton.enabled
    widget.ui.levelSpinBox.value = 2
    widget.ui.stopBelowSpinBox.value = 0.25
    widget.ui.applyButton.click()
    assert application.errors == []
    assert widget.ui.statusLabel.text == "Done."
    assert (radiograph_network[0].level, radiograph_network[0].stop_below) == (2, 0.25)
    segmentation = widget.ui.outputSelector.currentNode()
    labels = segmentation_labels(segmentation)
    assert np.array_equal(labels.array, radiograph_labels().array)
    assert labels.geometry.same_grid(RADIOGRAPH)
    assert [s.type is not None for s in segments_of(segmentation)] == [True] * 3
    role = segmentation.GetReferenceImageGeometryReferenceRole()
    assert segmentation.GetNodeReferenceID(role) == node.GetID()
    text = widget.ui.resultTextEdit.plainText
    assert "Cardiothoracic ratio 0.38" in text
    assert "not a medical device" in text
    assert widget.ui.levelLabel.text.startswith("Intermediate level")
    lines = application.scene.GetNodesByClass("vtkMRMLMarkupsLineNode")
    lines.UnRegister(None)
    lengths = [
        np.linalg.norm(np.diff(points_of(lines.GetItemAsObject(n)), axis=0))
        for n in range(lines.GetNumberOfItems())
    ]
    assert len(lengths) == 6, "two widths, and the two upright lines of each"
    for width in (30 * 0.5, 80 * 0.5):
        assert min(abs(length - width) for length in lengths) < 1e-4


def test_pressing_again_renews_and_does_not_pile_up(application, radiograph_network):
    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    before = application.scene.GetNumberOfNodes()
    widget.ui.applyButton.click()
    assert application.errors == []
    assert application.scene.GetNumberOfNodes() == before


def test_lines_are_left_out_when_not_wanted(application, radiograph_network):
    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.drawMeasurementCheckBox.checked = False
    widget.ui.applyButton.click()
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 0


def test_what_a_person_changed_is_not_overwritten(application, radiograph_network):
    import slicer

    add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    segmentation = widget.ui.outputSelector.currentNode()
    identifier = segmentation.GetSegmentation().GetNthSegmentID(2)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentation, identifier)
    array[0, 0, 0] = 3
    widget.ui.applyButton.click()
    [(message, error)] = application.errors
    assert "could not be processed" in message
    assert "by a person" in str(error)
    assert widget.ui.statusLabel.text == "Nothing was computed."
    assert array[0, 0, 0] == 3


def test_what_is_no_radiograph_is_refused_in_words(application, radiograph_network):
    add_radiograph(application.scene, Geometry((5, 80, 100)))
    widget = panel(application, "MedImageMetric")
    widget.ui.applyButton.click()
    [(_, error)] = application.errors
    assert "5 slices" in str(error)


def test_a_scan_is_screened_from_the_panel_and_the_verdict_stays(application, monkeypatch):
    from MedImageLib import in_slicer
    from MedImageLib.nodes import scan_verdict_of
    from MedImageLib.results import InputIdentity, Measurement, ModelUsed, QualityFlag, Result
    from MedImageLib.scan_verdict import FLAG, TASK

    values = {"score": 3.0, "threshold": 2.0, "confidence": 0.9}
    result = Result(
        module="MedImageMetric",
        task=TASK,
        inputs=(InputIdentity("0" * 64, "DX", (1, 4, 4), None),),
        values=tuple(Measurement(name, value, "1") for name, value in values.items()),
        flags=(QualityFlag(FLAG, "not", "Looks normal"),),
        models=(ModelUsed("normality_radiograph", "1.0", "ab" * 32),),
    )
    calls = []

    def call(run, function, *arguments):
        calls.append((function, arguments[0].array.shape))
        return result, None

    monkeypatch.setattr(in_slicer.PanelRun, "call", call)
    node = add_radiograph(application.scene)
    widget = panel(application, "MedImageMetric")
    widget.ui.screenButton.click()
    assert application.errors == []
    assert calls == [("MedImageMetricLib.normality.processing:screen_image", RADIOGRAPH.shape)]
    verdict = scan_verdict_of(node)
    assert verdict is not None
    assert (verdict.verdict, verdict.score) == ("abnormal", 3.0)
    assert widget.ui.statusLabel.text == "Done."
    assert widget.ui.applyButton.enabled
    assert widget.ui.resultTextEdit.plainText


def test_cine_is_processed_from_the_panel(application, cine_network):
    from MedImageLib.nodes import rows_of, segmentation_labels

    _, browser, _ = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.levelSpinBox.value = 2
    widget.ui.consistentCheckBox.checked = False
    widget.ui.applyButton.click()
    assert application.errors == []
    [(settings, consistent)] = cine_network
    assert (settings.level, consistent) == (2, False)
    rows = rows_of(widget.ui.outputSelector.currentNode())
    expected = [3 * np.pi * (radius * 1.4) ** 2 * 8 / 1000 for radius in RADII]
    assert [row["cavity_volume"] for row in rows] == pytest.approx(expected, rel=0.03)
    assert [row["time"] for row in rows] == [0.0, 40.0, 80.0]
    assert [row["phase"] for row in rows] == ["end diastole", "end systole", "diastole"]
    assert "ejection fraction: 7" in widget.ui.resultTextEdit.plainText
    indices = rows_of(widget.ui.indicesSelector.currentNode())
    assert [(row["frame"], row["slice"]) for row in indices] == list(np.ndindex(3, 3))
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 6
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 1
    assert browser.GetSelectedItemNumber() == 0
    segmentation = application.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    for frame, radius in enumerate(RADII):
        browser.SetSelectedItemNumber(frame)
        application.logics["Sequences"].UpdateAllProxyNodes()
        labels = segmentation_labels(segmentation)
        assert (labels.array == 1).sum() == 3 * disc(radius).sum()
        assert labels.geometry.same_grid(CINE)


def test_edited_contours_change_every_number(application, cine_network):
    import slicer

    from MedImageLib.nodes import rows_of

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    assert not widget.ui.recomputeButton.enabled
    widget.ui.applyButton.click()
    assert widget.ui.recomputeButton.enabled
    before = rows_of(widget.ui.outputSelector.currentNode())
    nodes = application.scene.GetNumberOfNodes()
    # The frame shown is the first one: fill its cavity up on two of three slices.
    segmentation = application.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentation, identifier)
    array[1:][array[1:] == 1] = 0
    segmentation.Modified()
    widget.ui.recomputeButton.click()
    assert application.errors == []
    after = rows_of(widget.ui.outputSelector.currentNode())
    assert after[0]["cavity_volume"] == pytest.approx(before[0]["cavity_volume"] / 3, rel=0.01)
    assert [row["cavity_volume"] for row in after[1:]] == [r["cavity_volume"] for r in before[1:]]
    assert [row["phase"] for row in after] == ["systole", "end systole", "end diastole"]
    assert "contours were given" in widget.ui.resultTextEdit.plainText
    assert application.scene.GetNumberOfNodes() == nodes
    assert len(cine_network) == 1, "no network is asked again"


def test_the_insertion_can_be_turned(application, cine_network):
    from MedImageLib.nodes import rows_of

    add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    assert not widget.ui.insertionSpinBox.enabled
    found = widget.ui.insertionSpinBox.value
    before = rows_of(widget.ui.indicesSelector.currentNode())
    widget.ui.automaticInsertionCheckBox.checked = False
    assert widget.ui.insertionSpinBox.enabled
    widget.ui.insertionSpinBox.value = found - 60 if found > 0 else found + 60
    widget.ui.recomputeButton.click()
    assert application.errors == []
    after = rows_of(widget.ui.indicesSelector.currentNode())
    # A turn by one region moves every thickness to its neighbor.
    names = [f"rwt{n}_mm" for n in range(1, 7)]
    old, new = ([rows[0][name] for name in names] for rows in (before, after))
    assert any(np.allclose(np.roll(old, by), new, atol=1e-6) for by in (-1, 1))
    assert old != pytest.approx(new)


def test_numbers_follow_the_frame_that_is_shown(application, cine_network):
    _, browser, _ = add_cine(application.scene)
    widget = panel(application, "CardiacLV")
    assert widget.ui.frameLabel.text == ""
    assert not widget.ui.endSystoleButton.enabled
    widget.ui.applyButton.click()
    assert widget.ui.endSystoleButton.enabled
    assert "end diastole" in widget.ui.frameLabel.text
    widget.ui.endSystoleButton.click()
    assert browser.GetSelectedItemNumber() == 1
    assert "end systole" in widget.ui.frameLabel.text
    browser.SetSelectedItemNumber(2)
    assert "Frame shown: 2" in widget.ui.frameLabel.text
    application.scene.RemoveNode(widget.ui.outputSelector.currentNode())
    browser.SetSelectedItemNumber(1)
    assert widget.ui.frameLabel.text == ""
    widget.ui.inputSelector.setCurrentNode(None)
    assert application.errors == []


def test_a_cine_without_browser_gets_one(application, cine_network):
    _, browser, _ = add_cine(application.scene)
    application.scene.RemoveNode(browser)
    widget = panel(application, "CardiacLV")
    widget.ui.applyButton.click()
    assert application.errors == []
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode") == 1


def test_a_ct_is_contoured_from_the_panel(application, monkeypatch):
    """The organs are replaced by two boxes; body and checks are not asked."""
    from AutoContourLib.contours import contour_files, contouring
    from MedImageLib.nodes import segmentation_labels, segments_of

    def contour_ct(scan, settings=None):
        masks = {"body": np.ones(scan.array.shape, bool)}
        masks["mandible"] = np.zeros(scan.array.shape, bool)
        masks["mandible"][0, 10:20, 30:50] = True
        return contouring.Contours(scan, masks)

    monkeypatch.setattr(contour_files, "contour_ct", contour_ct)
    node = add_radiograph(application.scene)
    widget = panel(application, "AutoContour")
    assert widget.ui.inputSelector.currentNode() == node
    widget.ui.applyButton.click()
    assert application.errors == []
    segmentation = widget.ui.outputSelector.currentNode()
    assert [segment.name for segment in segments_of(segmentation)] == ["Body", "Mandible"]
    values = np.unique(segmentation_labels(segmentation).array, return_counts=True)
    assert sorted(values[1]) == [200, 80 * 100 - 200]
    assert "to be reviewed" in widget.ui.resultTextEdit.plainText.lower()
    assert "Look at every contour" in widget.ui.statusLabel.text


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

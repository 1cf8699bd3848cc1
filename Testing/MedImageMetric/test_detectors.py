"""Sub-models by object: absent, damaged, replaced by name; foreign objects after suppression."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.network.model_store import load_model, save_model
from MedImageMetricLib.radiograph import detectors
from MedImageMetricLib.radiograph.detections import (
    NO_DETECTOR,
    Box,
    Detections,
    ForeignObject,
    NotAssessable,
    Region,
)
from MedImageMetricLib.radiograph.detectors import (
    DRAWN_ALONE,
    MODEL_NAMES,
    SUB_MODELS,
    detect_abnormal_parts,
    detect_all,
    detect_foreign_objects,
    detect_scapulae,
    installed_models,
    largest_of_each,
    overlap,
    suppressed,
    without_specks,
)
from MedImageMetricLib.radiograph.label_map import LABELS, label_map, object_masks
from MedImageMetricLib.radiograph.reduction import reduction_of
from MedImageMetricLib.radiograph.segmentation import MODEL, PlaneLabels

PLANE = np.random.default_rng(0).normal(100, 30, (96, 80)).astype(np.float32)


def test_every_object_but_lungs_and_heart_has_one_sub_model():
    objects = [name for one in SUB_MODELS for name in one.objects]
    fields = set(LABELS.values()) | {"foreign_objects"}
    assert sorted(objects) == sorted(fields - {"right_lung", "left_lung", "heart"})


def test_absent_models_are_not_assessable(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDIMAGE_RESOURCES", str(tmp_path))
    assert installed_models() == dict.fromkeys(MODEL_NAMES, NO_DETECTOR)
    found = detect_all(PLANE, installed_models())
    assert set(found.values()) == {NO_DETECTOR}


@pytest.fixture(scope="module")
def spine_folder(tmp_path_factory):
    """A folder with a model of the spine: a network that was trained for something else."""
    folder = tmp_path_factory.mktemp("models")
    shipped = load_model(MODEL)
    card = replace(
        shipped.card,
        name="radiograph_spine",
        labels=("spine",),
        network=replace(shipped.card.network, classes=2),
    )
    from MedImageLib.network.multi_level import MultiLevelNetwork

    save_model(folder / "radiograph_spine", MultiLevelNetwork(card.network), card)
    return folder


@pytest.fixture
def any_confidence(monkeypatch):
    """An untrained network is never sure."""
    lenient = tuple(replace(one, least_confidence=0.0) for one in SUB_MODELS)
    monkeypatch.setattr(detectors, "SUB_MODELS", lenient)


def test_a_model_in_a_folder_of_the_user_fills_its_objects_alone(spine_folder, any_confidence):
    models = installed_models(str(spine_folder))
    assert models["radiograph_spine"].card.labels == ("spine",)
    found = detect_all(PLANE, models)
    assert isinstance(found["spine"], Region)
    assert found["spine"].mask.shape == PLANE.shape
    assert isinstance(found["right_scapula"], NotAssessable)


@pytest.mark.parametrize(("least", "kept"), [(0.69, True), (0.7, True), (0.71, False)])
def test_what_a_sub_model_is_unsure_of_is_not_assessable(spine_folder, monkeypatch, least, kept):
    found = Region(PLANE > 0, 0.7)
    one = replace(SUB_MODELS[0], detect=lambda *_: {"spine": found}, least_confidence=least)
    monkeypatch.setattr(detectors, "SUB_MODELS", (one,))
    answer = detect_all(PLANE, installed_models(str(spine_folder)))["spine"]
    assert (answer is found) == kept
    assert kept or "0.70, 0.71 needed" in answer.reason


def test_a_damaged_model_stops_nothing_else(spine_folder, tmp_path):
    import shutil

    shutil.copytree(spine_folder, tmp_path / "models")
    weights = tmp_path / "models" / "radiograph_spine" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    models = installed_models(str(tmp_path / "models"))
    assert "damaged" in models["radiograph_spine"].reason
    assert not isinstance(models[MODEL], NotAssessable)
    assert "damaged" in detect_all(PLANE, models)["spine"].reason


def test_foreign_objects_are_parts_as_sure_as_their_surest_pixel(monkeypatch):
    probabilities = np.zeros((2, *PLANE.shape), np.float32)
    probabilities[1, 10:20, 30:40] = 0.4
    probabilities[1, 14, 33] = 0.9
    probabilities[1, 60:64, 5:9] = 0.3
    probabilities[1, 80, 70] = 0.95  # a speck
    probabilities[1, 40:43, 40:44] = 0.05
    answer = type("Answer", (), {"probabilities": probabilities})()
    monkeypatch.setattr(detectors, "content_box", lambda plane: (slice(None), slice(None)))
    monkeypatch.setattr(detectors, "segment_plane", lambda *_, **__: answer)
    card = type("Card", (), {"framing": None, "percent": (1, 99)})()
    model = type("Model", (), {"network": None, "card": card, "structures": {1: "button"}})()
    first, second, weak = detect_foreign_objects(PLANE, model)["foreign_objects"]
    assert first.confidence == pytest.approx(0.9)
    assert first.box == Box(29.5, 9.5, 39.5, 19.5)
    assert first.kind == "button"
    assert second.confidence == pytest.approx(0.3)
    assert second.mask is not None
    assert second.mask.sum() == 16
    assert (weak.confidence, weak.mask) == (pytest.approx(0.05), None)  # tells pictures apart only


def test_of_overlapping_boxes_the_surest_stays():
    strong = ForeignObject(Box(0, 0, 10, 10), 0.9)
    weak = ForeignObject(Box(1, 1, 11, 11), 0.6)
    apart = ForeignObject(Box(30, 0, 40, 10), 0.5)
    assert suppressed([weak, apart, strong]) == (strong, apart)
    assert overlap(strong.box, apart.box) == 0
    assert overlap(strong.box, strong.box) == 1


def test_only_the_largest_part_of_an_organ_stays():
    labels = np.zeros((20, 20), np.uint8)
    labels[2:10, 2:10], labels[15:17, 15:17], labels[12:14, 2:8] = 1, 1, 2
    kept = largest_of_each(labels)
    assert (kept == 1).sum() == 64
    assert (kept == 2).sum() == 12


def test_specks_are_no_air_and_no_fluid():
    labels = np.zeros((100, 100), np.uint8)
    labels[10:20, 10:20], labels[50:55, 50:55], labels[80:90, 5:13] = 1, 1, 1
    kept = without_specks(labels)
    assert (kept == 1).sum() == 180
    assert not kept[50:55].any()


def answering(labels, change: str):
    """A model of air whose answer is given, and what its training drew."""
    card = type("Card", (), {"training": {"sources": [{"name": "a", "change": change}]}})()
    model = type("Model", (), {"card": card, "structures": {1: "pneumothorax"}})()
    return model, lambda *_: PlaneLabels(labels, {1: 0.9})


@pytest.mark.parametrize(("change", "is_assessable"), [("", True), ("package:air", False)])
def test_a_model_that_saw_drawn_cases_alone_never_says_that_nothing_is_there(
    monkeypatch, change, is_assessable
):
    model, answer = answering(np.zeros(PLANE.shape, np.uint8), change)
    monkeypatch.setattr(detectors, "labels_of_plane", answer)
    found = detect_abnormal_parts(PLANE, model)["pneumothorax"]
    assert isinstance(found, Region) == is_assessable
    if not is_assessable:
        assert "drawn cases alone" in found.reason


@pytest.mark.parametrize(("change", "caution"), [("", ""), ("package:air", DRAWN_ALONE)])
def test_what_it_finds_carries_the_caution(monkeypatch, change, caution):
    labels = np.zeros(PLANE.shape, np.uint8)
    labels[10:40, 10:30] = 1
    model, answer = answering(labels, change)
    monkeypatch.setattr(detectors, "labels_of_plane", answer)
    found = detect_abnormal_parts(PLANE, model)["pneumothorax"]
    assert found.area_px == 600
    assert found.caution == caution


def test_lungs_that_are_not_seen_clearly_are_doubted():
    labels = np.zeros((100, 100), np.uint8)
    labels[20:80, 10:40], labels[20:80, 60:90], labels[55:75, 40:60] = 1, 2, 3
    assert PlaneLabels(labels, {1: 0.97, 2: 0.96, 3: 0.90}).doubts() == []
    [text] = PlaneLabels(labels, {1: 0.97, 2: 0.96, 3: 0.60}).doubts()
    assert "0.60" in text


def test_label_map_shows_the_lowest_number_and_masks_all():
    def box(a, b):
        mask = np.zeros((10, 12), bool)
        mask[:, a:b] = True
        return Region(mask)

    found = Detections(
        (10, 12), right_lung=box(0, 6), heart=box(4, 9), spine=box(7, 11), pneumothorax=box(0, 3)
    )
    assert label_map(found)[0].tolist() == [1, 1, 1, 1, 1, 1, 3, 3, 3, 4, 4, 0]
    masks = object_masks(found)
    assert set(masks) == {"right_lung", "heart", "spine", "pneumothorax"}
    assert masks["spine"].sum() == 40
    assert masks["pneumothorax"].sum() == 30


@pytest.mark.parametrize("shape", [(1000, 1700), (769, 100), (768, 768), (2305, 2304)])
def test_blocks_are_means_and_come_back_in_place(shape):
    reduction = reduction_of(shape)
    plane = np.zeros(shape, np.float32)
    plane[: shape[0] // 2] = 6.0
    small = reduction.reduced(plane)
    assert max(small.shape) <= 768
    assert small.max() == 6.0
    back = reduction.enlarged(small > 3)
    assert back.shape == shape
    assert abs(np.flatnonzero(back[:, 0])[-1] + 1 - shape[0] // 2) <= reduction.factor / 2


def a_model_of_blades(structures: dict[int, str]):
    return type("Model", (), {"structures": structures})()


def test_blades_are_looked_for_on_the_lungs_that_were_found(monkeypatch):
    lung = np.zeros(PLANE.shape, bool)
    lung[20:60, 10:30] = True
    monkeypatch.setattr(
        detectors,
        "scapulae_over_lungs",
        lambda plane, lungs, *_: {side: Region(mask, 0.9) for side, mask in lungs.items()},
    )
    model = a_model_of_blades({1: "scapula over the lung"})
    found = detect_scapulae(
        PLANE, model, right_lung=Region(lung), left_lung=NotAssessable("no model")
    )
    right = found["right_scapula"]
    assert isinstance(right, Region)
    assert (right.mask == lung).all()
    assert found["left_scapula"] == NotAssessable("left lung: no model")
    monkeypatch.setattr(detectors, "SUB_MODELS", (replace(SUB_MODELS[1], name="blades"),))
    organs = {"right_lung": Region(lung), "left_lung": Region(~lung)}
    assert isinstance(detect_all(PLANE, {"blades": model}, None, organs)["left_scapula"], Region)
    assert isinstance(detect_all(PLANE, {"blades": model})["left_scapula"], NotAssessable)


def test_a_model_of_whole_blades_is_asked_for_these(monkeypatch):
    whole = {"right_scapula": Region(PLANE > 100)}
    monkeypatch.setattr(detectors, "detect_organs", lambda *_: whole)
    model = a_model_of_blades({1: "right scapula", 2: "left scapula"})
    assert detect_scapulae(PLANE, model) is whole

"""Blades over lungs: what the network finds, and what the posture says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from MedImageLib.errors import ModelError
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_store import Model, ModelCard, save_model
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings
from MedImageMetricLib.radiograph import scapulae
from MedImageMetricLib.radiograph.detections import Region
from MedImageMetricLib.radiograph.flank import GRID
from MedImageMetricLib.radiograph.posture import Posture, posture_features, save_posture
from MedImageMetricLib.radiograph.scapulae import (
    LEAST_COVERED,
    UNSEEN,
    FlankModel,
    load_flank_model,
    scapulae_over_lungs,
)

SHAPE = (200, 260)
PLANE = np.random.default_rng(0).uniform(0, 1, SHAPE).astype(np.float32)
FEATURES = posture_features(np.full(GRID, 0.5, np.float32)).size
CARD = ModelCard(
    name="radiograph_scapulae",
    version="1.0",
    labels=("scapula over the lung",),
    network=NetworkSettings(classes=2, stem_channels=4, blocks=(Block(4, (Branch(1, 4),)),)),
    framing=Framing(size=(112, 96)),
)


def lungs() -> dict[str, np.ndarray]:
    right, left = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    right[40:170, 60:120] = True
    left[40:170, 140:200] = True
    return {"right": right, "left": left}


def model_with(offset: float | None) -> Model:
    """A posture whose evidence is the network's mean on the strip and an offset alone."""
    if offset is None:
        return Model(CARD, None, "")  # type: ignore[arg-type]
    posture = Posture(np.zeros(FEATURES), offset, 1.0, 10.0, 0.0)
    return FlankModel(CARD, None, "", posture)  # type: ignore[arg-type]


@pytest.fixture
def seen(monkeypatch):
    """What the network says on both flanks."""
    blade = np.zeros(GRID, np.float32)
    monkeypatch.setattr(scapulae, "blade_on_flank", lambda *_: blade)
    return blade


def test_without_a_posture_the_network_speaks_alone(seen):
    seen[:, : GRID[1] // 2 + 20] = 0.8
    found = scapulae_over_lungs(PLANE, lungs(), model_with(None))
    for side, lung in lungs().items():
        region = found[side]
        assert isinstance(region, Region)
        assert region.over_lungs
        assert region.confidence is None
        assert 0.2 < region.area_px / lung.sum() < 0.6
        assert not region.mask[~lung].any()
    outer = {side: np.flatnonzero(found[side].mask.any(0)) for side in found}
    assert outer["right"][0] == 60
    assert outer["left"][-1] == 199


def test_a_posture_that_speaks_against_it_leaves_nothing_and_says_how_sure_it_is(seen):
    seen[:, : GRID[1] // 2 + 20] = 0.8
    found = scapulae_over_lungs(PLANE, lungs(), model_with(-1.0))
    for region in found.values():
        assert isinstance(region, Region)
        assert region.area_px == 0
        assert region.confidence == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-3)


def test_overlap_that_both_see_is_given_with_its_probability(seen):
    seen[:, : GRID[1] // 2 + 20] = 0.8
    for region in scapulae_over_lungs(PLANE, lungs(), model_with(-0.7)).values():
        assert isinstance(region, Region)
        assert region.area_px > 0
        assert region.confidence == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-3)


def test_a_turned_in_shoulder_without_a_border_is_not_assessable(seen):
    found = scapulae_over_lungs(PLANE, lungs(), model_with(1.0))
    assert set(found.values()) == {UNSEEN}
    seen[70:73, 60:64] = 1.0  # a speck
    assert (seen > 0.5).sum() < LEAST_COVERED * np.prod(GRID)
    assert scapulae_over_lungs(PLANE, lungs(), model_with(1.0))["right"] == UNSEEN


def test_one_lung_alone_is_looked_at_alone(seen):
    found = scapulae_over_lungs(PLANE, {"left": lungs()["left"]}, model_with(-1.0))
    assert list(found) == ["left"]
    assert scapulae_over_lungs(PLANE, {}, model_with(-1.0)) == {}


def test_a_flank_tells_the_mean_on_the_outer_strip(monkeypatch):
    blade = np.zeros(GRID, np.float32)
    blade[:, : GRID[1] // 2 + 20] = 0.8
    monkeypatch.setattr(scapulae, "blade_on_flank", lambda *_: blade)
    flank = scapulae.flank_of(PLANE, lungs()["right"], True, model_with(None))
    assert flank.strip == pytest.approx(0.8)
    assert flank.features.shape == (FEATURES,)


def test_a_stored_model_has_its_posture_or_none(tmp_path):
    import torch

    torch.manual_seed(0)
    digest = save_model(tmp_path, MultiLevelNetwork(CARD.network), CARD)
    assert load_flank_model(tmp_path).posture is None
    wanted = Posture(np.ones(FEATURES), 0.0, 1.0, 1.0, 0.0)
    save_posture(tmp_path, wanted, digest)
    model = load_flank_model(tmp_path)
    assert model.posture is not None
    assert model.posture.weights.sum() == FEATURES
    found = scapulae_over_lungs(PLANE, lungs(), model)
    assert set(found) == {"right", "left"}
    save_posture(tmp_path, replace(wanted, offset=1.0), "another")
    with pytest.raises(ModelError, match="other weights"):
        load_flank_model(tmp_path)

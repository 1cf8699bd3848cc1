"""Models are loaded whole and unchanged, or not at all."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from MedImageLib.errors import ModelError
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_store import ModelCard, load_model, save_model
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings

SETTINGS = NetworkSettings(
    classes=3, stem_channels=8, blocks=(Block(8, (Branch(1, 4), Branch(2, 4))),) * 2
)


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(5)
    network = MultiLevelNetwork(SETTINGS)
    network(torch.randn(4, 1, 32, 32))
    card = ModelCard(
        name="discs",
        version="1.0",
        labels=("disc", "ring"),
        network=SETTINGS,
        framing=Framing(size=(32, 32)),
        data=({"name": "generated", "patients": 3, "images": 9},),
        metrics={
            "protocol": "none",
            "tables": {"Last level": [{"structure": "disc", "mean": 0.9}]},
        },
        limits=("Discs only.",),
    )
    save_model(tmp_path / "discs", network, card)
    return tmp_path / "discs", network.eval(), card


def test_what_was_stored_comes_back(folder):
    path, network, card = folder
    model = load_model(path)
    assert model.card == card
    assert model.structures == {1: "disc", 2: "ring"}
    image = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(model.network(image)[-1], network(image)[-1], atol=1e-4)


def test_the_card_says_what_the_model_is(folder):
    text = (folder[0] / "MODEL_CARD.md").read_text()
    for words in ("discs 1.0", "1 disc, 2 ring", "Discs only.", "Not a medical device", "0.9"):
        assert words in text


def test_exchanged_weights_are_refused(folder):
    path, _, _ = folder
    weights = path / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(path)


@pytest.mark.parametrize("change", ["absent", "beyond", "shape"])
def test_tensors_that_do_not_fit_are_refused(folder, change):
    path, _, _ = folder
    weights = path / "weights.safetensors"
    tensors = load_file(weights)
    name = sorted(tensors)[0]
    if change == "absent":
        del tensors[name]
    elif change == "beyond":
        tensors["extra"] = torch.zeros(1)
    else:
        tensors[name] = tensors[name].flatten()[:1].clone()
    save_file(tensors, weights)
    import hashlib

    values = json.loads((path / "model.json").read_text())
    values["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    (path / "model.json").write_text(json.dumps(values))
    with pytest.raises(ModelError, match="does not fit"):
        load_model(path)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format_version": 99}', '{"format_version": 1}', '{"format_version": 1,']
)
def test_broken_descriptions_are_refused(folder, text):
    path, _, _ = folder
    (path / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"model\.json"):
        load_model(path)


def test_absent_models_are_refused(tmp_path):
    with pytest.raises(ModelError):
        load_model(tmp_path)


def test_weights_over_10_mib_are_refused(tmp_path):
    large = NetworkSettings(blocks=(Block(512, (Branch(1, 512, 3),)),))
    card = ModelCard(name="large", version="1", labels=("x",), network=large, framing=Framing())
    with pytest.raises(ModelError, match="10 MiB"):
        save_model(tmp_path / "large", MultiLevelNetwork(large), card)
    assert not (tmp_path / "large" / "weights.safetensors").exists()

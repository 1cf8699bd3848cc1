"""Installed models: listed with what is known of them, imported whole, removed again."""

from __future__ import annotations

import json

import pytest

from MedImageLib.__main__ import main
from MedImageLib.errors import ModelError
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_list import import_model, list_models, remove_model
from MedImageLib.network.model_store import ModelCard, load_model, save_model
from MedImageLib.network.multi_level import Block, Branch, MultiLevelNetwork, NetworkSettings
from MedImageLib.resources import installed_models

SETTINGS = NetworkSettings(
    stem_channels=4, blocks=(Block(4, (Branch(1, 4), Branch(2, 4))),), head_channels=4
)
SHIPPED = "radiograph_lungs_heart"


@pytest.fixture(autouse=True)
def imported(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDIMAGE_MODELS", str(tmp_path / "imported"))
    return tmp_path / "imported"


def made(folder, name="discs"):
    card = ModelCard(
        name=name,
        version="3.1",
        labels=("disc",),
        network=SETTINGS,
        framing=Framing(size=(32, 32)),
        licence="MIT",
        intended_use="Discs.",
        metrics={"protocol": "", "tables": {"Out of fold": [{"structure": "disc", "mean": 0.9}]}},
    )
    save_model(folder, MultiLevelNetwork(SETTINGS), card)
    return folder


def named(name):
    return next(one for one in list_models() if one.name == name)


def test_shipped_models_are_listed_with_what_is_known_of_them():
    one = named(SHIPPED)
    assert (one.origin, one.fault) == ("shipped", "")
    assert one.sha256 == load_model(SHIPPED).weights_sha256
    assert 0 < one.size_mb <= 10.5
    assert one.task
    assert one.licence
    assert one.accuracy != "not measured"


def test_an_imported_model_is_found_by_its_name(tmp_path, imported):
    before = set(installed_models())
    line = import_model(made(tmp_path / "made"))
    assert (line.name, line.version, line.origin) == ("discs", "3.1", "imported")
    assert line.accuracy == "Out of fold: structure disc, mean 0.9"
    assert load_model("discs").structures == {1: "disc"}
    remove_model("discs")
    assert set(installed_models()) == before
    assert list(imported.iterdir()) == []


def test_all_files_of_numbers_are_imported_and_nothing_else(tmp_path, imported):
    folder = made(tmp_path / "made")
    (folder / "more.safetensors").write_bytes(b"numbers")
    (folder / "notes.txt").write_text("private")
    import_model(folder)
    found = {path.name for path in (imported / "discs").iterdir()}
    assert found == {"weights.safetensors", "more.safetensors", "model.json", "MODEL_CARD.md"}


def test_an_imported_model_takes_the_place_of_a_shipped_one_until_removed(tmp_path):
    import_model(made(tmp_path / "made", SHIPPED))
    assert load_model(SHIPPED).structures == {1: "disc"}
    assert named(SHIPPED).origin == "imported"
    remove_model(SHIPPED)
    assert load_model(SHIPPED).structures[3] == "heart"


def test_shipped_models_cannot_be_removed():
    with pytest.raises(ModelError, match="cannot be removed"):
        remove_model(SHIPPED)
    assert named(SHIPPED).fault == ""


def test_twice_is_refused_unless_it_is_wanted(tmp_path):
    made(tmp_path / "made")
    import_model(tmp_path / "made")
    with pytest.raises(ModelError, match="imported before"):
        import_model(tmp_path / "made")
    assert import_model(tmp_path / "made", replace=True).fault == ""


@pytest.mark.parametrize("name", ["../outside", "a b", "", ".hidden", "/absolute"])
def test_a_name_that_would_leave_the_folder_is_refused(tmp_path, imported, name):
    folder = made(tmp_path / "made")
    values = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**values, "name": name}))
    with pytest.raises(ModelError, match="cannot name a folder"):
        import_model(folder)
    assert not imported.exists()


def test_a_damaged_model_is_refused_and_a_damaged_installed_one_is_told(tmp_path, imported):
    folder = made(tmp_path / "made")
    import_model(folder)
    for damaged in (folder, imported / "discs"):
        weights = bytearray((damaged / "weights.safetensors").read_bytes())
        weights[-1] ^= 1
        (damaged / "weights.safetensors").write_bytes(weights)
    with pytest.raises(ModelError, match="SHA-256"):
        import_model(folder, replace=True)
    assert "SHA-256" in named("discs").fault


def test_the_command_lists_imports_and_removes(tmp_path, capsys):
    folder = made(tmp_path / "made")
    assert main(["models"]) == 0
    assert SHIPPED in capsys.readouterr().out
    assert main(["models", "import", str(folder)]) == 0
    assert main(["models", "list"]) == 0
    assert "discs 3.1  imported" in capsys.readouterr().out
    assert main(["models", "remove", "discs"]) == 0
    assert main(["models", "remove", "discs"]) == 1
    assert main(["models", "import", str(tmp_path / "nothing")]) == 1
    assert "nothing" in capsys.readouterr().err

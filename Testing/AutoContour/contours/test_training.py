"""Training of the CT network: masked labels, mirrored sides, a run that learns and goes on."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from AutoContourLib.contours.ct_cases import CtCase, CtSource, read_cases
from AutoContourLib.contours.ct_views import CtAugmentation, gray_of_hu, random_ct_view
from AutoContourLib.contours.training import CtTraining, draw_batch, train
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.geometry import Geometry
from MedImageLib.network.augmentation import Augmentation
from MedImageLib.network.fitting import FitSettings
from MedImageLib.network.framing import Framing
from MedImageLib.network.model_store import load_model
from MedImageLib.network.multi_level import Block, Branch, NetworkSettings
from MedImageLib.volume import Volume
from MedImageLib.writing.nrrd import write_volume

PLAIN = CtAugmentation(
    geometry=Augmentation(rotation_deg=0, zoom=0, squeeze=0, shift=0, bend=0),
    mirror_share=0, couch_share=0, mask_share=0, shift_hu=0, noise_hu=0, sharpen=0,
)  # fmt: skip
SOURCE = CtSource("balls", "set/index.csv", {"Brainstem": 1, "RightParotid": 2, "LeftParotid": 3})


def ball_case(number: int) -> CtCase:
    """Dense balls in fat: one in the middle, one on either side."""
    k, j, i = np.indices((20, 20, 24)).astype(float)
    hu = np.full(k.shape, -100.0)
    labels = np.zeros(k.shape, np.uint8)
    shift = number % 3 - 1
    for value, column in ((1, 12), (2, 5), (3, 19)):
        ball = (k - 10 - shift) ** 2 + (j - 10) ** 2 + (i - column) ** 2 < 9
        hu[ball], labels[ball] = 60 + 60 * (value == 1), value
    hu += np.random.default_rng(number).normal(0, 5, k.shape)
    fold = number % 5
    return CtCase(f"c{number}", "balls", fold, hu.astype(np.int16), labels, (2.0,) * 3, (1, 2, 3), (1, 2, 3))  # fmt: skip # noqa: E501


def settings(**changes) -> CtTraining:
    network = NetworkSettings(
        dimensions=3, classes=4, stem_channels=8,
        blocks=(Block(8, (Branch(1, 8), Branch(2, 8))),) * 2, head_channels=8,
    )  # fmt: skip
    made = CtTraining(
        name="balls",
        labels=("brainstem", "right_parotid", "left_parotid"),
        sources=(SOURCE,),
        network=network,
        framing=Framing(size=(16, 16, 24), mode="around", pixel_mm=2.0),
        augmentation=PLAIN,
        fit=FitSettings(steps=3, learning_rate=2e-2, average=0.9, checkpoint_every=2),
        final_steps=2,
        sides={"2": 3, "3": 2},
    )
    return replace(made, **changes)


def test_gray_values_rise_and_tell_air_soft_tissue_and_bone() -> None:
    gray = gray_of_hu(np.array([-1500.0, -1000, -100, 50, 300, 1500, 3000]))
    assert (np.diff(gray) >= 0).all()
    assert gray[0] == gray[1] == -1.5
    assert gray[3] - gray[2] > 0.5


def test_what_was_not_drawn_is_told_with_every_view() -> None:
    case = replace(ball_case(0), drawn=(1, 3), whole=(1,))
    _, _, drawn = draw_batch([case], settings(), (1, 2))
    assert drawn.tolist() == [[True, True, False, True]] * 2


def test_mirrored_views_exchange_the_sides() -> None:
    case = replace(ball_case(0), drawn=(1, 2), whole=(1, 2))
    mirrored = replace(PLAIN, mirror_share=1.0, organ_share=1.0)
    generator = np.random.default_rng(0)
    _, labels, drawn = random_ct_view(case, 2, (20, 20, 24), 2.0, mirrored, {2: 3, 3: 2}, generator)
    assert drawn == (1, 3)
    columns = {
        value: float(torch.nonzero(labels == value)[:, 2].float().mean()) for value in (2, 3)
    }
    assert columns[2] < columns[3]


def test_couch_and_mask_lie_outside_of_the_body() -> None:
    hu = np.full((16, 40, 24), -1000, np.int16)
    hu[:, 5:20] = 40
    case = replace(ball_case(0), hu=hu, labels=(hu > 0).astype(np.uint8), drawn=(1,))
    busy = replace(PLAIN, couch_share=1.0, mask_share=1.0, organ_share=1.0)
    outside = []
    for seed in range(8):
        image, labels, _ = random_ct_view(
            case, 1, (16, 40, 24), 2.0, busy, {}, np.random.default_rng(seed)
        )
        body = (labels == 1).float()[None, None]
        inner = torch.nn.functional.avg_pool3d(body, 5, stride=1, padding=2)[0, 0] > 0.99
        if not inner.any():
            continue  # this view looks past the body
        assert float((image[inner] - image[inner].median()).abs().max()) < 0.1
        outside.append(float((image[labels == 0] > -1.3).float().mean()))
    assert len(outside) > 3
    assert max(outside) > 0.01


def write_set(folder: Path, count: int = 10) -> None:
    rows = []
    for number in range(count):
        case = ball_case(number)
        grid = Geometry(case.hu.shape, case.spacing_mm)
        write_volume(Volume(case.hu, grid), folder / "set" / f"{case.id}_ct.nrrd")
        write_volume(
            Volume(case.labels, grid, is_labelmap=True), folder / "set" / f"{case.id}.nrrd"
        )
        rows.append(
            {"id": case.id, "ct": f"{case.id}_ct.nrrd", "oar": f"{case.id}.nrrd",
             "labels_complete": "Brainstem|RightParotid", "labels_truncated": "LeftParotid",
             "fold": case.fold}
        )  # fmt: skip
    with (folder / "set" / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_index_tells_whole_from_drawn(tmp_path: Path) -> None:
    write_set(tmp_path, 5)
    cases = read_cases(tmp_path, [SOURCE], folds=[2])
    assert [case.id for case in cases] == ["c2"]
    assert (cases[0].drawn, cases[0].whole) == ((1, 2, 3), (1, 2))
    assert (cases[0].labels == ball_case(2).labels).all()
    with pytest.raises(SettingsError, match="no class number is given for LeftParotid"):
        read_cases(tmp_path, [replace(SOURCE, names={"Brainstem": 1, "RightParotid": 2})])
    with pytest.raises(InputError, match="is not there"):
        read_cases(tmp_path / "nowhere", [SOURCE])


def test_a_run_trains_scores_stores_and_goes_on(tmp_path: Path) -> None:
    import json

    from MedImageLib.settings import settings_to_dict

    write_set(tmp_path)
    path = tmp_path / "balls.json"
    path.write_text(json.dumps(settings_to_dict(settings())))
    lines: list[str] = []
    tables = train(str(path), tmp_path, tmp_path / "run", [0, 5], say=lines.append)
    rows = tables["Whole, drawn organs"]
    assert {row["structure"] for row in rows} == {"brainstem", "right_parotid"}
    assert {row["patients"] for row in rows} == {2}
    model = load_model(tmp_path / "run" / "model")
    assert model.card.labels == ("brainstem", "right_parotid", "left_parotid")
    assert model.card.metrics["tables"] == tables
    steps = [line for line in lines if "step" in line]
    train(str(path), tmp_path, tmp_path / "run", [0], say=lines.append)
    assert [line for line in lines if "step" in line] == steps
    with pytest.raises(SettingsError, match="needs no localizer"):
        train(str(path), tmp_path, tmp_path / "run", [0], localizer_run=tmp_path)

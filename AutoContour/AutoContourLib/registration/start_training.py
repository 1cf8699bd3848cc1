"""Training of the learned start from known offsets: what `medimage train rigid_start` does.

Two views of one patient, or of a generated CT and MR, are cut, turned and shifted by offsets that
are drawn; the network must name the same points in both. Folds are by patient; views depend on
seed, fold and step, so a run goes on where it was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial.transform import Rotation
from torch import Tensor

from AutoContourLib.registration.gray_values import comparable
from AutoContourLib.registration.start_network import (
    PointNetwork,
    StartCard,
    StartNetworkSettings,
    coarse_view,
    rigid_fit,
    save_start_model,
)
from MedImageLib.background.progress import in_parts
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.network.fitting import CHECKPOINT, FitSettings, fit
from MedImageLib.network.model_card import facts_of
from MedImageLib.network.training import FOLDS, fold_folder
from MedImageLib.network.workflow import begun_run
from MedImageLib.phantom.patient import SITES, PatientSettings, generate_patient
from MedImageLib.reading import read_image
from MedImageLib.resampling import resampled, with_spacing
from MedImageLib.settings import check_settings, setting
from MedImageLib.volume import Volume
from MedImageLib.writing.atomic import finished_file

KEPT_MM = 6.0
_PROBES_MM = torch.tensor([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * 60.0


@dataclass(frozen=True)
class StartTraining:
    """Everything that makes a model of starts, as its settings file names it."""

    name: str = setting(help="Of the model.")
    index: str = setting(help="CSV below the data folder with patient, file of the CT and fold.")
    index_column: str = setting("ct", help="Column that names the CT file.")
    generated: int = setting(16, help="Generated patients beside the real ones.", minimum=0)
    network: StartNetworkSettings = field(default_factory=StartNetworkSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    turn_deg: float = setting(40.0, help="Largest turn between both views.", unit="deg", minimum=0)
    shift_mm: float = setting(60.0, help="Largest shift of a view.", unit="mm", minimum=0)
    cut_share: float = setting(
        0.3, help="Most that is cut off at an end of an axis.", minimum=0, maximum=0.45
    )
    recolored: float = setting(
        0.5, help="Share of CT views with gray values of no modality.", minimum=0, maximum=1
    )
    batch: int = setting(6, help="Pairs in a step.", minimum=1)
    seed: int = setting(1, help="Of weights and views.", minimum=0)
    licence: str = setting("", help="Of the weights.")
    intended_use: str = setting("", help="One or two sentences.")
    limits: tuple[str, ...] = setting((), help="What the model cannot do.")
    citations: tuple[str, ...] = setting((), help="Of the data.")
    trainer: str = setting("", help="Function that trains; read by `medimage train`.")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class StartCase:
    """Images of one patient with values 0 … 1; others: with the matrix that takes points of the
    first to theirs. fold: −1 for generated patients, which are never held out."""

    patient: str
    fold: int
    first: Volume
    others: tuple[tuple[Volume, np.ndarray], ...] = ()


def train(
    name_or_path: str,
    data_dir: Path,
    run: Path,
    folds: Sequence[int],
    localizer_run: Path | None = None,
    publish: Path | None = None,
    command: str = "",
    say: Callable[[str], None] = print,
) -> dict[str, list[dict[str, Any]]]:
    """Train what is not trained yet, score patients of the folds asked for, store a model.

    folds: 0 to 4 hold out that fold; 5 trains nothing more and stores the network of the first
    fold asked for, whose patients it has never seen. Raises SettingsError for a localizer.
    """
    settings = begun_run(name_or_path, StartTraining, run, localizer_run)
    cases = read_cases(data_dir, settings, say)
    held = [fold for fold in folds if fold < FOLDS]
    if not held:
        raise SettingsError(f"{settings.name}: name a fold to hold out, 0 to {FOLDS - 1}.")
    rows = []
    for fold in in_parts(held):
        network = train_fold(cases, settings, run, fold, say)
        rows.append({"fold": fold, **score([c for c in cases if c.fold == fold], network)})
    tables = {"distance of the start from the truth, held-out patients": rows}
    with finished_file(run / "scores.json") as temporary:
        temporary.write_text(json.dumps(tables, indent=1) + "\n", "utf-8")
    if FOLDS in folds:
        network = _stored(run, held[0], settings)
        protocol = (
            "Patients of the named fold, which was held out; four pairs of views each, turned up "
            "to 30 degrees and shifted up to 40 mm, cut; mm over eight points 60 mm from the "
            f"middle along each axis. Stored are the weights of fold {held[0]}."
        )
        real = [c for c in cases if c.fold >= 0]
        data = [
            {"name": settings.index, "patients": len(real), "images": len(real)},
            {"name": "generated", "patients": len(cases) - len(real),
             "images": sum(1 + len(c.others) for c in cases if c.fold < 0)},
        ]  # fmt: skip
        facts = facts_of(settings, data, command, {"protocol": protocol, "tables": tables})
        card = StartCard(**facts, network=settings.network)
        save_start_model(publish or run / "model", network, card)
        say(f"stored {publish or run / 'model'}")
    return tables


def train_fold(
    cases: Sequence[StartCase],
    settings: StartTraining,
    run: Path,
    fold: int,
    say: Callable[[str], None] = print,
) -> PointNetwork:
    """Train on all patients but those of a fold, or go on from its checkpoint."""
    folder = fold_folder(run, fold)
    folder.mkdir(parents=True, exist_ok=True)
    taught = [case for case in cases if case.fold != fold]
    torch.manual_seed(settings.seed * 100 + fold)
    network = PointNetwork(settings.network)

    def loss_of_step(network: PointNetwork, step: int) -> Tensor:
        generator = np.random.default_rng((settings.seed, fold, step))
        views, turns, shifts = draw_batch(taught, settings, generator)
        return pair_loss(network, views, turns, shifts)

    return fit(network, loss_of_step, folder, settings.fit, say)


def pair_loss(network: PointNetwork, views: Tensor, turns: Tensor, shifts: Tensor) -> Tensor:
    """Distance in cm of the points, and of probes moved by the affine fit between them.

    views: (2 n, 1, z, y, x), first all fixed ones. turns (n, 3, 3), shifts (n, 3): the truth.
    """
    places, trust = network(views)
    first, second = places.chunk(2)
    share = trust[: len(first)] * trust[len(first) :]
    share = (share / share.sum(dim=1, keepdim=True))[..., None]
    wanted = first @ turns.transpose(1, 2) + shifts[:, None]
    apart = (share * (wanted - second).square().sum(-1, keepdim=True).add(1).sqrt()).sum(1).mean()
    a, b = (share * first).sum(1, keepdim=True), (share * second).sum(1, keepdim=True)
    # An affine fit, since its gradient is tame; points that fall together leave it undetermined.
    ridge = 25.0 * torch.eye(3)
    square = (share * (first - a)).transpose(1, 2) @ (first - a) + ridge
    cross = (share * (first - a)).transpose(1, 2) @ (second - b)
    matrix = torch.linalg.solve(square, cross)
    found = (_PROBES_MM - a) @ matrix + b
    truth = _PROBES_MM @ turns.transpose(1, 2) + shifts[:, None]
    missed = (found - truth).square().sum(-1).add(1).sqrt().mean()
    return (apart + missed) / 10.0


def draw_batch(
    cases: Sequence[StartCase], settings: StartTraining, generator: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Views (2 n, 1, z, y, x), turns (n, 3, 3) and shifts (n, 3) between their points."""
    drawn = [
        draw_pair(cases[int(generator.integers(len(cases)))], settings, generator)
        for _ in range(settings.batch)
    ]
    views = np.stack([one[0] for one in drawn] + [one[1] for one in drawn])[:, None]
    matrices = np.stack([one[2] for one in drawn]).astype(np.float32)
    return (
        torch.from_numpy(views),
        torch.from_numpy(matrices[:, :3, :3].copy()),
        torch.from_numpy(matrices[:, :3, 3].copy()),
    )


def draw_pair(
    case: StartCase, settings: StartTraining, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two views (z, y, x) of a patient and the 4 × 4 matrix from points of one to the other's."""
    images = [(case.first, np.eye(4)), *case.others]
    still, to_still = images[int(generator.integers(len(images)))]
    free, to_free = images[int(generator.integers(len(images)))]
    poses, views = [], []
    for image, turn_deg in ((still, 15.0), (free, settings.turn_deg)):
        part = _cut(image, settings.cut_share, generator)
        if part.modality == "CT" and generator.random() < settings.recolored:
            part = _recolored(part, generator)
        axis = generator.normal(size=3)
        angle = np.radians(generator.uniform(0, turn_deg)) / np.linalg.norm(axis)
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec(axis * angle).as_matrix()
        pose[:3, 3] = part.geometry.center_mm + generator.uniform(-0.5, 0.5, 3) * settings.shift_mm
        view = coarse_view(part, settings.network, pose[:3, :3], pose[:3, 3])
        views.append(view + generator.normal(0, 0.02, view.shape).astype(np.float32))
        poses.append(pose)
    matrix = np.linalg.inv(poses[1]) @ to_free @ np.linalg.inv(to_still) @ poses[0]
    return views[0], views[1], matrix


def score(cases: Sequence[StartCase], network: PointNetwork, pairs: int = 4) -> dict[str, Any]:
    """How far the starts of pairs of views lie from the truth, in mm."""
    settings = StartTraining(
        name="score", index="-", turn_deg=30.0, shift_mm=40.0, network=network.settings
    )
    found, begin = [], []
    for number, case in enumerate(cases):
        generator = np.random.default_rng((7, number))
        for _ in range(pairs):
            one, other, matrix = draw_pair(case, settings, generator)
            with torch.inference_mode():
                places, trust = network(torch.from_numpy(np.stack([one, other]))[:, None])
            turn, shift = rigid_fit(places[:1], places[1:], (trust[0] * trust[1])[None])
            truth = torch.from_numpy(matrix).float()
            wanted = _PROBES_MM @ truth[:3, :3].T + truth[:3, 3]
            made = _PROBES_MM @ turn[0].T + shift[0]
            found.append(float((made - wanted).norm(dim=-1).mean()))
            begin.append(float((_PROBES_MM - wanted).norm(dim=-1).mean()))
    values = np.array(found)
    return {
        "patients": len(cases),
        "pairs": len(found),
        "begin median mm": round(float(np.median(begin)), 1),
        "median mm": round(float(np.median(values)), 1),
        "95 % mm": round(float(np.percentile(values, 95)), 1),
        "worst mm": round(float(values.max()), 1),
        "below 20 mm": round(float((values < 20).mean()), 3),
    }


def read_cases(
    data_dir: Path, settings: StartTraining, say: Callable[[str], None] = print
) -> list[StartCase]:
    """Coarse images of the patients of the index, and of generated ones.

    Raises InputError for an index that is absent or lacks a column.
    """
    import csv

    path = data_dir / settings.index
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        cases = [
            StartCase(r["patient"], int(r["fold"]), _kept(
                read_image(path.parent / r[settings.index_column])))
            for r in rows
            if r["fold"] != "test"
        ]  # fmt: skip
    except (OSError, KeyError) as error:
        raise InputError(
            f"{path}: no index of CT files could be read ({error!r}); columns patient, "
            f"{settings.index_column} and fold are expected."
        ) from error
    for seed in range(settings.generated):
        made = generate_patient(
            PatientSettings(seed=9000 + seed, site=SITES[seed % 2], size=(40, 64, 64), bend_mm=4.0)
        )
        others = ((made.later_ct, made.later_from_planning_rigid), (made.mr, made.mr_from_planning))
        cases.append(
            StartCase(
                f"generated {seed}", -1, _kept(made.planning_ct),
                tuple((_kept(image), matrix) for image, matrix in others),
            )
        )  # fmt: skip
    say(f"{settings.name}: {len(cases)} patients, {settings.generated} of them generated")
    return cases


def _kept(image: Volume) -> Volume:
    """Values 0 … 1 on a grid of a few mm, all that the views need."""
    gray = comparable(image)
    x, y, z = (max(KEPT_MM, s) for s in gray.geometry.spacing_mm)
    return resampled(gray, with_spacing(gray.geometry, (x, y, z)))


def _cut(image: Volume, most: float, generator: np.random.Generator) -> Volume:
    """The image without a share of its ends, as another field of view."""
    size = np.array(image.array.shape)
    low = np.floor(generator.uniform(0, most, 3) * size * (generator.random(3) < 0.5)).astype(int)
    high = size - np.floor(
        generator.uniform(0, most, 3) * size * (generator.random(3) < 0.5)
    ).astype(int)
    part = image.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    origin = image.geometry.points_mm(low[::-1].astype(float))
    geometry = replace(image.geometry, shape=part.shape, origin_mm=tuple(origin))
    return replace(image, array=part, geometry=geometry)


def _recolored(image: Volume, generator: np.random.Generator) -> Volume:
    """Gray values of no modality: tissues keep apart, air stays dark."""
    knots = np.array([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0])
    values = np.concatenate([[0.0], generator.uniform(0, 1, len(knots) - 1)])
    gray = np.interp(image.array, knots, values).astype(np.float32)
    return replace(image, array=ndimage.gaussian_filter(gray, generator.uniform(0, 0.8)),
                   modality="")  # fmt: skip


def _stored(run: Path, fold: int, settings: StartTraining) -> PointNetwork:
    """The averaged network of a fold."""
    kept = torch.load(fold_folder(run, fold) / CHECKPOINT, weights_only=True)
    network = PointNetwork(settings.network)
    network.load_state_dict(kept["averaged"])
    return network.eval()

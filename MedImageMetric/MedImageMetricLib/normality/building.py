"""Networks and normal scans become a model: distances fitted, then calibrated on held-out scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.network.model_card import facts_of
from MedImageMetricLib.normality.anatomy import fit_anatomy, left_out_features
from MedImageMetricLib.normality.body_pose import body_outlines, fit_body_pose
from MedImageMetricLib.normality.divergence import match_likelihood
from MedImageMetricLib.normality.feature_distance import (
    FEWEST_IMAGES,
    SPLITS,
    GroupDistance,
    fit_group,
    fit_groups,
    splits_of,
)
from MedImageMetricLib.normality.features import plane_features
from MedImageMetricLib.normality.joining import GroupJoining, fit_joining
from MedImageMetricLib.normality.model import Calibration, NormalityCard, NormalityModel
from MedImageMetricLib.normality.normal_images import NormalScan
from MedImageMetricLib.normality.pose import edge_directions, fit_pose
from MedImageMetricLib.normality.scores import log_likelihoods
from MedImageMetricLib.normality.slice_scores import (
    SliceScores,
    learned_features,
    most_unusual,
    scan_features,
    score_scan,
    score_slices,
    small_images,
)
from MedImageMetricLib.normality.training import (
    HELD_OUT,
    SHOWN,
    TRAINED,
    Networks,
    NormalityTraining,
    train_networks,
)

MOST_LIKELIHOODS = 400  # slices whose likelihood is estimated for the histogram


def build_model(
    settings: NormalityTraining,
    scans: Sequence[NormalScan],
    run: Path,
    command: str = "",
    say: Callable[[str], None] = print,
) -> NormalityModel:
    """Train, fit and calibrate. Raises InputError when a fold has too few scans."""
    networks = train_networks(settings, scans, run, say)
    say("distances of features")
    model = fit_distances(settings, networks, scans, command)
    say("calibration")
    return calibrated(model, [scan for scan in scans if scan.fold in HELD_OUT])


def fit_distances(
    settings: NormalityTraining,
    networks: Networks,
    scans: Sequence[NormalScan],
    command: str = "",
) -> NormalityModel:
    """A model without calibration. What the networks answer is fitted on patients that they have
    not seen; all else on these and on those that they learned from."""
    rng = np.random.default_rng(settings.seed)
    both = [scan for scan in scans if scan.fold in (*TRAINED, *SHOWN)]
    planes = [_some(scan, settings.planes_of_scan, rng) for scan in both]
    owner = [(scan, len(part)) for scan, part in zip(both, planes, strict=True)]
    sources = np.array([scan.source for scan, n in owner for _ in range(n)])
    patients = np.array([scan.patient for scan, n in owner for _ in range(n)])
    shown = np.array([scan.fold in SHOWN for scan, n in owner for _ in range(n)])
    if shown.sum() < FEWEST_IMAGES:
        raise InputError(
            f"{int(shown.sum())} images of patients that the networks have not seen; at least "
            f"{FEWEST_IMAGES} are needed. Give more normal scans."
        )
    images = np.concatenate(planes)
    network = networks.autoencoder
    small = small_images(images[shown], settings.autoencoder.side)
    learned, divergence = learned_features(network, small)
    features = _Features(
        plane_features(images, settings.view.grays == "hounsfield"),
        # Of fewer images than numbers it would not be known how far normal ones lie.
        {name: found for name, found in learned.items() if len(found) >= found.shape[1]},
        edge_directions(images),
        body_outlines(images) if settings.body_pose else None,
        sources,
        patients,
        shown,
    )
    model = NormalityModel(
        card=_card(settings, scans, command),
        autoencoder=network.eval().requires_grad_(False),
        compressing=networks.compressing,
        features=networks.features,
        **_fitted(features, settings.seed),
        scan_distances={},
        slice_center=0.0,
        slice_spread=1.0,
        calibration=None,
    )
    # As a fresh patient's slices are scored: by fits that know nothing of the patient.
    unseen = _unseen(features, settings.seed)
    scored = [
        score_slices(replace(model, **unseen.get(scan.patient, {})), scan.planes) for scan in both
    ]
    joining = _joining(both, scored)
    if joining is not None:
        scored = [replace(one, scores=joining.scores(one.groups)) for one in scored]
    usual = [
        most_unusual(slices.scores)
        for scan, slices in zip(both, scored, strict=True)
        if scan.fold in SHOWN
    ]
    center = float(np.median(usual))
    spread = max(float(np.quantile(usual, 0.84)) - center, 0.05)
    known = Calibration(
        np.zeros(0), np.zeros(0), np.zeros(0),
        divergence.mean(0), divergence.std(0), np.zeros(0), np.zeros(0), np.zeros(0),
    )  # fmt: skip
    return replace(
        model,
        joining=joining,
        scan_distances=_scan_distances(model, both, scored),
        slice_center=center,
        slice_spread=spread,
        calibration=known,
    )


@dataclass(frozen=True, eq=False)
class _Features:
    """Of images to fit to: plain and pose of all (n), learned of those that are shown (bool).

    outlines: of the body, None where they are not asked.
    """

    plain: dict[str, np.ndarray]
    learned: dict[str, np.ndarray]
    directions: np.ndarray
    outlines: np.ndarray | None
    sources: np.ndarray
    patients: np.ndarray
    shown: np.ndarray

    def of(self, chosen: np.ndarray) -> _Features:
        among = chosen[self.shown]
        return _Features(
            {name: values[chosen] for name, values in self.plain.items()},
            {name: values[among] for name, values in self.learned.items()},
            self.directions[chosen],
            None if self.outlines is None else self.outlines[chosen],
            self.sources[chosen],
            self.patients[chosen],
            self.shown[chosen],
        )


def _fitted(features: _Features, seed: int) -> dict[str, Any]:
    """Anatomy, pose and distances of slices, fields of a model."""
    patients, sources, shown = features.patients.tolist(), features.sources, features.shown
    pose, turned = fit_pose(features.directions, patients, seed)
    left = left_out_features(features.plain, patients) | {"pose": turned}
    body = None
    if features.outlines is not None:
        body, left["body pose"] = fit_body_pose(features.outlines, patients)
    distances = fit_groups(left, sources.tolist(), patients)
    distances |= fit_groups(
        features.learned, sources[shown].tolist(), features.patients[shown].tolist()
    )
    return {
        "anatomy": fit_anatomy(features.plain),
        "pose": pose,
        "body_pose": body,
        "slice_distances": distances,
    }


def _unseen(features: _Features, seed: int) -> dict[str, dict[str, Any]]:
    """By patient, the same fitted to other patients alone; where these are enough."""
    split = splits_of(features.patients.tolist())
    found: dict[str, dict[str, Any]] = {}
    for number in range(SPLITS):
        others = features.of(split != number)
        if min(len(others.patients), others.shown.sum()) < FEWEST_IMAGES:
            continue
        fits = _fitted(others, seed)
        found |= dict.fromkeys(np.unique(features.patients[split == number]).tolist(), fits)
    return found


def _joining(scans: Sequence[NormalScan], scored: Sequence[SliceScores]) -> GroupJoining | None:
    """By patients that the networks have not seen, since some groups are the networks' answers."""
    chosen = [n for n, scan in enumerate(scans) if scan.fold in SHOWN]
    names = scored[chosen[0]].groups
    groups = {name: np.concatenate([scored[n].groups[name] for n in chosen]) for name in names}
    return fit_joining(groups, len({scans[n].patient for n in chosen}))


def _scan_distances(
    model: NormalityModel, scans: Sequence[NormalScan], scored: Sequence[SliceScores]
) -> dict[str, GroupDistance]:
    """Distances of whole scans, where they are stacks of neighbors and there are enough."""
    if not model.card.view.volumes:
        return {}
    found = [
        scan_features(scan.planes, slices.groups, model.compressing, model.features)
        for scan, slices in zip(scans, scored, strict=True)
    ]
    made = {}
    for name in ("profile", "neighbors", "volume"):
        use = [
            n
            for n, scan in enumerate(scans)
            if name in found[n] and (name != "volume" or scan.fold in SHOWN)
        ]
        if len(use) >= FEWEST_IMAGES:
            made[name] = fit_group(
                np.concatenate([found[n][name] for n in use]),
                [scans[n].source for n in use],
                [scans[n].patient for n in use],
            )
    return made


def calibrated(model: NormalityModel, scans: Sequence[NormalScan]) -> NormalityModel:
    """The model with scores of held-out normal scans. Raises InputError without scans."""
    import torch

    if not scans:
        raise InputError("No patient is held out to set the threshold; give more patients.")
    before = model.calibration
    assert before is not None
    slices, whole, matches, small = [], [], [], []
    mean, spread = (torch.from_numpy(a) for a in (before.divergence_mean, before.divergence_spread))
    for scan in scans:
        found = score_slices(model, scan.planes)
        slices.append(found.scores)
        if len(scan.planes) > 1:
            whole.append(score_scan(model, scan.planes, found)[0])
        matches.append(match_likelihood(torch.from_numpy(found.divergence), mean, spread).numpy())
        small.append(found.small)
    number = np.unique([scan.patient for scan in scans], return_inverse=True)[1]
    images = torch.cat(small)
    step = max(1, len(images) // MOST_LIKELIHOODS)
    likelihoods = torch.cat(
        [log_likelihoods(model.autoencoder, part) for part in images[::step].split(32)]
    )
    known = Calibration(
        slice_scores=np.concatenate(slices),
        scan_scores=np.array(whole),
        likelihoods=likelihoods.numpy(),
        divergence_mean=before.divergence_mean,
        divergence_spread=before.divergence_spread,
        match_likelihoods=np.concatenate(matches),
        slice_patients=np.repeat(number, [len(scan.planes) for scan in scans]).astype(float),
        scan_patients=number[[len(scan.planes) > 1 for scan in scans]].astype(float),
    )
    return replace(model, calibration=known)


def _some(scan: NormalScan, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(scan.planes) <= most:
        return scan.planes
    return scan.planes[np.sort(rng.choice(len(scan.planes), most, replace=False))]


def _card(settings: NormalityTraining, scans: Sequence[NormalScan], command: str) -> NormalityCard:
    data: list[dict[str, Any]] = []
    for name in dict.fromkeys(scan.source for scan in scans):
        own = [scan for scan in scans if scan.source == name]
        patients = len({scan.patient for scan in own})
        images = sum(len(scan.planes) for scan in own)
        data.append({"name": name, "patients": patients, "images": images})
    return NormalityCard(
        view=settings.view,
        autoencoder=settings.autoencoder,
        compression=settings.compression,
        **facts_of(settings, data, command),
    )

"""One scan from pixels to verdict: everything that is computed, nothing written.

The verdict rests on the score of the features; the likelihoods of the source are always given
beside it. Abnormal: the score reaches the threshold. Unsure: it does not, but the likelihood of
the image is one that normal images hardly have, or the estimators disagree on that, or more slices
of a volume reach the threshold of single slices than in normal volumes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from MedImageLib.errors import InputError, Remark
from MedImageLib.results import Timing
from MedImageLib.volume import Volume, VolumeSequence
from MedImageMetricLib.normality.autoencoder import objective
from MedImageMetricLib.normality.conformal import (
    Threshold,
    confidence,
    conformal_threshold,
    fewest_patients,
    p_value,
    two_sided_p_value,
)
from MedImageMetricLib.normality.divergence import gaussian_compliance, match_likelihood
from MedImageMetricLib.normality.likelihood import (
    Likelihoods,
    LikelihoodSettings,
    likelihoods,
)
from MedImageMetricLib.normality.model import Calibration, NormalityModel
from MedImageMetricLib.normality.settings import AnomalySettings
from MedImageMetricLib.normality.slice_scores import score_scan, score_slices
from MedImageMetricLib.normality.view import planes_of

Verdict = Literal["normal", "abnormal", "unsure"]
# Short chains: a gradient of the decoder for each leap is what takes the time.
CHAINS = LikelihoodSettings(chains=4, warm_up=12, fitted=12, fresh=12)
FEWEST_SCANS = 19  # held-out scans below which a stack is judged by its slices' calibration


@dataclass(frozen=True, eq=False)
class Screening:
    """What is known of one scan.

    score, threshold: of the whole scan; larger = more abnormal. p_value: share of normal scans
    that score at least as high. likelihood_p_value: two-sided, of the importance estimate.
    slices_p_value: share of normal scans of which as large a share of slices is abnormal; 1 where
    that is not asked.
    likelihoods: of the slices `likelihood_slices`. slice_scores (k), slice_threshold: of single
    slices. groups: how unusual each group is, in deviations; slice_groups: the same of each slice.
    worst_slices: indices, worst first. planes (k, side, side), means and residuals (k, s, s) of
    the worst slices, as the autoencoder sees them. calibration_scores: that the score compares to.
    objective_nats, match_likelihood, compliance_percent, divergence_nats: of the worst slice.
    """

    verdict: Verdict
    score: float
    threshold: Threshold
    confidence: float
    p_value: float
    likelihood_p_value: float
    slices_p_value: float
    likelihoods: tuple[Likelihoods, ...]
    likelihood_slices: tuple[int, ...]
    slice_scores: np.ndarray
    slice_threshold: Threshold
    groups: dict[str, float]
    slice_groups: dict[str, np.ndarray]
    worst_slices: tuple[int, ...]
    planes: np.ndarray
    small: np.ndarray
    means: np.ndarray
    residuals: np.ndarray
    calibration_scores: np.ndarray
    objective_nats: float
    match_likelihood: float
    compliance_percent: np.ndarray
    divergence_nats: np.ndarray
    remarks: tuple[Remark, ...]
    timings: tuple[Timing, ...]


def screen(
    image: Volume | VolumeSequence, model: NormalityModel, settings: AnomalySettings | None = None
) -> Screening:
    """Score a scan. The frames of a sequence count as slices.

    Raises InputError for images that cannot be looked at.
    """
    settings = settings or AnomalySettings()
    started = time.monotonic()
    planes, remarks = _planes(image, model)
    seen = time.monotonic()
    found = score_slices(model, planes)
    known = model.calibration
    if known is None:
        raise InputError(f"{model.card.name}: the model is not calibrated.")
    own = found.scores if len(planes) > 1 else None
    slice_threshold = _threshold(known.slice_scores, known.slice_patients, settings, own)
    score, groups, slices_p = float(found.scores.max()), {}, 1.0
    reference, owners = known.slice_scores, known.slice_patients
    if len(planes) == 1:
        groups = {name: float(values[0]) for name, values in found.groups.items()}
    elif len(known.scan_scores) >= FEWEST_SCANS:
        score, groups = score_scan(model, planes, found)
        reference, owners = known.scan_scores, known.scan_patients
        slices_p = _slices_p_value(known, found.scores, settings)
    else:
        # Of k slices the worst counts; the rate is shared among them (Bonferroni).
        rate = settings.false_alarm_rate / len(planes)
        settings = _with_rate(settings, max(rate, 0.001))
        remarks = (
            *remarks,
            Remark(
                "few-scans", "The model was calibrated on too few stacks; the worst slice counts."
            ),
        )
    threshold = _threshold(reference, owners, settings)
    if not threshold.promised:
        remarks = (*remarks, _not_promised(threshold))
    scored = time.monotonic()

    worst = tuple(int(n) for n in np.argsort(-found.scores)[:6])
    chosen = _spread(found.scores, settings.likelihood_slices)
    drawn = replace(CHAINS, samples=settings.samples)
    estimates = likelihoods(model.autoencoder, found.small[list(chosen)], drawn)
    likelihood = float(np.median([one.importance.log_likelihood for one in estimates]))
    likelihood_p = two_sided_p_value(known.likelihoods, likelihood)
    first = worst[0]
    with torch.no_grad():
        posterior = model.autoencoder.posterior(found.small[list(worst)])
        means = model.autoencoder.mean_image(posterior.mean)
        residuals = model.autoencoder.residual(found.small[list(worst)], means)
        torch.manual_seed(1)
        bound = objective(model.autoencoder, found.small[[first]], 16)
        compliance = gaussian_compliance(posterior)[0].numpy()
        match = match_likelihood(
            posterior.divergence()[:1],
            torch.from_numpy(known.divergence_mean).float(),
            torch.from_numpy(known.divergence_spread).float(),
        )
    rate = settings.false_alarm_rate
    verdict: Verdict = "normal"
    if score >= threshold.value:
        verdict = "abnormal"
    elif (
        likelihood_p <= rate / 2
        or slices_p <= rate
        or _disagree(estimates, known.likelihoods, rate)
    ):
        verdict = "unsure"
    return Screening(
        verdict=verdict,
        score=score,
        threshold=threshold,
        confidence=confidence(reference, score, threshold, owners),
        p_value=p_value(reference, score, owners),
        likelihood_p_value=likelihood_p,
        slices_p_value=slices_p,
        likelihoods=tuple(estimates),
        likelihood_slices=chosen,
        slice_scores=found.scores,
        slice_threshold=slice_threshold,
        groups=groups or {name: float(v[first]) for name, v in found.groups.items()},
        slice_groups=dict(found.groups),
        worst_slices=worst,
        planes=planes[list(worst)],
        small=found.small[list(worst), 0].numpy(),
        means=means[:, 0].numpy(),
        residuals=residuals[:, 0].numpy(),
        calibration_scores=reference,
        objective_nats=float(bound[0]),
        match_likelihood=float(match[0]),
        compliance_percent=compliance,
        divergence_nats=posterior.divergence()[0].numpy(),
        remarks=remarks,
        timings=(
            Timing("view", seen - started),
            Timing("score", scored - seen),
            Timing("likelihoods", time.monotonic() - scored),
        ),
    )


def _planes(
    image: Volume | VolumeSequence, model: NormalityModel
) -> tuple[np.ndarray, tuple[Remark, ...]]:
    frames = image.frames if isinstance(image, VolumeSequence) else (image,)
    parts, remarks = zip(*(planes_of(frame, model.card.view) for frame in frames), strict=True)
    if frames[0].tags.get("color"):
        raise InputError("This is a color picture, not a scan. Choose a gray image.")
    told = {one.code: one for one in (*image.remarks, *(r for part in remarks for r in part))}
    return np.concatenate(parts), tuple(told.values())


def _threshold(
    scores: np.ndarray,
    patients: np.ndarray,
    settings: AnomalySettings,
    own: np.ndarray | None = None,
) -> Threshold:
    if settings.threshold is not None:
        return Threshold(settings.threshold, None)
    return conformal_threshold(scores, settings.false_alarm_rate, patients, own)


def _slices_p_value(known: Calibration, scores: np.ndarray, settings: AnomalySettings) -> float:
    """How rare it is among patients that so large a share of slices reaches the threshold."""
    threshold = _threshold(known.slice_scores, known.slice_patients, settings).value
    names, owner = np.unique(known.slice_patients, return_inverse=True)
    reached = np.bincount(owner, known.slice_scores >= threshold, minlength=len(names))
    shares = reached / np.bincount(owner, minlength=len(names))
    own = float((scores >= threshold).mean())
    return p_value(shares, own) if own > 0 else 1.0


def _not_promised(threshold: Threshold) -> Remark:
    assert threshold.rate is not None
    assert threshold.asked_rate is not None
    return Remark(
        "rate-not-promised",
        f"At most {100 * threshold.asked_rate:.2g} % false alarms were asked for, but the "
        f"{threshold.patients} patients that set the threshold can promise no less than "
        f"{100 * threshold.rate:.2g} %; it takes {fewest_patients(threshold.asked_rate)} patients. "
        "The threshold is as high as their scans allow.",
    )


def _with_rate(settings: AnomalySettings, rate: float) -> AnomalySettings:
    return replace(settings, false_alarm_rate=rate)


def _spread(scores: np.ndarray, count: int) -> tuple[int, ...]:
    """Slices from the worst to the best, evenly by rank."""
    order = np.argsort(-scores)
    places = np.unique(np.linspace(0, len(scores) - 1, min(count, len(scores))).round().astype(int))
    return tuple(int(order[place]) for place in places)


def _disagree(estimates: list[Likelihoods], normal: np.ndarray, rate: float) -> bool:
    """Whether importance sampling and Markov chains put the image on different sides of what
    normal images have at the low end, by more than twice their standard errors."""
    bound = float(np.quantile(normal, rate / 2))
    for one in estimates:
        first, second = one.importance, one.markov_chain
        doubt = 2 * np.hypot(first.standard_error, second.standard_error)
        apart = abs(first.log_likelihood - second.log_likelihood)
        sides = (first.log_likelihood < bound) != (second.log_likelihood < bound)
        if sides and apart > max(doubt, 0.1 * abs(bound - float(np.median(normal)))):
            return True
    return False

"""The ensemble beside the segmentation: the same indices, regressed from the pixels.

It is asked wherever a cavity is labeled, about that cavity; an ensemble that is not there leaves
a remark. Areas and lengths are mm² and mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CardiacLVLib.measures.indices import INDEX_NAMES
from CardiacLVLib.measures.measurement import MeasuredCine
from CardiacLVLib.measures.phases import BeatPhases, find_phases
from MedImageLib.errors import InputError, ModelError, Remark
from MedImageLib.results import ModelUsed
from MedImageLib.volume import VolumeSequence


@dataclass(frozen=True, eq=False)
class RegressedCine:
    """Answers of the ensemble.

    indices, spread: (frame, slice, 11), mean and standard deviation over the networks, NaN where
    no cavity is labeled. total_mm2, total_spread_mm2: (frame,) sum of the cavity areas of all
    slices and its standard deviation over the networks. phases: of that sum.
    """

    indices: np.ndarray
    spread: np.ndarray
    total_mm2: np.ndarray
    total_spread_mm2: np.ndarray
    phases: BeatPhases
    model: ModelUsed


def regressed_cine(
    cine: VolumeSequence, measured: MeasuredCine, ensemble: str | Path | None = None
) -> tuple[RegressedCine | None, tuple[Remark, ...]]:
    """Ask the ensemble about every picture with a cavity.

    ensemble: folder of its model; None: that of the product. Returns None, and why, where there
    is no ensemble, no spacing or no cavity.
    """
    if not measured.plan.spacing_known:
        return _without("the networks need the spacing of pixels in millimeters")
    places = [
        (frame, number)
        for frame, row in enumerate(measured.outlines)
        for number, outline in enumerate(row)
        if outline is not None
    ]
    if not places:
        return _without("no cavity is labeled")
    from CardiacLVLib.ensemble.prediction import member_indices
    from CardiacLVLib.ensemble.store import MODEL, load_ensemble
    from MedImageLib.network.model_store import model_folder

    absent = f"the model {Path(ensemble or MODEL).name} is not installed"
    try:
        folder = model_folder(ensemble or MODEL)
    except ModelError:
        return _without(absent)
    if not (folder / "model.json").is_file():
        return _without(absent)
    i_mm, j_mm = measured.plan.spacing_mm[:2]
    try:
        loaded = load_ensemble(folder)
        answers = member_indices(
            loaded,
            [cine.frames[frame].array[number] for frame, number in places],
            [_center(measured, frame, number) for frame, number in places],
            (j_mm, i_mm),
            measured.insertion.anterior_deg,
            measured.insertion.septum_turn,
        )
    except (ModelError, InputError) as error:
        return _without(str(error).replace(str(folder), folder.name).rstrip("."))
    members = np.full((len(answers), *measured.indices.shape), np.nan)
    frames, numbers = np.array(places).T
    members[:, frames, numbers] = answers
    total = np.nan_to_num(members[..., INDEX_NAMES.index("cavity_area_mm2")]).sum(axis=2)
    if measured.plan.unseen is not None:
        total[:, measured.plan.unseen.any(axis=1)] = np.nan
    plan = measured.plan
    return RegressedCine(
        indices=members.mean(axis=0),
        spread=_deviation(members),
        total_mm2=total.mean(axis=0),
        total_spread_mm2=_deviation(total),
        phases=find_phases(total.mean(axis=0), plan.phases, plan.beats, plan.beat_starts),
        model=ModelUsed(loaded.card.name, loaded.card.version, loaded.weights_sha256),
    ), ()


def _deviation(members: np.ndarray) -> np.ndarray:
    return members.std(axis=0, ddof=1) if len(members) > 1 else np.zeros(members.shape[1:])


def _center(measured: MeasuredCine, frame: int, number: int) -> tuple[float, float]:
    """Row and column of the cavity's centroid."""
    outline = measured.outlines[frame][number]
    assert outline is not None
    i_mm, j_mm = outline.endocardium.center_mm
    return j_mm / outline.spacing_mm[1], i_mm / outline.spacing_mm[0]


def _without(reason: str) -> tuple[None, tuple[Remark, ...]]:
    return None, (
        Remark(
            "indices-not-regressed",
            f"The indices were measured on the contours only, without a second way: {reason}.",
        ),
    )

"""The whole CardiacLV chain on generated cines of exact truth: indices, phases, volumes, time.

Stacks of ten slices and twenty phases, 1.3 mm pixels, signal-to-noise ratio 20, papillary
muscles and a right ventricle, of seeds that no network has seen. Both ways of telling the indices
are scored, on the contours and by the ensemble. Generated data: never to be read as accuracy on
patients. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch

from CardiacLVLib.analysis import CineAnalysis, analyze_cine
from CardiacLVLib.measures.indices import INDEX_NAMES, indices_of, outline_ventricle
from CardiacLVLib.measures.phases import DIASTOLE, SYSTOLE
from MedImageLib.phantom.cine import CineSettings, GeneratedCine, generate_cine

FIRST_SEED = 9000  # training and evaluation of the ensemble end below
WAYS = ("contours", "ensemble")
GROUPS = {
    "cavity area (mm²)": ("cavity_area_mm2",),
    "myocardium area (mm²)": ("myocardium_area_mm2",),
    "dimensions (mm)": ("dim1_mm", "dim2_mm", "dim3_mm"),
    "thickness (mm)": tuple(f"rwt{n}_mm" for n in range(1, 7)),
}


@dataclass(frozen=True, eq=False)
class CineErrors:
    """One cine. indices: by way, (pictures, 11) found minus true. wrong_phase: share of frames.

    empty, invented: pictures without a cavity, and those of them on which one was found;
    missed: pictures with one on which none was found. volumes: relative errors of EDV and ESV.
    """

    indices: dict[str, np.ndarray]
    pictures: int
    missed: int
    empty: int
    invented: int
    wrong_phase: float
    ed_off: int
    es_off: int
    volumes: tuple[float, float]
    seconds: float


def true_indices(cine: GeneratedCine) -> np.ndarray:
    """(frame, slice, 11), along the true insertion; NaN without a cavity."""
    i_mm, j_mm, _ = cine.labels[0].geometry.spacing_mm
    slices = cine.labels[0].array.shape[0]
    result = np.full((len(cine.labels), slices, len(INDEX_NAMES)), np.nan)
    for frame, labels in enumerate(cine.labels):
        for plane in range(slices):
            outline = outline_ventricle(labels.array[plane], (i_mm, j_mm))
            direction = float(cine.anterior_insertion_deg[plane])
            if outline is not None and np.isfinite(direction):
                result[frame, plane] = indices_of(outline, direction).vector()
    return result


def true_phases(cine: GeneratedCine) -> np.ndarray:
    """Systole in (ED, ES], else diastole, cyclic."""
    frames = len(cine.labels)
    phases = np.full(frames, DIASTOLE)
    length = (cine.es_frame - cine.ed_frame) % frames
    phases[(cine.ed_frame + 1 + np.arange(length)) % frames] = SYSTOLE
    return phases


def errors_of(cine: GeneratedCine) -> CineErrors:
    started = time.perf_counter()
    found = analyze_cine(cine.sequence)
    seconds = time.perf_counter() - started
    truth = true_indices(cine)
    there = np.isfinite(truth[..., 0])
    frames = len(cine.labels)
    seen = np.isfinite(found.measured.indices[..., 0])
    phases = np.array([-1 if p is None else p for p in found.measured.phases.phase])
    return CineErrors(
        indices={way: (_indices(found, way) - truth)[there & seen] for way in WAYS},
        pictures=int(there.sum()),
        missed=int((there & ~seen).sum()),
        empty=int((~there).sum()),
        invented=int((~there & seen).sum()),
        wrong_phase=float((phases != true_phases(cine)).mean()),
        ed_off=_apart(found.measured.phases.ed_frame, cine.ed_frame, frames),
        es_off=_apart(found.measured.phases.es_frame, cine.es_frame, frames),
        volumes=_volume_errors(found, cine),
        seconds=seconds,
    )


def _indices(found: CineAnalysis, way: str) -> np.ndarray:
    if way == "contours":
        return found.measured.indices
    assert found.regressed is not None, "the ensemble is part of the product"
    return found.regressed.indices


def _apart(frame: int | None, true: int, frames: int) -> int:
    if frame is None:
        return frames
    away = abs(frame - true) % frames
    return min(away, frames - away)


def _volume_errors(found: CineAnalysis, cine: GeneratedCine) -> tuple[float, float]:
    function = found.measured.function
    true = cine.volumes_ml.max(), cine.volumes_ml.min()
    seen = function.end_diastolic_volume_ml, function.end_systolic_volume_ml
    pairs = zip(seen, true, strict=True)
    one, other = (float("nan") if v is None else float(v / t - 1) for v, t in pairs)
    return one, other


def report(cines: list[CineErrors]) -> str:
    errors = {way: np.concatenate([one.indices[way] for one in cines]) for way in WAYS}
    lines = ["| index | " + " | ".join(f"{way}: mean error / bias" for way in WAYS) + " |"]
    lines.append("| --- | --- | --- |")
    for title, names in GROUPS.items():
        columns = [INDEX_NAMES.index(name) for name in names]
        cells = []
        for way in WAYS:
            part = errors[way][:, columns]
            cells.append(f"{np.nanmean(np.abs(part)):.2f} / {np.nanmean(part):+.2f}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    sums: dict[str, int] = defaultdict(int)
    for one in cines:
        for name in ("pictures", "missed", "empty", "invented"):
            sums[name] += getattr(one, name)
    volumes = 100 * np.abs([one.volumes for one in cines])
    lines += [
        "",
        f"{len(cines)} cines; cavity missed on {sums['missed']} of {sums['pictures']} pictures, "
        f"invented on {sums['invented']} of {sums['empty']} without one.",
        f"Frames of wrong phase: {100 * np.mean([one.wrong_phase for one in cines]):.1f} %; end "
        f"diastole off by {[one.ed_off for one in cines]} frames, end systole by "
        f"{[one.es_off for one in cines]}.",
        f"EDV error {np.nanmean(volumes[:, 0]):.1f} %, ESV error {np.nanmean(volumes[:, 1]):.1f} % "
        "(mean of the amounts).",
        f"Whole chain, ten slices and twenty phases: median "
        f"{np.median([one.seconds for one in cines[1:] or cines]):.2f} s after a first one, "
        f"{torch.get_num_threads()} threads.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cines", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cines = []
    for seed in range(FIRST_SEED, FIRST_SEED + options.cines):
        cines.append(errors_of(generate_cine(CineSettings(seed=seed, spacing_mm=1.3, noise=0.05))))
    print(report(cines))


if __name__ == "__main__":
    main()

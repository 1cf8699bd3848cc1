"""What a verdict means in words: what looks unusual, and what to do about it."""

from __future__ import annotations

from MedImageMetricLib.normality.model import NormalityModel
from MedImageMetricLib.normality.screening import Screening

CLEARLY = 2.0  # deviations from which a group is named
MEANING = {
    "grays": "the gray values or the contrast",
    "spectrum": "sharpness: too blurred, too noisy or too coarse",
    "directions": "stripes, ghosts or blur along one direction",
    "noise": "noise or lost fine detail",
    "edges": "edges: straight borders, cut-off parts, or too few edges",
    "layout": "where bright and dark lie: position, orientation, body part or field of view",
    "texture": "where fine detail lies: covered, empty or noisy parts",
    "histogram": "the mixture of grays: shaded, shifted, smeared or too few of them",
    "courses": "faint lines along rows, columns or circles about the middle",
    "outline": "where the image begins and ends: cut-off parts, or something outside of the body",
    "tissue detail": "noise or blur in soft tissue",
    "tissue trends": "soft tissue that is brighter or darker in depth or on one side",
    "tissue rings": "rings about the middle in soft tissue",
    "k-space": "uneven lines of k-space: ghosts, motion or lines that were not read",
    "pose": "how the image lies: mirrored, upside down or turned",
    "body pose": "how the body lies: mirrored, upside down or turned",
    "reconstruction": "parts that the network cannot make from normal images",
    "attributes": "the anatomy as a whole",
    "neighbors": "the order of slices: missing, doubled, exchanged or of uneven brightness",
    "volume": "the volume as a whole",
    "profile": "the image quality of all slices together",
    "slices": "single slices",
}
ADVICE = {
    "grays": "Check window, exposure and the export of gray values.",
    "spectrum": "Check for motion and filters; repeat the scan if it is not sharp.",
    "directions": "Check for motion, interference and the coil; repeat the series if it is seen.",
    "noise": "Check dose or coil; repeat the scan if noise hides the anatomy.",
    "edges": "Check the field of view and what covers the patient.",
    "layout": "Check body part, orientation and positioning.",
    "texture": "Look for covered, empty or damaged parts.",
    "histogram": "Check gray values, calibration and shading with an earlier scan of this device.",
    "courses": "Check the calibration of the detector and for interference.",
    "outline": "Check the field of view and what lies beside the patient.",
    "tissue detail": "Check dose and reconstruction filter.",
    "tissue trends": "Check the calibration of Hounsfield units and beam hardening correction.",
    "tissue rings": "Check the calibration of the detector; an air calibration may remove rings.",
    "k-space": "Check for motion, interference and the coil; repeat the series if it is seen.",
    "pose": "Check orientation and patient position in the header and the picture.",
    "body pose": "Check orientation and patient position in the header and the picture.",
    "reconstruction": "Look at the anomaly map: foreign objects, metal, damaged parts or disease.",
    "attributes": "Check body part, orientation and positioning.",
    "neighbors": "Compare the number of slices with the scanner and send the series again.",
    "profile": "Compare noise, sharpness and gray values with an earlier scan of this device.",
    "volume": "Check body part and extent of the series.",
    "slices": "Look at the worst slices below.",
}


def unusual(groups: dict[str, float], least: float = CLEARLY) -> list[str]:
    """Names of groups by how unusual they are, most first."""
    found = [name for name, value in groups.items() if value >= least]
    return sorted(found, key=lambda name: -groups[name])


def findings_of(screening: Screening, model: NormalityModel) -> tuple[str, ...]:
    """Sentences: the verdict with its reason, what is unusual, what to do."""
    kind = model.card.view.kind
    numbers = f"score {screening.score:.2f}, threshold {screening.threshold.value:.2f}"
    rate, asked = screening.threshold.rate, screening.threshold.asked_rate or 0.0
    told = []
    doubt = next((one.text for one in screening.remarks if one.code == "kind-unsure"), None)
    if screening.verdict == "abnormal":
        promise = (
            f"; at most {100 * rate:.2g} % of normal scans reach it" if rate is not None else ""
        )
        told.append(f"Abnormal for a {kind}: {numbers}{promise}.")
        told += [doubt] if doubt is not None else []
    elif screening.verdict == "unsure" and doubt is not None:
        told.append(f"Unsure which kind of image this is. {doubt}")
    elif screening.verdict == "unsure" and screening.slices_p_value <= asked:
        told.append(
            f"Unsure: as a whole this looks like a normal {kind} ({numbers}), but "
            f"{_reached(screening)}, more than of nearly all normal scans. Look at these slices."
        )
    elif screening.verdict == "unsure":
        told.append(
            f"Unsure: the features look like a normal {kind} ({numbers}), but the likelihood is "
            "one that normal images hardly have, or its estimators disagree. Look at the image."
        )
    else:
        told.append(f"Normal for a {kind}: {numbers}.")
        if len(screening.slice_scores) > 1:
            told.append(f"{_reached(screening)}.")
    if screening.verdict != "normal":
        names = dict.fromkeys([*unusual(screening.groups), *unusual(_worst_groups(screening))])
        shown = [name for name in names if name != "slices" or len(names) == 1][:3]
        if shown:
            told.append(f"Unusual: {'; '.join(MEANING[name] for name in shown)}.")
            told += [ADVICE[name] for name in shown[:2]]
        if len(screening.slice_scores) > 1:
            worst = ", ".join(str(n + 1) for n in screening.worst_slices[:3])
            told.append(f"Most unusual slices: {worst} of {len(screening.slice_scores)}.")
        told.append(
            "A diseased organ is not a bad scan: disease, implants and rare anatomy may be "
            "called abnormal, too."
        )
    return tuple(told)


def _reached(screening: Screening) -> str:
    count = int((screening.slice_scores >= screening.slice_threshold.value).sum())
    return f"{count} of {len(screening.slice_scores)} slices reach the threshold of a single slice"


def _worst_groups(screening: Screening) -> dict[str, float]:
    first = screening.worst_slices[0]
    return {name: float(values[first]) for name, values in screening.slice_groups.items()}

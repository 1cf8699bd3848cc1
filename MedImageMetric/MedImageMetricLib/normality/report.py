"""The page of one screening: verdict, histogram, reconstruction, anomaly map, worst slices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from MedImageLib.report import Badge, Link, Picture, Table, report_of, write_report
from MedImageLib.results import Result
from MedImageLib.scan_verdict import STATES
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.normality.guidance import MEANING
from MedImageMetricLib.normality.model import NormalityModel
from MedImageMetricLib.normality.pictures import (
    anomaly_picture,
    histogram_picture,
    reconstruction_picture,
    slice_curve_picture,
    slice_picture,
)
from MedImageMetricLib.normality.screening import Screening

BADGES = {
    "normal": ("Normal", "The image quality is that of usual scans"),
    "abnormal": ("Abnormal", "Look at the scan before it is used"),
    "unsure": ("Unsure", "Score and likelihood disagree: look at the scan"),
}
KEYS = ("score", "threshold", "confidence", "p_value")


def write_screening_report(
    folder: Path, screening: Screening, model: NormalityModel, result: Result
) -> Path:
    """Write report.html, and slices/<number>.png of the worst slices beside it."""
    links = []
    several = len(screening.slice_scores) > 1
    if several:
        for place, number in enumerate(screening.worst_slices):
            name = f"slices/{number + 1:03d}.png"
            with finished_file(folder / name) as temporary:
                temporary.write_bytes(anomaly_picture(screening, place))
            links.append((number, name))
    report = report_of(
        result,
        f"Is this scan normal? {model.card.view.kind}",
        _pictures(screening, several),
        _tables(screening, model, links),
    )
    text, advice = BADGES[screening.verdict]
    state = "warning" if screening.verdict == "unsure" else STATES[screening.verdict]
    shown = [one for one in result.values if one.name in KEYS]
    others = tuple(
        one for one in result.values if one.name not in KEYS and not one.name.startswith("unusual_")
    )
    return write_report(
        folder / "report.html",
        replace(
            report,
            badge=Badge(text, advice, state),
            key_values=tuple(shown),
            measurements=others,
            flags=(),
        ),
    )


def _pictures(screening: Screening, several: bool) -> list[Picture]:
    first = screening.worst_slices[0] + 1
    which = f"Slice {first}, the most unusual one, as" if several else "The image as"
    pictures = [
        Picture(
            histogram_picture(screening, "held-out normal scans"),
            "Scores of normal scans that the model has not learned from, the threshold, this scan.",
            wide=True,
        ),
        Picture(slice_picture(screening), f"{which} the model sees it."),
        Picture(
            reconstruction_picture(screening),
            "Reconstruction: the same image made from what normal images have in common.",
        ),
        Picture(
            anomaly_picture(screening),
            "Anomaly map: orange where brighter, striped blue where darker than the reconstruction "
            "by 2 to 6 standard deviations.",
        ),
    ]
    if several:
        pictures.append(
            Picture(
                slice_curve_picture(screening),
                "Score of every slice; squares reach the threshold of single slices (dashed).",
                wide=True,
            )
        )
    return pictures


def _tables(
    screening: Screening, model: NormalityModel, links: list[tuple[int, str]]
) -> list[Table]:
    groups = sorted(screening.groups.items(), key=lambda item: -item[1])
    tables = [
        Table(
            "What is unusual",
            ("what", "deviations from normal scans"),
            tuple((MEANING.get(name, name), round(value, 2)) for name, value in groups),
            "Two and more deviations are named in the summary.",
        )
    ]
    if links:
        tables.append(
            Table(
                "Worst slices",
                ("slice", "score", "anomaly map"),
                tuple(
                    (
                        number + 1,
                        round(float(screening.slice_scores[number]), 2),
                        Link("open", name),
                    )
                    for number, name in links
                ),
            )
        )
    rows = []
    words = {
        "monte_carlo": "Monte Carlo, q(z|x) (the source's; not unbiased)",
        "importance": "importance sampling",
        "markov_chain": "Markov chains with a fitted density",
    }
    for number, one in zip(screening.likelihood_slices, screening.likelihoods, strict=True):
        for name, title in words.items():
            estimate = getattr(one, name)
            rows.append(
                (
                    number + 1,
                    title,
                    round(estimate.log_likelihood, 1),
                    round(estimate.standard_error, 2),
                    round(estimate.effective_samples, 1),
                    round(estimate.per_dimension, 3),
                )
            )
    dimension = screening.likelihoods[0].importance.dimension
    tables.append(
        Table(
            "Log-likelihood in nats",
            ("slice", "estimator", "log P(x)", "standard error", "effective samples", "per pixel"),
            tuple(rows),
            f"Over {dimension} pixels. Blank and blurred images are likely, too: the likelihood "
            "alone does not decide.",
        )
    )
    return tables

"""A screening as a result and as the line of anomaly.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from MedImageLib.errors import InputError
from MedImageLib.results import (
    Curve,
    InputIdentity,
    Measurement,
    QualityFlag,
    Result,
)
from MedImageLib.scan_verdict import FLAG, STATES, TASK
from MedImageLib.settings import settings_to_dict
from MedImageLib.writing.atomic import finished_file
from MedImageMetricLib.normality.guidance import findings_of
from MedImageMetricLib.normality.model import NormalityModel
from MedImageMetricLib.normality.screening import Screening
from MedImageMetricLib.normality.settings import AnomalySettings

COLUMNS = (
    "file",
    "verdict",
    "score",
    "log_likelihood_mc",
    "log_likelihood_is",
    "log_likelihood_mcmc",
    "confidence",
)
ESTIMATORS = {
    "monte_carlo": "mc",
    "importance": "is",
    "markov_chain": "mcmc",
}


def result_of(
    screening: Screening,
    model: NormalityModel,
    identity: InputIdentity,
    settings: AnomalySettings,
) -> Result:
    """All numbers of a screening; log-likelihoods are means over the slices that were drawn."""
    card = model.card
    dimension = screening.likelihoods[0].importance.dimension
    where = ", ".join(str(n + 1) for n in screening.likelihood_slices)
    values = [
        Measurement("score", screening.score, "1", text="larger = more abnormal"),
        Measurement("threshold", screening.threshold.value, "1", text="abnormal from here on"),
        Measurement("confidence", screening.confidence, "1", text="of the verdict"),
        Measurement(
            "attained_false_alarm_rate",
            screening.threshold.rate,
            "1",
            text="" if screening.threshold.rate else "the threshold was set by hand",
        ),
        Measurement(
            "slice_threshold", screening.slice_threshold.value, "1", text="of a single slice"
        ),
        Measurement("p_value", screening.p_value, "1", text="normal scans that score as high"),
    ]
    for name, short in ESTIMATORS.items():
        value, error, effective = likelihood_of(screening, name)
        values.append(
            Measurement(
                f"log_likelihood_{short}",
                value,
                "1",
                uncertainty=error,
                text=f"nats over {dimension} pixels, {value / dimension:.3f} a pixel, effective "
                f"samples {effective:.1f}; slice {where}",
            )
        )
    values += [
        Measurement(
            "likelihood_p_value",
            screening.likelihood_p_value,
            "1",
            text="two-sided, of importance sampling",
        ),
        Measurement(
            "slices_p_value",
            screening.slices_p_value,
            "1",
            text="normal scans of which as many slices reach the threshold of a single slice",
        ),
        Measurement("objective", screening.objective_nats, "1", text="L, nats; worst slice"),
        Measurement(
            "match_likelihood",
            screening.match_likelihood,
            "1",
            text="of the divergences; worst slice",
        ),
        Measurement(
            "gaussian_compliance",
            float(np.median(screening.compliance_percent)),
            "%",
            text="median over attributes; worst slice",
        ),
    ]
    values += [
        # Names of values hold no blanks.
        Measurement(
            "unusual_" + name.replace(" ", "_"), value, "1", text="deviations from normal scans"
        )
        for name, value in screening.groups.items()
    ]
    slices = tuple(float(n) for n in range(len(screening.slice_scores)))
    curves = [
        Curve("slice_score", tuple(screening.slice_scores.tolist()), "1", slices, "slice", "1")
    ]
    attributes = tuple(float(n) for n in range(len(screening.divergence_nats)))
    curves += [
        Curve(name, tuple(np.asarray(found, float).tolist()), unit, attributes, "attribute", "1")
        for name, found, unit in (
            ("divergence", screening.divergence_nats, "1"),
            ("gaussian_compliance", screening.compliance_percent, "%"),
        )
    ]
    flag = QualityFlag(
        FLAG,
        STATES[screening.verdict],
        f"Looks like a normal {card.view.kind}",
        screening.score,
        screening.threshold.value,
        "1",
    )
    return Result(
        module="MedImageMetric",
        task=TASK,
        inputs=(identity,),
        values=tuple(values),
        curves=tuple(curves),
        flags=(flag,),
        findings=findings_of(screening, model),
        warnings=screening.remarks,
        models=(model.used,),
        timings=screening.timings,
        settings=settings_to_dict(settings),
    )


def likelihood_of(screening: Screening, name: str) -> tuple[float, float, float]:
    """Mean log-likelihood of the slices, nats, its standard error, least effective samples."""
    found = [getattr(one, name) for one in screening.likelihoods]
    error = float(np.sqrt(np.sum([one.standard_error**2 for one in found])) / len(found))
    mean = float(np.mean([one.log_likelihood for one in found]))
    return mean, error, min(one.effective_samples for one in found)


def anomaly_row(file: str, screening: Screening) -> dict[str, str]:
    """The line of one input; file: how the user named it."""
    row = {"file": file, "verdict": screening.verdict, "score": f"{screening.score:.6g}"}
    for name, short in ESTIMATORS.items():
        row[f"log_likelihood_{short}"] = f"{likelihood_of(screening, name)[0]:.8g}"
    return row | {"confidence": f"{screening.confidence:.4g}"}


def add_to_table(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write lines below those of earlier runs; of one file the later line counts.

    Raises InputError when the table there has other columns.
    """
    lines: dict[str, dict[str, str]] = {}
    if path.is_file():
        with open(path, newline="", encoding="utf-8") as stream:
            table = csv.DictReader(stream)
            if tuple(table.fieldnames or ()) != COLUMNS:
                raise InputError(
                    f"{path}: its columns are not those of this version. Name another folder."
                )
            lines = {row["file"]: row for row in table}
    for row in rows:
        lines[row["file"]] = dict(row)
    with (
        finished_file(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines.values())
    return path

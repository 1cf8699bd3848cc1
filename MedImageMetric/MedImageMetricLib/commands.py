"""Commands of MedImageMetric. Options only; what they need is imported when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_metric(parser: argparse.ArgumentParser) -> None:
    from MedImageLib.settings import add_settings
    from MedImageMetricLib.radiograph.settings import MetricSettings

    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="radiographs, or folders of them"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    add_settings(parser, MetricSettings)
    parser.epilog = (
        "OUT/metrics.csv has a line for each radiograph; ctr is empty on the second level unless "
        "--research is given. Exit code: 0 all well, 1 some were "
        "refused or failed, 2 wrong usage."
    )


def _metric(options: argparse.Namespace) -> int:
    from MedImageLib.settings import settings_from
    from MedImageMetricLib.processing import process_inputs
    from MedImageMetricLib.radiograph.settings import MetricSettings

    return process_inputs(options.inputs, options.out, settings_from(options, MetricSettings))


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    from MedImageLib.settings import add_settings
    from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings

    parser.add_argument("samples", type=Path, metavar="SAMPLES.csv", help="labeled samples")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the profile")
    parser.add_argument("--rules", default="extended", help="source, extended, or a file")
    parser.add_argument("--name", help="name of the site or device (default site)")
    parser.add_argument("--author", default="", help="who calibrates")
    parser.add_argument(
        "--previous", type=Path, help="profile that this one follows: name and next revision"
    )
    add_settings(parser, CalibrationSettings)


def _calibrate(options: argparse.Namespace) -> int:
    from MedImageLib.settings import settings_from
    from MedImageMetricLib.radiograph.calibrating import calibrate
    from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings

    profile = calibrate(
        options.samples,
        options.out,
        settings_from(options, CalibrationSettings),
        options.rules,
        options.name or "",
        options.author,
        options.previous,
    )
    for one in profile.thresholds:
        if one.used or not one.stratum.depth:
            value = "default kept" if not one.used else f"{one.threshold:.4g}"
            print(f"{one.name} ({one.stratum.words()}): {value}. {one.note}".rstrip())
    print(options.out)
    return 0


def _add_anomaly(parser: argparse.ArgumentParser) -> None:
    from MedImageLib.settings import add_settings
    from MedImageMetricLib.normality.settings import AnomalySettings

    actions = parser.add_subparsers(dest="action", required=True, metavar="train|score")
    train = actions.add_parser("train", help="learn what is normal from a folder of normal scans")
    train.add_argument("folder", type=Path, metavar="NORMAL_DIR", help="normal scans of one kind")
    train.add_argument("-o", "--out", type=Path, required=True, help="folder for the model")
    train.add_argument(
        "--kind",
        choices=("radiograph", "cardiac_mr", "ct"),
        help="kind of image (default: by the first image)",
    )
    train.add_argument(
        "--settings", default="", metavar="TOML", help="settings file, or name of a shipped model"
    )
    train.add_argument("--steps", type=int, help="steps of the autoencoder")
    train.epilog = "Run the same command again to resume. Every subfolder counts as a patient."
    score = actions.add_parser("score", help="score scans: normal, abnormal or unsure")
    score.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="images, series folders, folders"
    )
    score.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    score.add_argument(
        "-m", "--model", default="", help="folder of a model, or name of a shipped one"
    )
    add_settings(score, AnomalySettings)
    score.epilog = (
        "OUT/anomaly.csv has a line for each scan; score: larger = more abnormal. Exit code: 0 "
        "all well, 1 some could not be scored, 2 wrong usage."
    )


def _anomaly(options: argparse.Namespace) -> int:
    if options.action == "score":
        from MedImageLib.settings import settings_from
        from MedImageMetricLib.normality.processing import score_inputs
        from MedImageMetricLib.normality.settings import AnomalySettings

        settings = settings_from(options, AnomalySettings)
        return score_inputs(options.inputs, options.out, settings, options.model)
    from MedImageMetricLib.normality.processing import train_model, training_settings

    training = training_settings(options.settings, options.kind, options.folder, options.steps)
    named = f" --settings {options.settings}" if options.settings else ""
    command = f"medimage anomaly train NORMAL_DIR -o MODEL{named}"
    train_model(options.folder, options.out, training, command)
    print(options.out)
    return 0


COMMANDS = (
    Command(
        "metric",
        "quality level and findings of chest radiographs, with reasons",
        _add_metric,
        _metric,
    ),
    Command(
        "calibrate",
        "thresholds of the image metric from labeled samples of a site",
        _add_calibrate,
        _calibrate,
    ),
    Command(
        "anomaly",
        "is this scan normal? train a model of normal scans, score scans",
        _add_anomaly,
        _anomaly,
    ),
)

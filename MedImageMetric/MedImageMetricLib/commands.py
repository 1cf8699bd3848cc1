"""Commands of MedImageMetric. Options only; what they need is imported when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_radiograph(parser: argparse.ArgumentParser) -> None:
    from MedImageLib.processing_settings import ModelProcessing
    from MedImageLib.settings import add_settings

    parser.add_argument("inputs", nargs="+", type=Path, metavar="RADIOGRAPH")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    add_settings(parser, ModelProcessing)


def _radiograph(options: argparse.Namespace) -> int:
    from MedImageLib.processing_settings import ModelProcessing
    from MedImageLib.reading import read_image
    from MedImageLib.settings import settings_from
    from MedImageLib.single_cases import run_each
    from MedImageMetricLib.processing import process_radiograph

    settings = settings_from(options, ModelProcessing)
    return run_each(
        options.inputs,
        options.out,
        lambda path, folder: process_radiograph(read_image(path), folder, settings),
    )


COMMANDS = (
    Command(
        "radiograph",
        "lungs, heart and cardiothoracic ratio of chest radiographs",
        _add_radiograph,
        _radiograph,
    ),
)

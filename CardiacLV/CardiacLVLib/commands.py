"""Commands of CardiacLV. Options only; what they need is imported when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_cine(parser: argparse.ArgumentParser) -> None:
    from MedImageLib.processing_settings import ModelProcessing
    from MedImageLib.settings import add_settings

    parser.add_argument("inputs", nargs="+", type=Path, metavar="CINE")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    add_settings(parser, ModelProcessing)


def _cine(options: argparse.Namespace) -> int:
    from CardiacLVLib.cine_input import load_cine
    from CardiacLVLib.processing import process_cine
    from MedImageLib.processing_settings import ModelProcessing
    from MedImageLib.settings import settings_from
    from MedImageLib.single_cases import run_each

    settings = settings_from(options, ModelProcessing)
    return run_each(
        options.inputs,
        options.out,
        lambda path, folder: process_cine(load_cine(path), folder, settings),
    )


COMMANDS = (
    Command("cine", "left ventricle on short-axis cine MR: contours, volumes", _add_cine, _cine),
)

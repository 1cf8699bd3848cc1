"""Commands of CardiacLV. Options only; what they need is imported when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_lv(parser: argparse.ArgumentParser) -> None:
    from CardiacLVLib.settings import LeftVentricleSettings
    from MedImageLib.scan_verdict import add_screening
    from MedImageLib.settings import add_settings

    parser.add_argument(
        "input", type=Path, metavar="INPUT", help="short-axis cine MR: a folder or a file"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="label map of every frame, such as an edited labels.nii.gz: all follows from it",
    )
    add_screening(parser)
    add_settings(parser, LeftVentricleSettings)
    parser.epilog = "Exit code: 0 all well, 1 no short-axis cine or failed, 2 wrong usage."


def _lv(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from CardiacLVLib.cine.cine_input import load_cine
    from CardiacLVLib.cine.label_input import load_labels
    from CardiacLVLib.processing import process_cine
    from CardiacLVLib.settings import LeftVentricleSettings
    from MedImageLib.results import output_files, write_result
    from MedImageLib.scan_verdict import verdicts_for, with_verdict
    from MedImageLib.settings import settings_from
    from MedImageLib.writing.atomic import finished_folder

    settings = settings_from(options, LeftVentricleSettings)
    verdicts = verdicts_for(options.input, options.screening)
    with finished_folder(options.out) as folder:
        cine = with_verdict(load_cine(options.input), verdicts, bool(options.screening))
        labels = load_labels(options.labels, cine) if options.labels else None
        result = process_cine(cine, folder, settings, labels, str(options.input))
        write_result(folder, replace(result, files=output_files(folder)))
    print(f"{options.out}: {' '.join(result.findings)}")
    return 0


COMMANDS = (
    Command("lv", "left ventricle on short-axis cine MR: indices, phases, volumes", _add_lv, _lv),
)

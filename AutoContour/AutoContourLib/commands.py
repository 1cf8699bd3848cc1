"""Commands of AutoContour. Options only; what they need is imported when they run."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_classify(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.study.study_type import StudyTypeSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY_DIR")
    parser.add_argument("-o", "--out", type=Path, help="folder for the results; else only printed")
    parser.add_argument("--table", type=Path, help="edited table of types and steps (TOML or JSON)")
    add_settings(parser, StudyTypeSettings)


def _classify(options: argparse.Namespace) -> int:
    from AutoContourLib.study.classification import classify_case, classify_folder
    from AutoContourLib.study.processing_table import load_processing_table
    from AutoContourLib.study.study_type import StudyTypeSettings
    from MedImageLib.settings import settings_from
    from MedImageLib.single_cases import run_each

    settings = settings_from(options, StudyTypeSettings)
    table = load_processing_table(options.table)
    if options.out:
        return run_each(
            options.studies,
            options.out,
            lambda source, folder: classify_case(source, folder, table, settings),
        )
    for study in options.studies:
        found, _ = classify_folder(study, table, settings)
        for patient in found:
            print(f"{study}: type {patient.study_type}: {', '.join(patient.steps)}")
            for sentence in patient.evidence:
                print(f"  {sentence}")
            for pair in patient.pairs:
                print(f"  {pair.second.title}: type {pair.study_type}. {' '.join(pair.evidence)}")
            for remark in patient.remarks:
                print(f"  Note: {remark.text}")
    return 0


def _add_register(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.registration.rigid_settings import RigidSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("fixed", type=Path, metavar="FIXED", help="file or folder of one series")
    parser.add_argument("moving", type=Path, metavar="MOVING", help="file or folder of one series")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--offset", type=Path, help="offset.json to start from, without a search")
    add_settings(parser, RigidSettings)
    parser.epilog = (
        "Rigid: translation and rotation. Exit code: 0 all well, 1 the images do not fit or "
        "failed, 2 wrong usage."
    )


def _register(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from AutoContourLib.registration.output import read_offset, register_files
    from AutoContourLib.registration.rigid_settings import RigidSettings
    from MedImageLib.reading import read_image
    from MedImageLib.results import output_files, write_result
    from MedImageLib.settings import settings_from
    from MedImageLib.writing.atomic import finished_folder

    settings = settings_from(options, RigidSettings)
    start = read_offset(options.offset) if options.offset else None
    if start is not None:
        settings = replace(settings, search=False)
    with finished_folder(options.out) as folder:
        result = register_files(
            read_image(options.fixed), read_image(options.moving), folder, settings, start
        )
        write_result(folder, replace(result, files=output_files(folder)))
    print(f"{options.out}: {' '.join(result.findings)}")
    return 0 if result.flags[0].state == "satisfied" else 1


COMMANDS: tuple[Command, ...] = (
    Command(
        "classify",
        "types I-IV of radiotherapy studies with the evidence, and what is done with each",
        _add_classify,
        _classify,
    ),
    Command(
        "register",
        "rigid registration of two images of a patient: six numbers, transform, moved image",
        _add_register,
        _register,
    ),
)

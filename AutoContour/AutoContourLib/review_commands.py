"""Commands for what a person decides on a processed study: plan, second and target contours."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("result", type=Path, metavar="RESULT", help="of medimage process or watch")
    parser.add_argument("--answer", choices=("modify", "keep"), help="answer of the open question")
    parser.add_argument("--by", default="", help="who answers; needed to answer or reset")
    parser.add_argument("--reason", default="", help="why, in words")
    parser.add_argument("--pair", default="", help="the pair that is meant, such as 1-CT")
    parser.add_argument(
        "--thresholds",
        type=Path,
        help="file of the thresholds that answers move (default: beside the results)",
    )
    parser.add_argument("--reset", action="store_true", help="thresholds as at the start")


def _plan(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from AutoContourLib.study.plan_questions import answer, open_thresholds, questions, reset_file

    now = datetime.now(UTC)
    if options.reset:
        reset_file(open_thresholds(options.result, options.thresholds), options.by, now)
    if options.answer:
        path = open_thresholds(options.result, options.thresholds)
        one = answer(
            options.result, options.pair, options.answer, options.by, options.reason, path, now
        )
        print(f"{one.folder}: {one.text}")
        return 0
    found = questions(options.result)
    for one in found:
        print(f"{one.folder}: {one.text}")
    if not found:
        print(f"{options.result}: nothing is asked; every deformation is below its threshold.")
    return 0


def _add_second(parser: argparse.ArgumentParser) -> None:
    _add_study(parser)
    parser.add_argument(
        "--way",
        choices=("field", "anew"),
        default="anew",
        help="carried over by the displacement field, or drawn anew (default)",
    )


def _second(options: argparse.Namespace) -> int:
    from AutoContourLib.study.processed_study import make_second_contour, open_study

    study = open_study(options.result, options.study)
    print(make_second_contour(study, options.pair, options.way))
    return 0


def _add_target(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.contours.target_contour import TargetSettings
    from MedImageLib.settings import add_settings

    _add_study(parser)
    add_settings(parser, TargetSettings)


def _target(options: argparse.Namespace) -> int:
    from AutoContourLib.contours.target_contour import TargetSettings
    from AutoContourLib.study.processed_study import make_target_contour, open_study
    from MedImageLib.settings import settings_from

    study = open_study(options.result, options.study)
    print(make_target_contour(study, options.pair, settings_from(options, TargetSettings)))
    return 0


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("result", type=Path, metavar="RESULT", help="folder of a processed study")
    parser.add_argument("study", type=Path, metavar="STUDY_DIR", help="the images of that study")
    parser.add_argument("--pair", default="", help="the pair that is meant, such as 1-CT")


REVIEW_COMMANDS: tuple[Command, ...] = (
    Command(
        "plan",
        "large deformations: is the plan to be modified? lists and answers the questions",
        _add_plan,
        _plan,
    ),
    Command(
        "second", "contours of a later image: carried over or drawn anew", _add_second, _second
    ),
    Command(
        "target",
        "target contour of two approved contours: one of them, or bone and soft tissue stitched",
        _add_target,
        _target,
    ),
)

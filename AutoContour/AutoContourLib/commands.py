"""Commands of AutoContour. Options only; what they need is imported when they run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from AutoContourLib.review_commands import REVIEW_COMMANDS
from MedImageLib.command_line import Command

if TYPE_CHECKING:
    from MedImageLib.results import Result


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
    from AutoContourLib.registration.deformable_settings import DeformableSettings
    from AutoContourLib.registration.rigid_settings import RigidSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("fixed", type=Path, metavar="FIXED", help="file or folder of one series")
    parser.add_argument("moving", type=Path, metavar="MOVING", help="file or folder of one series")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--offset",
        type=Path,
        help="offset.json to start from, edited or not, without a search; with --no-refine its "
        "numbers are kept; the displacement field is computed anew",
    )
    parser.add_argument("--rigid-only", action="store_true", help="no displacement field")
    add_settings(parser, RigidSettings)
    add_settings(parser, DeformableSettings)
    parser.epilog = (
        "displacement.nrrd: LPS mm on the fixed grid, fixed point + vector = moving point. "
        "Exit code: 0 all well, 1 the images do not fit or failed, 2 wrong usage."
    )


def _register(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from AutoContourLib.registration.deformable_settings import DeformableSettings
    from AutoContourLib.registration.output import read_offset, register_files
    from AutoContourLib.registration.rigid_settings import RigidSettings
    from AutoContourLib.registration.working_grid import working_image
    from MedImageLib.reading import read_image
    from MedImageLib.results import output_files, write_result
    from MedImageLib.settings import settings_from
    from MedImageLib.writing.atomic import finished_folder

    settings = settings_from(options, RigidSettings)
    field_settings = None if options.rigid_only else settings_from(options, DeformableSettings)
    start = read_offset(options.offset) if options.offset else None
    if start is not None:
        settings = replace(settings, search=False)
    with finished_folder(options.out) as folder:
        # One after the other, so that two large images are never in memory at once.
        fixed = working_image(read_image(options.fixed))
        moving = working_image(read_image(options.moving))
        result = register_files(
            fixed,
            moving,
            folder,
            settings,
            start,
            field_settings,
        )
        write_result(folder, replace(result, files=output_files(folder)))
    print(f"{options.out}: {' '.join(result.findings)}")
    return 0 if all(flag.state == "satisfied" for flag in result.flags) else 1


def _add_contour(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
    from MedImageLib.scan_verdict import add_screening
    from MedImageLib.settings import add_settings

    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="CT or MR: folder or file"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    add_screening(parser)
    add_settings(parser, ContourSettings)
    add_settings(parser.add_argument_group("RTSTRUCT"), RtstructSettings)


def _contour(options: argparse.Namespace) -> int:
    from AutoContourLib.contours.contour_files import process_scan
    from AutoContourLib.contours.contour_settings import ContourSettings, RtstructSettings
    from MedImageLib.reading import read_image
    from MedImageLib.scan_verdict import verdicts_for, with_verdict
    from MedImageLib.settings import settings_from
    from MedImageLib.single_cases import run_each

    contours = settings_from(options, ContourSettings)
    rtstruct = settings_from(options, RtstructSettings)

    def process(source: Path, folder: Path) -> Result:
        verdicts = verdicts_for(source, options.screening)
        scan = with_verdict(read_image(source), verdicts, bool(options.screening))
        return process_scan(scan, folder, contours, rtstruct)

    return run_each(options.inputs, options.out, process)


def _add_rtstruct(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.contours.contour_settings import RasterSettings, RtstructSettings
    from MedImageLib.settings import add_settings

    ways = parser.add_subparsers(dest="way", required=True)
    to = ways.add_parser("to-mask", help="masks of all regions on the grid of an image")
    to.add_argument("rtstruct", type=Path, metavar="RTSTRUCT")
    to.add_argument("image", type=Path, metavar="IMAGE", help="folder or file of one series")
    to.add_argument("-o", "--out", type=Path, required=True, help="folder for the masks")
    add_settings(to, RasterSettings)
    of = ways.add_parser("from-mask", help="RTSTRUCT of masks or of a label map")
    of.add_argument("masks", nargs="+", type=Path, metavar="MASK")
    of.add_argument("--image", type=Path, required=True, help="DICOM series that they lie on")
    of.add_argument("--names", type=Path, help="JSON {value: name} (default labels.json beside)")
    of.add_argument("-o", "--out", type=Path, required=True, help="file to write (.dcm)")
    add_settings(of, RtstructSettings)


def _rtstruct(options: argparse.Namespace) -> int:
    from AutoContourLib.contours.contour_settings import RasterSettings, RtstructSettings
    from AutoContourLib.contours.rtstruct_files import masks_from_rtstruct, rtstruct_from_masks
    from MedImageLib.settings import settings_from
    from MedImageLib.single_cases import run_each

    if options.way == "from-mask":
        settings = settings_from(options, RtstructSettings)
        out = rtstruct_from_masks(
            options.masks, options.image, options.out, options.names, settings
        )
        print(out)
        return 0
    how = settings_from(options, RasterSettings)
    return run_each(
        [options.rtstruct],
        options.out,
        lambda source, folder: masks_from_rtstruct(source, options.image, folder, how),
    )


def _add_review(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", nargs="+", type=Path, metavar="RESULT", help="contoured results")
    parser.add_argument("--by", default="", help="who reviews; needed to approve or reject")
    parser.add_argument("--approve", nargs="+", default=[], metavar="STRUCTURE", help="or all")
    parser.add_argument("--reject", nargs="+", default=[], metavar="STRUCTURE", help="or all")


def _review(options: argparse.Namespace) -> int:
    from AutoContourLib.contours.review import read_review, reviewed

    for folder in options.folders:
        if options.approve or options.reject:
            marks = reviewed(folder, options.by, options.approve, options.reject)
        else:
            marks = read_review(folder)
        print(folder)
        for one in marks:
            who = f"  {one.reviewer}, {one.when_utc}" if one.reviewer else ""
            print(f"  {one.structure:16} {one.state:10} {one.sha256[:12]}{who}")
    return 0


def _add_process(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.processing import StudyProcessing
    from MedImageLib.batch.settings import BatchSettings
    from MedImageLib.scan_verdict import add_screening
    from MedImageLib.settings import add_settings

    parser.add_argument("study", type=Path, metavar="STUDY_DIR")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    add_screening(parser, itself=True)
    add_settings(parser.add_argument_group("what is done"), StudyProcessing)
    add_settings(parser.add_argument_group("how cases are worked through"), BatchSettings)


def _process(options: argparse.Namespace) -> int:
    from AutoContourLib.processing import StudyProcessing, processor_settings
    from AutoContourLib.study.worker import MODULES
    from MedImageLib.batch.run import run_batch
    from MedImageLib.batch.settings import BatchSettings
    from MedImageLib.scan_verdict import verdicts_for
    from MedImageLib.settings import settings_from

    settings = settings_from(options, BatchSettings)
    chosen = processor_settings(options.out, settings_from(options, StudyProcessing))
    itself = options.screening is True
    known = verdicts_for(options.study, None if itself else options.screening)
    done = run_batch(
        options.study,
        options.out,
        settings,
        chosen,
        modules=MODULES,
        verdicts=known,
        screening=itself,
    )
    rows = [r for r in done if r.processor or r.is_failure]
    for row in rows:
        print(
            f"{row.case}: {row.state} {options.out / row.folder if row.folder else ''} {row.text}"
        )
    if not rows:
        print(f"{options.study}: no study that can be processed; a CT series is needed.")
    return 1 if not rows or any(row.is_failure for row in rows) else 0


def _add_watch(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.processing import StudyProcessing
    from AutoContourLib.study.watch_settings import WatchSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("folder", type=Path, metavar="DIR", help="folder that studies arrive in")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--workers", type=int, help="processes (default one for two cores)")
    parser.add_argument("--retry-parked", action="store_true", help="try parked studies again")
    parser.add_argument("--list", action="store_true", help="only list studies, failed ones first")
    add_settings(parser, WatchSettings)
    add_settings(parser.add_argument_group("what is done"), StudyProcessing)


def _watch(options: argparse.Namespace) -> int:
    from AutoContourLib.processing import StudyProcessing, processor_settings
    from AutoContourLib.study.source import FolderSource
    from AutoContourLib.study.watch import listed, release_parked, watch
    from AutoContourLib.study.watch_settings import WatchSettings
    from AutoContourLib.study.worker import BatchWorker
    from MedImageLib.batch.settings import BatchSettings
    from MedImageLib.settings import settings_from

    if options.list:
        print("\n".join(listed(options.out)))
        return 0
    if options.retry_parked:
        print(f"{release_parked(options.out)} parked studies are tried again")
    settings = settings_from(options, WatchSettings)
    watch(
        FolderSource(options.folder, leave_out=options.out),
        BatchWorker(
            options.out,
            BatchSettings(workers=options.workers),
            processor_settings(options.out, settings_from(options, StudyProcessing)),
            screening=settings.screening,
        ),
        options.out,
        settings,
        say=lambda text: print(text, flush=True),
    )
    return 0


def _add_serve(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.processing import StudyProcessing
    from AutoContourLib.storage.serve_settings import ServeSettings
    from AutoContourLib.storage.storage_settings import StorageSettings
    from AutoContourLib.study.watch_settings import WatchSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of store and results")
    parser.add_argument("--retry-parked", action="store_true", help="try parked studies again")
    add_settings(parser, ServeSettings)
    add_settings(parser.add_argument_group("own DICOM node"), StorageSettings)
    add_settings(parser.add_argument_group("when studies are processed"), WatchSettings)
    add_settings(parser.add_argument_group("how studies are processed"), StudyProcessing)


def _serve(options: argparse.Namespace) -> int:
    from AutoContourLib.processing import StudyProcessing, processor_settings
    from AutoContourLib.storage.serve_settings import ServeSettings
    from AutoContourLib.storage.serving import serve
    from AutoContourLib.storage.storage_settings import StorageSettings
    from AutoContourLib.study.watch import release_parked
    from AutoContourLib.study.watch_settings import WatchSettings
    from MedImageLib.settings import settings_from

    if options.retry_parked:
        print(f"{release_parked(options.out)} parked studies are tried again")
    serve(
        options.out,
        settings_from(options, ServeSettings),
        settings_from(options, StorageSettings),
        settings_from(options, WatchSettings),
        processing=processor_settings(options.out, settings_from(options, StudyProcessing)),
        say=lambda text: print(text, flush=True),
    )
    return 0


def _add_view(parser: argparse.ArgumentParser) -> None:
    from AutoContourLib.viewing.view_settings import ViewSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of results")
    add_settings(parser, ViewSettings)


def _view(options: argparse.Namespace) -> int:
    import os

    from AutoContourLib.viewing.server import serve
    from AutoContourLib.viewing.view_settings import TOKEN_VARIABLE, ViewSettings
    from MedImageLib.settings import settings_from

    if not hasattr(options, "token") and os.environ.get(TOKEN_VARIABLE):
        options.token = os.environ[TOKEN_VARIABLE]
    settings = settings_from(options, ViewSettings)
    serve(options.results, settings, say=lambda text: print(text, flush=True))
    return 0


def _add_demo_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--out", type=Path, required=True, help="empty folder")
    parser.epilog = "Exit code 0 only if every step held."


def _demo_server(options: argparse.Namespace) -> int:
    from AutoContourLib.storage.demonstration import Demonstration

    held = Demonstration(options.out, say=lambda text: print(text, flush=True)).run()
    return 0 if held else 1


COMMANDS: tuple[Command, ...] = (
    Command(
        "classify",
        "types I-IV of radiotherapy studies with the evidence, and what is done with each",
        _add_classify,
        _classify,
    ),
    Command(
        "register",
        "registers two images of a patient: six numbers, displacement field, where not to use it",
        _add_register,
        _register,
    ),
    Command(
        "contour",
        "organs on CT: RTSTRUCT, segmentation, label map, report",
        _add_contour,
        _contour,
    ),
    Command("rtstruct", "RTSTRUCT to masks, masks to RTSTRUCT", _add_rtstruct, _rtstruct),
    Command("review", "who approved which contour, when; approve or reject", _add_review, _review),
    *REVIEW_COMMANDS,
    Command(
        "process", "whole radiotherapy studies: overview, contours, report", _add_process, _process
    ),
    Command("watch", "process every study that arrives in a folder", _add_watch, _watch),
    Command("serve", "DICOM node: receive, process, send back, page of states", _add_serve, _serve),
    Command("view", "studies in the browser: look, draw, review, approve", _add_view, _view),
    Command(
        "demo-server",
        "sends, processes, finds and approves a generated study with a real server",
        _add_demo_server,
        _demo_server,
    ),
)

"""Commands of the shared ground: a folder of cases, and samples for download."""

from __future__ import annotations

import argparse

from MedImageLib.command_line import Command
from MedImageLib.network.commands import COMMANDS as NETWORK_COMMANDS


def _batch_arguments(parser: argparse.ArgumentParser) -> None:
    from MedImageLib.batch.settings import BatchSettings
    from MedImageLib.settings import add_settings

    parser.add_argument("folder", metavar="DIR", help="folder with images, subfolders included")
    parser.add_argument("-o", "--out", required=True, metavar="OUT", help="folder for the results")
    parser.add_argument(
        "--settings",
        metavar="FILE",
        help="JSON or TOML with one part per processor, for values other than the defaults",
    )
    add_settings(parser, BatchSettings)
    parser.epilog = "Exit code: 0 all well, 1 some cases failed, 2 wrong usage."


def _batch(namespace: argparse.Namespace) -> int:
    from pathlib import Path

    from MedImageLib.batch.run import run_batch
    from MedImageLib.batch.settings import BatchSettings
    from MedImageLib.settings import read_settings_file, settings_from

    chosen = read_settings_file(namespace.settings) if namespace.settings else {}
    settings = settings_from(namespace, BatchSettings)
    out = Path(namespace.out)
    rows = run_batch(namespace.folder, out, settings, chosen)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    print(", ".join(f"{count} {state}" for state, count in counts.items()) or "no images found")
    print(out / "summary.html")
    failed = any(row.is_failure for row in rows)
    if failed and not settings.name_sources:
        print("Files are not named, since their names may name patients; --name-sources does.")
    return int(failed)


def _samples_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="samples to download; none: list")
    parser.add_argument("-o", "--out", default=".", metavar="OUT", help="folder (default .)")


def _samples(namespace: argparse.Namespace) -> int:
    from pathlib import Path

    from MedImageLib.samples import download_sample, list_samples

    samples = list_samples()
    if not namespace.names:
        width = max(len(name) for name in samples)
        for sample in samples.values():
            print(f"{sample.name:<{width}}  {sample.purpose}")
        return 0
    for name in namespace.names:
        print(download_sample(name, Path(namespace.out)))
    return 0


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--out", required=True, metavar="OUT", help="folder for the results")
    parser.add_argument(
        "--scenes", action=argparse.BooleanOptionalAction, default=True, help="write .mrb scenes"
    )


def _demo(namespace: argparse.Namespace) -> int:
    from pathlib import Path

    from MedImageLib.demo import run_demo

    return run_demo(Path(namespace.out), namespace.scenes)


COMMANDS: tuple[Command, ...] = (
    Command("demo", "make sample studies, process and show them", _demo_arguments, _demo),
    Command(
        "batch", "process every case of a folder; resumes what was begun", _batch_arguments, _batch
    ),
    Command("samples", "list or download real open sample volumes", _samples_arguments, _samples),
    *NETWORK_COMMANDS,
)

"""Commands of the network: train, evaluate, models. Options only; the rest is imported when run."""

from __future__ import annotations

import argparse
from pathlib import Path

from MedImageLib.command_line import Command


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of the index files")
    parser.add_argument(
        "--localizer-run", type=Path, help="run of the far-view model, for models that need one"
    )
    parser.add_argument("--threads", type=int, default=2, help="processor threads (default 2)")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("settings", help="settings file (.toml, .json), or name of a shipped model")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        choices=range(6),
        default=[0, 1, 2, 3, 4, 5],
        help="folds to train; 5 = the network of all patients, which is stored as the model",
    )
    parser.add_argument("--publish", type=Path, help="folder of the model (default OUT/model)")
    _add_common(parser)


def _train(options: argparse.Namespace) -> int:
    from MedImageLib.network.training_job import train_model

    train_model(
        options.settings,
        options.data,
        options.out,
        options.folds,
        options.localizer_run,
        options.publish,
        options.threads,
        say=lambda text: print(text, flush=True),
    )
    return 0


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or folder of a stored model, or folder of a run")
    parser.add_argument(
        "--sources",
        type=Path,
        help="file that lists the sources to test on (default: test.toml of a shipped model)",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the figures")
    _add_common(parser)


def _evaluate(options: argparse.Namespace) -> int:
    import torch

    from MedImageLib.network.workflow import evaluate

    torch.set_num_threads(options.threads)
    tables = evaluate(
        options.model, options.data, options.out, options.sources, options.localizer_run
    )
    for title, rows in tables.items():
        if rows:
            print(f"\n{title}\n  " + "  ".join(rows[0]))
            for row in rows:
                print("  " + "  ".join(str(value) for value in row.values()))
    print(f"\nWritten: {options.out}")
    return 0


def _add_models(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="what is installed (also without an action)")
    bring = actions.add_parser("import", help="check a model folder and copy it to your models")
    bring.add_argument("folder", type=Path, help="folder with model.json and its weights")
    bring.add_argument("--replace", action="store_true", help="in place of one imported before")
    remove = actions.add_parser("remove", help="remove an imported model")
    remove.add_argument("name")


def _models(options: argparse.Namespace) -> int:
    from MedImageLib.network.model_list import import_model, list_models, remove_model

    if options.action == "import":
        print(f"imported {import_model(options.folder, options.replace).name}")
        return 0
    if options.action == "remove":
        remove_model(options.name)
        print(f"removed {options.name}")
        return 0
    models = list_models()
    for one in models:
        print(f"{one.name} {one.version}  {one.origin}, {one.size_mb:.1f} MB, {one.sha256[:12]}")
        lines = (one.fault,) if one.fault else (one.task, one.licence, one.accuracy)
        print("".join(f"    {line}\n" for line in lines if line), end="")
    return int(any(one.fault for one in models))


COMMANDS = (
    Command("train", "train a model from a settings file", _add_train, _train),
    Command("evaluate", "score a run out of fold, or a model on sources", _add_evaluate, _evaluate),
    Command("models", "list models, import or remove your own", _add_models, _models),
)

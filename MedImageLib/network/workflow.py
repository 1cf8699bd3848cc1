"""From a settings file to a stored model with its figures: train, evaluate, publish.

What `medimage train` and `medimage evaluate` do. Tables are computed once here and go into the
card, the JSON, the CSV and the report.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from MedImageLib.errors import ModelError, SettingsError
from MedImageLib.network.cost import median_seconds, network_cost, peak_memory_mib
from MedImageLib.network.evaluation import (
    Evaluation,
    evaluate_network,
    evaluate_run,
    measure_agreement,
    named_function,
    rows,
    summary,
    worst_cases,
)
from MedImageLib.network.folding import folded
from MedImageLib.network.model_card import facts_of
from MedImageLib.network.model_store import ModelCard, load_model, save_model
from MedImageLib.network.multi_level import MultiLevelNetwork, NetworkSettings
from MedImageLib.network.samples import Sample, Source, changed_once, read_samples
from MedImageLib.network.training import (
    FOLDS,
    TrainingSettings,
    run_training,
    trained_network,
)
from MedImageLib.resources import resource_path
from MedImageLib.settings import load_settings, read_settings_file, settings_to_dict
from MedImageLib.writing.atomic import finished_file

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class TestSources:
    """A list of sources that a model is tested on and was never trained on."""

    __test__ = False  # not a test case of pytest

    sources: tuple[Source, ...]


def settings_path(name_or_path: str) -> Path:
    """A settings file, or that of a shipped model by its name."""
    path = Path(name_or_path)
    return path if path.suffix else resource_path("models", name_or_path, "training.toml")


def begun_run(
    name_or_path: str, kind: type[Settings], run: Path, localizer_run: Path | None = None
) -> Settings:
    """Settings of a training, kept in the run's settings.json, as every trainer begins.

    kind: dataclass of the settings. localizer_run: what a trainer that needs none was given.
    Raises SettingsError for settings that do not fit, and for a localizer.
    """
    settings = load_settings(settings_path(name_or_path), kind)
    if localizer_run is not None:
        raise SettingsError(f"{name_or_path} needs no localizer; leave out --localizer-run.")
    with finished_file(run / "settings.json") as temporary:
        temporary.write_text(json.dumps(settings_to_dict(settings), indent=1) + "\n", "utf-8")
    return settings


def trainer_of(name_or_path: str) -> Callable[..., Any]:
    """The function that trains a model: `trainer` of its settings file, else `train`.

    A package names its own as `package.module:function`, with the arguments of `train`.
    """
    named = read_settings_file(settings_path(name_or_path)).get("trainer")
    return named_function(named) if named else train


def train(
    name_or_path: str,
    data_dir: Path,
    run: Path,
    folds: Sequence[int],
    localizer_run: Path | None = None,
    publish: Path | None = None,
    command: str = "",
    say: Callable[[str], None] = print,
) -> Evaluation:
    """Train what is not trained yet, score out of fold, write the figures, store the model.

    publish: folder of the model; `run`/model when None. It is written when the network of all
    patients is among the folds.
    """
    settings = begun_run(name_or_path, TrainingSettings, run)
    samples = run_training(settings, data_dir, run, folds, say)
    scored = [fold for fold in folds if fold < FOLDS]
    evaluation = evaluate_out_of_fold(settings, data_dir, run, scored, localizer_run, say)
    tables = evaluation_tables(evaluation, settings.network, settings.framing.size[0])
    write_figures(run / "evaluation", settings.name, "out of fold, by patient", evaluation, tables)
    if FOLDS in folds:
        network = trained_network(run, FOLDS, settings.network)
        protocol = f"Out of fold, folds {scored}, patients never shared."
        save_model(
            publish or run / "model",
            network,
            card_of(settings, samples, {"protocol": protocol, "tables": tables}, command),
        )
        say(f"stored {publish or run / 'model'}")
    return evaluation


def evaluate_out_of_fold(
    settings: TrainingSettings,
    data_dir: Path,
    run: Path,
    folds: Sequence[int],
    localizer_run: Path | None = None,
    say: Callable[[str], None] = print,
) -> Evaluation:
    # Sources that no fold scores need not be read, nor generated.
    scored = [s for s in settings.sources if s.fold == "column"]
    samples = [changed_once(sample) for sample in read_samples(data_dir, scored)]
    localizer = None
    if settings.localizer:
        if localizer_run is None:
            raise SettingsError(
                f"{settings.name} is centered by {settings.localizer}: name the run of that model "
                "with --localizer-run, so that each patient is found by a network of the same fold."
            )
        far = load_settings(settings_path(settings.localizer), TrainingSettings)
        localizer = (far, localizer_run)
    return evaluate_run(settings, run, samples, folds, localizer, say)


def evaluate_model(
    name_or_folder: str, data_dir: Path, sources: Sequence[Source]
) -> tuple[Evaluation, TrainingSettings]:
    """Score a stored model on sources it was not trained on.

    Raises SettingsError when a source was among its training data.
    """
    model = load_model(name_or_folder)
    trained_on = {entry["name"] for entry in model.card.data}
    shared = trained_on & {source.name for source in sources}
    if shared:
        raise SettingsError(
            f"{model.card.name} was trained on {', '.join(sorted(shared))}; "
            "its figures there come from its run (out of fold), not from the stored model."
        )
    settings = TrainingSettings(
        name=model.card.name,
        labels=model.card.labels,
        sources=tuple(sources),
        network=model.card.network,
        framing=model.card.framing,
        low_percent=model.card.percent[0],
        high_percent=model.card.percent[1],
        measures=tuple(model.card.training.get("measures", ())),
        cleaning=model.card.training.get("cleaning", ""),
    )
    samples = [changed_once(sample) for sample in read_samples(data_dir, sources)]
    return evaluate_network(settings, model.network, samples), settings


def evaluate(
    name: str,
    data_dir: Path,
    out: Path,
    sources: Path | None = None,
    localizer_run: Path | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Figures of a run (out of fold) or of a stored model (on sources it never saw), written.

    name: folder of a run, or name or folder of a stored model.
    """
    if (Path(name) / "settings.json").is_file():
        settings = load_settings(Path(name) / "settings.json", TrainingSettings)
        trained = [f for f in range(FOLDS) if (Path(name) / f"fold{f}" / "done").exists()]
        evaluation = evaluate_out_of_fold(settings, data_dir, Path(name), trained, localizer_run)
        protocol = f"out of fold (folds {trained}), by patient"
    else:
        sources = sources or settings_path(name).with_name("test.toml")
        listed = load_settings(sources, TestSources).sources
        evaluation, settings = evaluate_model(name, data_dir, listed)
        protocol = "stored model on sources that it never saw"
    tables = evaluation_tables(evaluation, settings.network, settings.framing.size[0])
    write_figures(out, settings.name, protocol, evaluation, tables)
    return tables


def evaluation_tables(
    evaluation: Evaluation, network: NetworkSettings, side: int
) -> dict[str, list[dict[str, Any]]]:
    """Tables by title: last level, by group, by level with its cost, derived measures.

    side: of the network's grid, at which the cost is measured.
    """
    last = network.levels
    final = [score for score in evaluation.scores if score.level == last]
    tables: dict[str, list[dict[str, Any]]] = {
        "Last level": [_short(row) for row in rows(summary(final))]
    }
    if any(score.group for score in final):
        tables["Last level, by phase"] = [_short(row) for row in rows(summary(final, True))]
    costs = level_costs(network, side)
    by_level = []
    for row in rows(summary(evaluation.scores)):
        cost = costs[int(str(row["level"])) - 1]
        by_level.append(
            {
                key: row[key]
                for key in ("source", "structure", "level", "images", "mean", "hd95", "unit")
            }
            | cost
        )
    tables["By level"] = by_level
    measured = measure_agreement(evaluation.measures)
    tables["Derived measures"] = [
        {"source": source, "measure": measure} | rows([value])[0]
        for (source, measure), value in measured.items()
    ]
    return tables


SHOWN = (
    *("source", "group", "structure", "patients", "images", "mean", "median", "percentile_5"),
    *("worst", "worst_id", "hd95", "surface_dice", "unit", "both_empty"),
)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in SHOWN if not (key == "group" and not row[key])}


def level_costs(settings: NetworkSettings, side: int) -> list[dict[str, Any]]:
    """Parameters, GMAC, seconds (2 threads) and peak memory of each level, each measured in a
    process of its own so that one level's memory does not hide another's."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        return [
            pool.apply(_level_cost, (settings, side, level))
            for level in range(1, settings.levels + 1)
        ]


def _level_cost(settings: NetworkSettings, side: int, level: int) -> dict[str, Any]:
    torch.set_num_threads(2)
    network = folded(MultiLevelNetwork(settings).eval())
    image = torch.zeros(1, settings.in_channels, *[side] * settings.dimensions)
    memory = torch.channels_last if settings.dimensions == 2 else torch.channels_last_3d
    network.to(memory_format=memory)  # type: ignore[call-overload]
    image = image.contiguous(memory_format=memory)

    def run() -> object:
        return network.at_level(image, level, coarse=True)

    before = peak_memory_mib()
    cost = network_cost(network, run)
    seconds = median_seconds(run)
    used = [network.stem, *network.blocks[:level], network.heads[level - 1]]
    return {
        "parameters": sum(p.numel() for part in used for p in part.parameters()),
        "GMAC": round(cost.gmac, 3),
        "ms": round(1000 * seconds, 1),
        "MiB": round(peak_memory_mib() - before, 1),
    }


def card_of(
    settings: TrainingSettings, samples: Sequence[Sample], metrics: dict[str, Any], command: str
) -> ModelCard:
    """The card of a model that was trained on the samples."""
    data = []
    for source in settings.sources:
        members = [sample for sample in samples if sample.source == source.name]
        patients = len({sample.patient for sample in members})
        data.append({"name": source.name, "patients": patients, "images": len(members)})
    return ModelCard(
        labels=settings.labels,
        network=settings.network,
        framing=settings.framing,
        percent=(settings.low_percent, settings.high_percent),
        **facts_of(settings, data, command, metrics),
    )


def write_figures(
    out: Path,
    name: str,
    protocol: str,
    evaluation: Evaluation,
    tables: dict[str, list[dict[str, Any]]],
) -> None:
    """scores.csv, evaluation.json, report.html with the worst cases, label maps as PNG."""
    from MedImageLib.network.evaluation_report import write_evaluation_report

    out.mkdir(parents=True, exist_ok=True)
    case_rows = rows(evaluation.scores)
    if not case_rows:
        raise ModelError(f"{name}: nothing was scored; are there labels in the index?")
    with (
        finished_file(out / "scores.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, fieldnames=list(case_rows[0]))
        writer.writeheader()
        writer.writerows(case_rows)
    with finished_file(out / "evaluation.json") as temporary:
        values = {
            "model": name,
            "protocol": protocol,
            "tables": tables,
            "measures": rows(evaluation.measures),
        }
        temporary.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    _write_labels(out / "labels", evaluation)
    last = max(score.level for score in evaluation.scores)
    write_evaluation_report(
        out / "report.html",
        name,
        protocol,
        evaluation,
        tables,
        worst_cases(evaluation.scores, last),
    )


def _write_labels(folder: Path, evaluation: Evaluation) -> None:
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for (source, identity), labels in evaluation.labels.items():
        if labels.ndim == 2:
            with finished_file(folder / f"{source}_{identity}.png") as temporary:
                Image.fromarray(labels.astype(np.uint8)).save(temporary)

"""What `medimage anomaly` does: train a model from normal scans, score scans with a model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from MedImageLib.errors import InputError, Remark
from MedImageLib.reading import read_any
from MedImageLib.reading.scan import scan_folder
from MedImageLib.resources import resource_path
from MedImageLib.results import Result, input_identity
from MedImageLib.settings import load_settings
from MedImageLib.single_cases import run_each
from MedImageLib.volume import Volume, VolumeSequence
from MedImageMetricLib.normality.building import build_model
from MedImageMetricLib.normality.compression import CompressionSettings
from MedImageMetricLib.normality.kinds import UNSURE_KIND, modality_of, model_for
from MedImageMetricLib.normality.model import (
    NormalityModel,
    load_normality_model,
    save_normality_model,
)
from MedImageMetricLib.normality.normal_images import read_normal_folder, read_normal_sources
from MedImageMetricLib.normality.report import write_screening_report
from MedImageMetricLib.normality.result import add_to_table, anomaly_row, result_of
from MedImageMetricLib.normality.screening import Screening, screen
from MedImageMetricLib.normality.settings import AnomalySettings
from MedImageMetricLib.normality.training import NormalityTraining
from MedImageMetricLib.normality.view import VIEWS


def training_settings(
    name_or_path: str = "",
    kind: str | None = None,
    folder: Path | None = None,
    steps: int | None = None,
) -> NormalityTraining:
    """Settings of a file, of a shipped model by its name, or the defaults for a kind of image.

    kind: of `VIEWS`; None: told by the first image of the folder. Raises InputError when the
    folder has no image.
    """
    if name_or_path:
        path = Path(name_or_path)
        if not path.suffix:
            path = resource_path("models", name_or_path, "training.toml")
        settings = load_settings(path, NormalityTraining)
    else:
        kind = kind or kind_of_folder(folder or Path())
        compression = CompressionSettings() if VIEWS[kind].volumes else None
        settings = NormalityTraining(
            name=f"normality_{kind}", view=VIEWS[kind], compression=compression
        )
    if steps is not None:
        settings = replace(settings, fitting=replace(settings.fitting, steps=steps))
    return settings


def kind_of_folder(folder: Path) -> str:
    """`ct`, `cardiac_mr` or `radiograph`, by the modality of the first image; any MR counts as
    slices at their own gray scale, anything else as single pictures."""
    first = read_any(scan_paths(folder, folder / "none")[0])
    modality = modality_of(first)
    return {"CT": "ct", "MR": "cardiac_mr"}.get(modality, "radiograph")


def train_model(
    folder: Path,
    out: Path,
    settings: NormalityTraining,
    command: str = "",
    say: Callable[[str], None] = print,
) -> NormalityModel:
    """Train on the normal scans of a folder and store the model in `out`.

    Checkpoints lie in `out`/training while it goes on; the same command resumes from them.
    Raises InputError for folders with too few scans and when `out` holds a model already.
    """
    if (out / "model.json").is_file():
        raise InputError(f"{out}: holds a model already; name another folder.")
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of normal scans.")
    say("reading normal scans")
    if settings.sources:
        scans = read_normal_sources(folder, settings.sources, settings.view)
    else:
        scans = read_normal_folder(folder, settings.view, say)
    say(f"{len(scans)} scans of {len({scan.patient for scan in scans})} patients")
    model = build_model(settings, scans, out / "training", command, say)
    save_normality_model(out, model)
    shutil.rmtree(out / "training", ignore_errors=True)
    return load_normality_model(out)


def train(
    name_or_path: str,
    data_dir: Path,
    run: Path,
    folds: Sequence[int] = (),
    localizer_run: Path | None = None,
    publish: Path | None = None,
    command: str = "",
    say: Callable[[str], None] = print,
) -> NormalityModel:
    """As `train_model`, as `medimage train` asks for it; the folds are fixed, and all are used.

    publish: folder of the model, `run`/model when None. Raises SettingsError for a localizer.
    """
    from MedImageLib.network.workflow import begun_run

    settings = begun_run(name_or_path, NormalityTraining, run, localizer_run)
    return train_model(data_dir, publish or run / "model", settings, command, say)


def score_inputs(
    inputs: Sequence[Path], out: Path, settings: AnomalySettings, model_name: str = ""
) -> int:
    """Score files and folders into out/<stem>/ and out/anomaly.csv; the exit code.

    model_name: of a shipped model, or a folder; empty: the shipped model of that kind of image.
    A folder of one series is a scan; of any other folder every series and picture is one. What
    cannot be scored is said and left out; the exit code is then 1.
    """
    named = load_normality_model(model_name) if model_name else None
    files: list[Path] = []
    for given in inputs:
        files += scan_paths(given, out)
    rows = []

    def process(path: Path, folder: Path) -> Result:
        result, screening = screen_file(path, folder, settings, named)
        rows.append(anomaly_row(str(path), screening))
        return result

    code = run_each(files, out, process)
    if rows:
        add_to_table(out / "anomaly.csv", rows)
    return code


def screen_file(
    path: Path,
    folder: Path,
    settings: AnomalySettings,
    model: NormalityModel | None = None,
) -> tuple[Result, Screening]:
    """Score one scan and write its report; result.json is the caller's.

    Raises InputError for what cannot be read and ModelError when there is no model for it.
    """
    return screen_image(read_any(path), folder, settings, model)


def screen_image(
    image: Volume | VolumeSequence,
    folder: Path,
    settings: AnomalySettings,
    model: NormalityModel | None = None,
) -> tuple[Result, Screening]:
    """The same of an image that was read."""
    remarks: tuple[Remark, ...] = ()
    if model is None:
        model, remarks = model_for(image)
    screening = screen(image, model, settings)
    verdict = screening.verdict
    if verdict == "normal" and any(one.code == UNSURE_KIND for one in remarks):
        verdict = "unsure"
    screening = replace(screening, verdict=verdict, remarks=(*screening.remarks, *remarks))
    if isinstance(image, VolumeSequence):
        identity = input_identity(image.frames[0], frames=len(image.frames))
    else:
        identity = input_identity(image)
    result = result_of(screening, model, identity, settings)
    if settings.report:
        write_screening_report(folder, screening, model, result)
    return result, screening


def scan_paths(given: Path, leave_out: Path) -> list[Path]:
    """The scans that an input names; see `score_inputs`. Raises InputError when there is none."""
    if not given.is_dir():
        return [given]
    inside = leave_out.resolve()
    images = [
        one
        for one in scan_folder(given)
        if one.kind in ("image", "nifti", "nrrd", "metaimage", "png", "jpeg")
        and not one.files[0].resolve().is_relative_to(inside)
    ]
    if not images:
        raise InputError(f"{given}: no image in this folder. Name a scan or a folder of scans.")
    if len(images) == 1 and len(images[0].files) > 1:
        return [given]
    paths = []
    for one in images:
        parents = {path.parent for path in one.files}
        alone = len(one.files) == 1
        paths.append(one.files[0] if alone or len(parents) > 1 else parents.pop())
    return sorted(dict.fromkeys(paths))

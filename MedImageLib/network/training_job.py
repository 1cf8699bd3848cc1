"""A training as the command and the panels start it: any model, by the trainer of its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from MedImageLib.background.progress import tell
from MedImageLib.resources import resources_folder

SETTINGS = "training.toml"


def trainable_models() -> tuple[str, ...]:
    """Names of the models of this product that can be trained again on other data."""
    found = resources_folder().glob(f"models/*/{SETTINGS}")
    return tuple(sorted(path.parent.name for path in found))


def train_model(
    name_or_path: str,
    data_dir: Path,
    run: Path,
    folds: Sequence[int],
    localizer_run: Path | None = None,
    publish: Path | None = None,
    threads: int = 2,
    say: Callable[[str], None] = print,
) -> None:
    """Train, or go on from where the run stopped; see the trainer of the settings.

    name_or_path: settings file, or name of a shipped model. Raises SettingsError, InputError.
    """
    import torch

    from MedImageLib.network.workflow import trainer_of

    tell(0.0, "Reading the data")
    torch.set_num_threads(threads)
    trainer_of(name_or_path)(
        name_or_path,
        data_dir,
        run,
        list(folds),
        localizer_run,
        publish,
        command=command_without_places(name_or_path, folds, localizer_run is not None),
        say=say,
    )


def command_without_places(name_or_path: str, folds: Sequence[int], localizer: bool) -> str:
    """The command as the card shows it: folders of this machine are nobody's business."""
    words = ["medimage", "train", Path(name_or_path).name, "--data", "DATA", "-o", "RUN"]
    if localizer:
        words += ["--localizer-run", "LOCALIZER_RUN"]
    return " ".join([*words, "--folds", *map(str, folds)])

"""Which steps a study of each type gets: an editable table, read from TOML or JSON.

The table of the product follows US 12,394,057 B2, paragraphs 50–70; a site edits a copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from MedImageLib.errors import SettingsError
from MedImageLib.resources import resource_path
from MedImageLib.settings import check_settings, read_settings_file, setting, settings_from_dict

StudyType = Literal["I", "II", "III", "IV"]
Step = Literal["sharpness", "register", "fuse", "deformation_degree", "contour"]
STEPS: tuple[Step, ...] = get_args(Step)
NEED_REGISTRATION = ("fuse", "deformation_degree")


@dataclass(frozen=True)
class ProcessingTable:
    """Steps of each type in the order in which they run.

    Raises SettingsError for unknown, repeated or misordered steps, and for a fusion or a
    deformation degree without the registration that they need.
    """

    I: tuple[str, ...] = setting(  # noqa: E741  (the name of the type)
        help="Same imaging mode, same period.", choices=STEPS
    )
    II: tuple[str, ...] = setting(help="Same imaging mode, different periods.", choices=STEPS)
    III: tuple[str, ...] = setting(help="Different imaging modes, same period.", choices=STEPS)
    IV: tuple[str, ...] = setting(help="Different modes, different periods.", choices=STEPS)

    def __post_init__(self) -> None:
        check_settings(self)
        for field in fields(self):
            _check_order(field.name, getattr(self, field.name))

    def steps(self, study_type: StudyType) -> tuple[str, ...]:
        """Steps of a type."""
        chosen: tuple[str, ...] = getattr(self, study_type)
        return chosen


def load_processing_table(path: Path | str | None = None) -> ProcessingTable:
    """The table of a .toml or .json file with a section `types`; None: the product's own.

    Raises InputError for a file that cannot be read, SettingsError naming it for what it holds.
    """
    path = resource_path("study", "processing.toml") if path is None else Path(path)
    values: dict[str, Any] = read_settings_file(path)
    unknown = sorted(set(values) - {"types"})
    if unknown or not isinstance(values.get("types"), dict):
        raise SettingsError(
            f"{path.name}: expected one section 'types' with I, II, III and IV, "
            f"found {', '.join(sorted(values)) or 'nothing'}."
        )
    return settings_from_dict(values["types"], ProcessingTable, path.name)


def _check_order(name: str, steps: tuple[str, ...]) -> None:
    places = [STEPS.index(step) for step in steps]  # type: ignore[arg-type]
    if places != sorted(set(places)):
        raise SettingsError(
            f"ProcessingTable.{name} is {', '.join(steps)}; each step stands once, in the order "
            f"{', '.join(STEPS)}."
        )
    lonely = [step for step in NEED_REGISTRATION if step in steps and "register" not in steps]
    if lonely:
        raise SettingsError(
            f"ProcessingTable.{name} asks for {' and '.join(lonely)} without 'register', which "
            "they need; add it."
        )

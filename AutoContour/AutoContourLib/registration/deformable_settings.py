"""Settings of non-rigid registration, apart from it so that options load nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.errors import SettingsError
from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class DeformableSettings:
    """How the displacement field is found and judged."""

    field_spacings_mm: tuple[float, ...] = setting(
        (8.0, 4.0, 3.0),
        help="Grids of the optimization, coarse to fine; never finer than the fixed image.",
        unit="mm",
        minimum=0.5,
    )
    field_steps: tuple[int, ...] = setting(
        (10, 8, 12),
        help="Gauss-Newton steps at each of these grids; two modalities take two thirds of them.",
        minimum=1,
        maximum=100,
    )
    widths_mm: tuple[float, ...] = setting(
        (48.0, 24.0, 16.0),
        help="Widths of the bumps that the field is made of; one joins at each grid.",
        unit="mm",
        minimum=4,
    )
    stiffness: float = setting(
        4.0,
        help="Weight of the field's own energy against the images; at 1 bumps of a tenth of "
        "their width are expected.",
        minimum=0.0001,
    )
    adapt_stiffness: bool = setting(
        True, help="Let the images tell the stiffness of each width, around the one given."
    )
    least_jacobian: float = setting(
        0.05, help="Least local volume ratio of the mapping.", minimum=0.001, maximum=0.9
    )
    least_gain: float = setting(
        0.1,
        help="Share of what the rigid offset leaves unlike that the field must explain; below it "
        "the rigid offset is kept.",
        minimum=0,
        maximum=1,
    )
    check_reverse: bool = setting(
        True, help="Register the other way round too, coarsely, to see where both disagree."
    )
    largest_disagreement_mm: float = setting(
        4.0, help="Disagreement of both ways beyond which the field is not used.", unit="mm",
        minimum=0.1,
    )  # fmt: skip
    least_similarity: float = setting(
        0.3, help="Local correlation below which the field is not used.", minimum=0, maximum=1
    )
    least_mean_similarity: float = setting(
        0.8,
        help="Mean local correlation below which two CT are not of one patient.",
        minimum=0,
        maximum=1,
    )
    least_mean_similarity_modes: float = setting(
        0.65, help="The same for other pairs of images.", minimum=0, maximum=1
    )
    largest_bad_share: float = setting(
        0.25, help="Share of the common body that may be unusable.", minimum=0, maximum=1
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if len(self.field_steps) != len(self.field_spacings_mm):
            raise SettingsError(
                f"DeformableSettings.field_steps has {len(self.field_steps)} numbers for "
                f"{len(self.field_spacings_mm)} grids; give one for each."
            )

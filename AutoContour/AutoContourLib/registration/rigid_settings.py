"""Settings of rigid registration, apart from it so that options load nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class RigidSettings:
    """How the offset is searched and refined."""

    search: bool = setting(True, help="Search from far away, not only from the given start.")
    learned: bool = setting(True, help="Search with the learned model too; what fits best is kept.")
    refine: bool = setting(
        True, help="Refine the offset; without it the given numbers are kept as they are."
    )
    check_flip: bool = setting(
        True, help="Try the moving image mirrored left to right, and say so if it fits better."
    )
    check_stability: bool = setting(
        True, help="Ask parts of the body and another measure too, and say so if they disagree."
    )
    turn_step_deg: float = setting(
        20.0, help="Rotations tried by the search.", unit="deg", minimum=1, maximum=45
    )
    search_spacing_mm: float | None = setting(
        None, help="Grid of the search; none: a thirtieth of the field.", unit="mm", minimum=2
    )
    spacings_mm: tuple[float, ...] = setting(
        (8.0, 4.0), help="Grids of the refinement, coarse to fine.", unit="mm", minimum=0.5
    )
    iterations: int = setting(80, help="Most steps at each grid.", minimum=1, maximum=1000)
    samples: int = setting(20000, help="Points that are compared.", minimum=500, maximum=1000000)
    least_overlap: float = setting(
        0.15, help="Least share of the smaller body that is common.", minimum=0.0, maximum=1.0
    )
    least_agreement: float = setting(
        0.8,
        help="Agreement of edges below which two images of one modality do not fit.",
        minimum=0,
        maximum=1,
    )
    least_agreement_modes: float = setting(
        0.68,
        help="The same for two modalities, where edges differ by nature.",
        minimum=0,
        maximum=1,
    )
    largest_doubt_mm: float = setting(
        2.0,
        help="Disagreement of parts and measures beyond which a person must check the offset.",
        unit="mm",
        minimum=0.1,
    )
    hopeless_doubt_mm: float = setting(
        5.0, help="Disagreement beyond which the offset is not to be used.", unit="mm", minimum=0.1
    )
    seed: int = setting(0, help="Seed of the points.", minimum=0)

    def __post_init__(self) -> None:
        check_settings(self)

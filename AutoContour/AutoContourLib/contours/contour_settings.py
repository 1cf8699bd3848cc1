"""Settings of contouring, of RTSTRUCT written and of contours read; nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class ContourSettings:
    """What is contoured, and how."""

    model: str = setting("ct_head_neck", help="Name or folder of the contour model.")
    mr_model: str = setting("mr_head_neck", help="The same for MR; experimental.")
    organs: bool = setting(True, help="Organs at risk of head and neck, by the network.")
    trunk: bool = setting(True, help="Body, lungs, bone and spinal canal, by classical means.")
    level: int = setting(0, help="Level of the network; 0 = the last one.", minimum=0, maximum=32)
    stop_below: float = setting(
        0.0,
        help="Stop at the level that changes no class by more than this; 0 = never.",
        unit="1 - Dice",
        minimum=0,
        maximum=1,
    )
    memory_limit_mib: float = setting(
        640.0, help="Memory that feature maps may take.", unit="MiB", minimum=64
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class RtstructSettings:
    """How masks become contours."""

    holes: str = setting("keyhole", help="How holes are written.", choices=("keyhole", "xor"))
    outline: str = setting(
        "pixel",
        help="Contours along the borders of pixels (exact area), or with their corners cut.",
        choices=("pixel", "smooth"),
    )
    label: str = setting("AUTOCONTOUR", help="Structure Set Label, 16 characters at most.")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class RasterSettings:
    """How contours become masks."""

    fill_gaps: float = setting(
        2.5,
        help="Missing slices between contours are interpolated up to this many times the usual "
        "distance of the region's contours; 0 = never.",
        minimum=0,
    )
    points: str = setting(
        "lines",
        help="How points are connected: straight, or by a smooth closed curve where they lie "
        "scattered, far from one another.",
        choices=("lines", "curve"),
    )
    close_gap_mm: float = setting(
        5.0, help="Open contours are closed when their ends are as near.", unit="mm", minimum=0
    )
    other_frame: bool = setting(
        False, help="Accept contours of another frame of reference, as if registered."
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class SecondContourSettings:
    """Contours of a further image of a study (source: paragraphs 151 to 156)."""

    way: str = setting(
        "by-degree",
        help="Carried over by the displacement field where the deformation is small and drawn "
        "anew where it exceeds its threshold, or always one way, or both.",
        choices=("by-degree", "field", "anew", "both", "none"),
    )
    when: str = setting(
        "always",
        help="Always, only where the deformation exceeds its threshold, or only once a person "
        "has answered that the plan is to be modified.",
        choices=("always", "exceeded", "modify"),
    )

    def __post_init__(self) -> None:
        check_settings(self)

"""Settings of the watcher; nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class WatchSettings:
    """When studies are processed, and whether their images are screened before."""

    quiet_s: float = setting(
        60.0,
        help="A study is complete when nothing of it changed for so long.",
        unit="s",
        minimum=0,
    )
    missing_s: float = setting(
        600.0,
        help="Quiet as long, a study is processed although instances are missing that its own "
        "objects tell of.",
        unit="s",
        minimum=0,
    )
    poll_s: float = setting(10.0, help="Time between two looks.", unit="s", minimum=0.01)
    tries: int = setting(3, help="A study that fails as often is parked.", minimum=1)
    retry_s: float = setting(
        60.0, help="Time to the second try; doubled each time.", unit="s", minimum=0
    )
    screening: bool = setting(
        False,
        help="Screen the images of a study before it is processed; images that do not look normal "
        "are told with its result and in the list of studies.",
    )
    once: bool = setting(False, help="End when all studies that are there are done or parked.")

    def __post_init__(self) -> None:
        check_settings(self)

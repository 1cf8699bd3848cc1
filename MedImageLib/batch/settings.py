"""Settings of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class BatchSettings:
    """How cases are worked through; not what is done with them."""

    workers: int | None = setting(
        None, help="Processes of the local cluster; none: one for two cores.", minimum=1
    )
    scheduler: str | None = setting(
        None, help="Address of a running Dask scheduler that sees the same folders."
    )
    resume: bool = setting(True, help="Leave out what is done and unchanged.")
    time_limit_s: float | None = setting(None, help="Time limit of one case.", unit="s", minimum=1)
    memory_limit_mb: float | None = setting(
        None, help="Memory that a worker may hold.", unit="MB", minimum=1
    )
    name_sources: bool = setting(
        False, help="Name input files in the summary and in errors; they may name patients."
    )

    def __post_init__(self) -> None:
        check_settings(self)

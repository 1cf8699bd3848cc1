"""How studies get from a store to workers and back; nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class ServeSettings:
    """The contour server. `store` may be another server, beside which the own node goes on."""

    store: str = setting(
        "",
        help="Server to search and to store results in: https://HOST/dicom-web or "
        "dicom://TITLE@HOST:PORT[/move]; empty: only what is sent to the own node.",
    )
    store_secret: str = setting(
        "", help="File with the header Authorization for a DICOMweb server, such as Bearer XYZ."
    )
    store_authority: str = setting(
        "", help="PEM file of who signed the DICOMweb server's certificate; empty: the system's."
    )
    store_feed: str = setting(
        "",
        help="Root of an Orthanc's own interface, http://HOST:8042: its feed of changes is "
        "followed, and studies are listed every ten minutes only instead of at every look.",
    )
    look_back_days: int = setting(
        7, help="Search for studies of the last days; 0: for all.", unit="days", minimum=0
    )
    scheduler: str = setting("local", help="Address of a running Dask scheduler, or local.")
    workers: int | None = setting(
        None, help="Processes on this machine; none: one for two cores.", minimum=1
    )
    time_limit_s: float = setting(1800.0, help="Time limit of one study.", unit="s", minimum=1)
    memory_limit_mb: float = setting(
        12_000.0, help="Memory limit of one study.", unit="MB", minimum=100
    )
    page_host: str = setting("127.0.0.1", help="Address of the page of states.")
    page_port: int = setting(0, help="Port of the page; 0 takes a free one.", minimum=0)
    page_token: str = setting("", help="File with the token that the page asks visitors for.")
    page_certificate: str = setting("", help="PEM file of the page's certificate: TLS.")
    page_key: str = setting("", help="PEM file of that certificate's private key.")

    def __post_init__(self) -> None:
        check_settings(self)

"""Settings of the browser end; nothing heavy is imported, so that options can be made of them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from MedImageLib.errors import SettingsError
from MedImageLib.settings import check_settings, setting

TOKEN_VARIABLE = "MEDIMAGE_VIEW_TOKEN"
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class ViewSettings:
    """Where the page is served, and to whom."""

    host: str = setting(
        "127.0.0.1", help="Address to listen at; another than loopback needs TLS and a token."
    )
    port: int = setting(8042, help="Port; 0 takes a free one.", minimum=0, maximum=65535)
    token: str = setting(
        "",
        help=f"Secret that a browser must name once; better given in {TOKEN_VARIABLE}, which "
        "other users of the machine do not see.",
    )
    certificate: str = setting("", help="File with the certificate (PEM) for TLS.")
    key: str = setting("", help="File with its private key (PEM).")
    names: tuple[str, ...] = setting(
        (), help="Names and addresses that browsers call this server by, beyond loopback."
    )
    studies_in_memory: int = setting(3, help="Studies that stay opened.", minimum=1, maximum=100)

    def __post_init__(self) -> None:
        check_settings(self)
        if bool(self.certificate) != bool(self.key):
            raise SettingsError("TLS needs both: --certificate and --key.")
        if self.token and len(self.token) < _SHORTEST_TOKEN:
            raise SettingsError(f"The token has fewer than {_SHORTEST_TOKEN} characters.")
        if self.is_loopback:
            return
        if not (self.certificate and self.token):
            raise SettingsError(
                f"Listening at {self.host} needs TLS (--certificate, --key) and a token "
                f"({TOKEN_VARIABLE} or --token); without them only loopback is served."
            )
        if not self.names:
            raise SettingsError(
                f"Listening at {self.host} needs --names: how browsers call this server, for "
                "example --names contour.hospital.example; others are refused."
            )

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

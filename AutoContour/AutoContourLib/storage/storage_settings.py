"""How the storage server listens."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from MedImageLib.errors import SettingsError
from MedImageLib.settings import check_settings, setting

_AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # printable but for the backslash (PS3.5, VR AE)


@dataclass(frozen=True)
class StorageSettings:
    """Address, name and who may send. Loopback only, unless a person says otherwise."""

    ae_title: str = setting("MEDIMAGE", help="Application entity title of the server.")
    host: str = setting("127.0.0.1", help="Address to listen on.")
    port: int = setting(11112, help="Port; 0 takes a free one.", minimum=0, maximum=65535)
    allowed: str = setting("", help="Titles that may send, separated by commas; empty: all.")
    peers: str = setting(
        "", help="Where commitment reports go: TITLE=HOST:PORT, separated by commas."
    )
    send_to: str = setting("", help="Who gets the results: TITLE=HOST:PORT; empty: nobody.")
    certificate: str = setting("", help="PEM file of the server's certificate: TLS.")
    key: str = setting("", help="PEM file of the certificate's private key.")
    authority: str = setting("", help="PEM file of who signs clients' certificates; empty: any.")
    plain: bool = setting(
        False, help="Listen beyond this machine without TLS, in a network that is protected itself."
    )
    keep_free_mb: int = setting(
        500, help="Refuse to store when less would stay free on the disk.", unit="MB", minimum=0
    )
    max_object_mb: int = setting(
        2000, help="A sender of a larger object is cut off.", unit="MB", minimum=1
    )
    max_study_mb: int = setting(
        20_000, help="Refuse to store when a study would become larger.", unit="MB", minimum=1
    )
    max_associations: int = setting(64, help="Senders at a time; more have to wait.", minimum=1)
    silence_s: float = setting(
        60.0,
        help="A sender that is silent, or needs longer for one PDU, is cut off.",
        unit="s",
        minimum=1,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        receivers = addresses(self.send_to, "send_to")
        if len(receivers) > 1:
            raise SettingsError("send_to: results go to one server only.")
        for title in (self.ae_title, *self.allowed_titles, *self.peer_addresses, *receivers):
            if not _AE_TITLE.fullmatch(title) or not title.strip():
                raise SettingsError(
                    f"{title!r} is no application entity title: 1 to 16 printable characters."
                )
        if bool(self.certificate) != bool(self.key):
            raise SettingsError("TLS needs both, certificate and key.")
        if is_loopback(self.host) or self.certificate:
            return
        if not (self.plain and self.allowed_titles):
            raise SettingsError(
                f"host {self.host} can be reached from other machines: name a certificate and its "
                "key, or, in a network that is protected itself, say --plain and who is --allowed."
            )

    @property
    def allowed_titles(self) -> tuple[str, ...]:
        return tuple(title.strip() for title in self.allowed.split(",") if title.strip())

    @property
    def peer_addresses(self) -> dict[str, tuple[str, int]]:
        """Host and port by title. Raises SettingsError for what is no such pair."""
        return addresses(self.peers, "peers")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def addresses(text: str, name: str) -> dict[str, tuple[str, int]]:
    """Host and port by title, of `TITLE=HOST:PORT` joined by commas.

    Raises SettingsError, with the setting's name, for what is no such pair.
    """
    found = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        title, equals, address = pair.partition("=")
        host, colon, port = address.rpartition(":")
        if not (equals and colon and host and port.isdigit()):
            raise SettingsError(f"{name}: {pair!r} is not TITLE=HOST:PORT.")
        found[title.strip()] = (host, int(port))
    return found

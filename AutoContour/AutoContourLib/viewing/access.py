"""Who may ask: requests by a known name of this server, from its own page, with the token if one
is set. Beyond loopback there is no page without TLS and token."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from AutoContourLib.viewing.view_settings import ViewSettings

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "medimage_view"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Access:
    """Decides about requests by their headers."""

    def __init__(self, settings: ViewSettings) -> None:
        self._names = frozenset(name.lower() for name in settings.names)
        if settings.is_loopback:
            self._names |= LOOPBACK_NAMES
        self._token = settings.token
        self._secure = bool(settings.certificate)
        # Without TLS of its own it may stand behind a proxy that has it.
        self._schemes = ("https",) if self._secure else ("http", "https")

    @property
    def needs_token(self) -> bool:
        return bool(self._token)

    @property
    def is_secure(self) -> bool:
        return self._secure

    @property
    def cookie(self) -> str:
        """What a browser that knew the token carries; the token itself is not in it."""
        return hmac.new(self._token.encode(), b"medimage view", hashlib.sha256).hexdigest()

    def knows_host(self, host: str) -> bool:
        """A page of elsewhere that makes its own name point here is refused by this."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return bool(name) and name in self._names

    def is_own_page(self, host: str, origin: str | None) -> bool:
        """Whether a request that changes something comes from a page of this server."""
        return origin in [f"{scheme}://{host}" for scheme in self._schemes]

    def has_token(self, cookie: str | None) -> bool:
        return not self._token or hmac.compare_digest(cookie or "", self.cookie)

    def is_token(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(), self._token.encode())

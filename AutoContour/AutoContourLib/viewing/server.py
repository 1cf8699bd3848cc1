"""The server of the browser end: one process, one page, one folder of results.

Everything that matters lies in files; the server may be killed at any moment and started again
below an open page, which then goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.tls import server_context
from AutoContourLib.viewing import handlers
from AutoContourLib.viewing.access import Access
from AutoContourLib.viewing.actions import ACTIONS, Action
from AutoContourLib.viewing.downloads import StudyFile, StudyFiles
from AutoContourLib.viewing.open_studies import OpenStudies
from AutoContourLib.viewing.view_settings import ViewSettings
from MedImageLib.errors import InputError

AUDIT = "audit"
_LARGEST_REQUEST = 2**20
_THREADS = 4
_PATIENCE_S = 30.0
_LOOK_S = 0.2


def application(service: handlers.Service) -> Application:
    """All addresses; whatever else is asked is not found."""
    study = r"/api/studies/([0-9a-f]{12})"
    told = {"service": service}
    actions = "|".join(ACTIONS)
    return Application(
        [
            (r"/", handlers.Page, told),
            (r"/login", handlers.Login, told),
            (r"/page/([a-z]+\.[a-z]+)", handlers.PageFile, told),
            (r"/api/studies", handlers.StudyList, told),
            (study, handlers.Facts, told),
            (study + "/state", handlers.State, told),
            (study + "/slice", handlers.Slice, told),
            (study + "/outlines", handlers.Outlines, told),
            (study + "/surfaces", handlers.Surfaces, told),
            (study + "/files", StudyFiles, told),
            (study + "/file", StudyFile, told),
            (study + f"/({actions})", Action, told),
        ],
        default_handler_class=NotFound,
        default_handler_args=told,
        log_function=_silent,
        xsrf_cookies=True,
        xsrf_cookie_kwargs={
            "samesite": "Strict",
            "secure": service.access.is_secure,
        },
    )


class NotFound(handlers.Guarded):
    def prepare(self) -> None:
        super().prepare()
        self.set_status(404)
        self._reason = "There is nothing here"
        self.write_error(404)


def serve(
    out: Path,
    settings: ViewSettings,
    say: Callable[[str], None] = print,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Serve until interrupted, or until `go_on` says no. Raises InputError for a folder that
    is not there, a port that is taken, or a certificate that cannot be used."""
    if not out.is_dir():
        raise InputError(f"{out}: there is no such folder of results.")
    asyncio.run(_serve(out.resolve(), settings, say, go_on))


async def _serve(
    out: Path, settings: ViewSettings, say: Callable[[str], None], go_on: Callable[[], bool]
) -> None:
    studies = OpenStudies(out, settings.studies_in_memory)
    with ThreadPoolExecutor(_THREADS, "view") as threads:
        service = handlers.Service(studies, Access(settings), Audit(out / AUDIT), threads)
        server = HTTPServer(
            application(service),
            ssl_options=server_context(settings.certificate, settings.key),
            max_body_size=_LARGEST_REQUEST,
            max_header_size=2**16,
            body_timeout=_PATIENCE_S,
            idle_connection_timeout=_PATIENCE_S * 4,
        )
        try:
            sockets = bind_sockets(settings.port, settings.host)
        except OSError as error:
            raise InputError(
                f"Port {settings.port} at {settings.host} cannot be used ({error.strerror}); "
                "choose another one with --port, or 0 for a free one."
            ) from error
        server.add_sockets(sockets)
        threads.submit(_warm)
        scheme = "https" if settings.certificate else "http"
        say(f"Studies: {scheme}://{settings.host}:{sockets[0].getsockname()[1]}/")
        try:
            while go_on():
                await asyncio.sleep(_LOOK_S)
        finally:
            server.stop()
            studies.computations.close()


def _warm() -> None:
    """What the first picture would otherwise wait for."""
    import highdicom  # noqa: F401
    import pydicom  # noqa: F401
    import SimpleITK  # noqa: F401

    import AutoContourLib.contours.contour_files  # noqa: F401
    import MedImageLib.reading  # noqa: F401


def _silent(_handler: object) -> None:
    """Addresses name studies; the audit says what is to be known."""

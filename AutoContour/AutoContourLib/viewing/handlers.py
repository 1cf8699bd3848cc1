"""What the page asks over HTTP. Thin: who may ask is decided in `access`, what is answered in
`open_studies` and `opened_study`; long reading is done in threads, computing in processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tornado import web

from AutoContourLib.storage.audit import Audit
from AutoContourLib.viewing.access import COOKIE, HEADERS, Access
from AutoContourLib.viewing.editing import SupersededError
from AutoContourLib.viewing.open_studies import OpenStudies
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.resources import resource_path

PAGE_FILES = {
    "page.html": "text/html; charset=utf-8",
    "login.html": "text/html; charset=utf-8",
    "view.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    **dict.fromkeys(
        ("main.js", "server.js", "slices.js", "panels.js", "tools.js", "stereo.js", "texts.js"),
        "text/javascript; charset=utf-8",
    ),
}
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class Service:
    """What all requests share."""

    studies: OpenStudies
    access: Access
    audit: Audit
    threads: ThreadPoolExecutor


class Guarded(web.RequestHandler):
    """Refuses strangers, says errors in words, notes what was done."""

    def initialize(self, service: Service) -> None:
        self.service = service
        self.about: dict[str, str] = {}

    def set_default_headers(self) -> None:
        self.set_header("Server", "MedImage")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        access, request = self.service.access, self.request
        if not access.knows_host(request.host):
            raise web.HTTPError(HTTPStatus.FORBIDDEN, reason="Unknown host")
        changes = request.method not in ("GET", "HEAD")
        if changes and not access.is_own_page(request.host, request.headers.get("Origin")):
            raise web.HTTPError(HTTPStatus.FORBIDDEN, reason="Unknown origin")
        if self.needs_token and not access.has_token(self.get_cookie(COOKIE)):
            self.refuse_without_token()

    needs_token = True

    def refuse_without_token(self) -> None:
        raise web.HTTPError(HTTPStatus.UNAUTHORIZED)

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.service.threads, function, *arguments)

    def body_values(self) -> dict[str, Any]:
        """The JSON object of a request. Raises InputError."""
        try:
            values = json.loads(self.request.body)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise InputError("The request holds no JSON object.")
        return values

    def write_error(self, status_code: int, **problem: Any) -> None:
        error = problem.get("exc_info", (None, None))[1]
        if isinstance(error, SupersededError):
            status_code = HTTPStatus.CONFLICT
        elif isinstance(error, MedImageError):
            status_code = HTTPStatus.BAD_REQUEST
        self.set_status(status_code)
        told = self._reason
        if isinstance(error, MedImageError):
            # Paths of the server are nobody's business.
            told = str(error).replace(str(self.service.studies.out), "")
        self.finish({"error": told})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, (MedImageError, web.HTTPError)):
            super().log_exception(typ, value, tb)

    def on_finish(self) -> None:
        if self.about:
            self.service.audit.note(
                "view",
                address=self.request.remote_ip or "",
                status=self.get_status(),
                **self.about,
            )


class Page(Guarded):
    """The page itself; opening it gives the browser the cookie against forged requests."""

    def get(self) -> None:
        assert self.xsrf_token
        self.send("page.html")

    def refuse_without_token(self) -> None:
        self.set_status(HTTPStatus.UNAUTHORIZED)
        assert self.xsrf_token
        self.send("login.html")

    def send(self, name: str) -> None:
        self.set_header("Content-Type", PAGE_FILES[name])
        self.finish(resource_path("viewing", name).read_bytes())


class PageFile(Page):
    """Scripts and styles, by a list of names."""

    needs_token = False

    def get(self, name: str = "") -> None:
        if name not in PAGE_FILES or name.endswith(".html"):
            raise web.HTTPError(HTTPStatus.NOT_FOUND)
        self.send(name)


class Login(Guarded):
    """The token for the cookie; a wrong one is answered late, so that guessing takes long."""

    needs_token = False

    async def post(self) -> None:
        self.about = {"did": "login"}
        if not self.service.access.is_token(self.get_body_argument("token", "")):
            await asyncio.sleep(1)
            raise web.HTTPError(HTTPStatus.UNAUTHORIZED)
        self.set_cookie(
            COOKIE,
            self.service.access.cookie,
            httponly=True,
            secure=self.service.access.is_secure,
            samesite="Strict",
        )
        self.redirect("/")


class StudyRequest(Guarded):
    """A request about one study. did: for the audit; none for what a page asks by itself."""

    async def opened(self, study_id: str, did: str = "", by: str = "") -> Any:
        if did:
            self.about = {"did": did, "study": study_id, "by": by[:_LONGEST_TEXT]}
        return await self.in_thread(self.service.studies.study, study_id)

    def number(self, name: str) -> int:
        try:
            return int(self.get_query_argument(name))
        except ValueError:
            raise InputError(f"{name} is a whole number.") from None


class StudyList(Guarded):
    async def get(self) -> None:
        listed = await self.in_thread(self.service.studies.listed)
        self.finish(json.dumps(listed))


class Facts(StudyRequest):
    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id, "open")
        self.finish(await self.in_thread(self.service.studies.facts, study))


class State(StudyRequest):
    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id)
        drawn = self.get_query_argument("drawn", "first")
        self.finish(await self.in_thread(self.service.studies.state, study, drawn))


class Slice(StudyRequest):
    """Levels of a slice as bytes; how to read them in the headers."""

    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id)
        image, place = self.get_query_argument("image"), self.get_query_argument("place", "")
        axis, index = self.get_query_argument("axis"), self.number("index")
        levels, content = await self.in_thread(
            self.cut, study, image, place, axis, index, self.get_query_argument("offset", "")
        )
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("X-Low", repr(levels.low))
        self.set_header("X-Step", repr(levels.step))
        self.set_header("X-Window", f"{levels.window[0]!r} {levels.window[1]!r}")
        self.finish(content)

    @staticmethod
    def cut(study: Any, image: str, place: str, axis: str, index: int, offset: str) -> Any:
        from AutoContourLib.viewing.open_studies import edited_offset
        from AutoContourLib.viewing.slices import slice_levels

        if image in ("rigid", "unregistered"):
            chosen = None
            if image == "rigid":
                try:
                    chosen = edited_offset(json.loads(offset))
                except ValueError:
                    raise InputError("The offset is no JSON.") from None
            return study.moving(place), study.rigid_slice(place, chosen, axis, index)
        levels = study.levels(image, place)
        return levels, slice_levels(levels.volume, axis, index)


class Outlines(StudyRequest):
    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id)
        name, place = self.get_query_argument("set"), self.get_query_argument("place", "")
        axis, index = self.get_query_argument("axis"), self.number("index")
        exact = self.get_query_argument("exact", "") == "1"
        self.finish(
            await self.in_thread(
                _outlines, self.service.studies, study, name, place, axis, index, exact
            )
        )


class Surfaces(StudyRequest):
    async def get(self, study_id: str) -> None:
        study = await self.opened(study_id)
        name, place = self.get_query_argument("set"), self.get_query_argument("place", "")
        self.set_header("Content-Type", "application/octet-stream")
        self.finish(await self.in_thread(_surfaces, self.service.studies, study, name, place))


def _outlines(
    studies: OpenStudies, study: Any, name: str, place: str, axis: str, index: int, exact: bool
) -> dict[str, Any]:
    from AutoContourLib.viewing.slices import slice_outlines

    labels, keys = studies.shown(study, name, place)
    return slice_outlines(labels, keys, axis, index, exact)


def _surfaces(studies: OpenStudies, study: Any, name: str, place: str) -> bytes:
    from AutoContourLib.viewing.surfaces import surfaces_as_bytes, surfaces_of

    return surfaces_as_bytes(surfaces_of(*studies.shown(study, name, place)))

"""A server of studies as a workstation uses it: list, fetch, send a review back.

The other side is `medimage view`. Every action names what was seen; what somebody else changed
meanwhile is refused by the server with words.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from AutoContourLib.contours.review import Reviewed
from AutoContourLib.storage.remote_server import ServerError
from AutoContourLib.viewing.study_list import ListedStudy
from MedImageLib.background.progress import part, tell
from MedImageLib.errors import InputError
from MedImageLib.writing.atomic import finished_file

if TYPE_CHECKING:
    from AutoContourLib.viewing.study_content import StudyContent

_TIMEOUT_S = 20.0
_LOOK_S = 3.0
_CHUNK = 2**20


@dataclass(frozen=True)
class ServerAddress:
    """url: as the server prints it. token: its secret, or empty. authority: PEM file of who signed
    its certificate; empty: the system's."""

    url: str
    token: str = ""
    authority: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"{self.url!r:.80} is no address of a server; type it as `medimage view` prints "
                "it, for example http://127.0.0.1:8042/."
            )


class StudyServer:
    """A session with a server. Raises ServerError in words wherever it does not answer well."""

    def __init__(self, address: ServerAddress) -> None:
        from AutoContourLib.storage.dicomweb import private_session

        parts = urlsplit(address.url)
        self._root = f"{parts.scheme}://{parts.netloc}"
        self._token = address.token
        self._session = private_session("", address.authority)
        self._signed_in = False

    def studies(self) -> tuple[ListedStudy, ...]:
        """All that the server lists."""
        told = self._asked("/api/studies").json()
        try:
            return tuple(
                ListedStudy(
                    one["id"], one["state"], one["reason"], one["kinds"], one["finished_utc"],
                    Path() if one["opens"] else None,
                )
                for one in told
            )  # fmt: skip
        except (TypeError, KeyError) as error:
            raise ServerError(f"{self._root} is no server of studies.") from error

    def fetch(self, study_id: str, folder: Path) -> None:
        """Fetch the files of a study into a folder; those that are there are written anew."""
        names: dict[str, int] = self._asked(f"/api/studies/{study_id}/files").json()
        whole, done = max(1, sum(names.values())), 0
        root = folder.resolve()
        for name in names:
            path = (folder / name).resolve()
            if not path.is_relative_to(root):
                raise ServerError(f"{self._root} offers {name!r:.60}; it is not fetched.")
            answer = self._asked(f"/api/studies/{study_id}/file", params={"name": name})
            with finished_file(path) as temporary, temporary.open("wb") as stream:
                for content in answer.iter_content(_CHUNK):
                    stream.write(content)
                    done += len(content)
                    tell(done / whole, f"Fetching {done / 1e6:.0f} of {whole / 1e6:.0f} MB")

    def act(self, study_id: str, action: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Do something to a study: `review`, `answer`; its state after it."""
        state: dict[str, Any] = self._asked(f"/api/studies/{study_id}/{action}", values).json()
        return state

    def state(self, study_id: str) -> dict[str, Any]:
        """What changes of a study: reviews, drafts, questions."""
        state: dict[str, Any] = self._asked(f"/api/studies/{study_id}/state").json()
        return state

    def _asked(
        self,
        path: str,
        values: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        if not self._signed_in:
            self._sign_in()
        return self._answer(path, values, params)

    def _answer(self, path: str, values: Any = None, params: Any = None, form: Any = None) -> Any:
        import requests

        sent = {"Origin": self._root, "X-XSRFToken": self._session.cookies.get("_xsrf") or ""}
        post = values is not None or form is not None
        try:
            answer = self._session.request(
                "POST" if post else "GET",
                self._root + path,
                json=values,
                data=form,
                params=params,
                headers=sent if post else {},
                stream=True,
                timeout=_TIMEOUT_S,
            )
        except requests.exceptions.SSLError as error:
            raise ServerError(
                f"The certificate of {self._root} is not trusted; name the file of who signed it."
            ) from error
        except requests.RequestException as error:
            raise ServerError(
                f"{self._root} does not answer; start `medimage view` there, or type another "
                "address."
            ) from error
        if not answer.ok:
            raise ServerError(_words(answer, self._root))
        return answer

    def _sign_in(self) -> None:
        """The page gives the cookie against forged requests; the token gives the other one."""
        import requests

        try:
            page = self._session.get(self._root + "/", timeout=_TIMEOUT_S)
        except requests.RequestException:
            page = None
        if page is None or page.ok:
            self._answer("/")  # says in words why there is no page
        elif page.status_code == requests.codes.unauthorized:
            if not self._token:
                raise ServerError(f"{self._root} asks for its token; type it.")
            try:
                self._answer("/login", form={"token": self._token})
            except ServerError as error:
                raise ServerError(f"This is not the token of {self._root}.") from error
        else:
            raise ServerError(_words(page, self._root))
        self._signed_in = True


def follow(
    address: ServerAddress,
    path: Path,
    sleep: Callable[[float], None] = time.sleep,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Write the list of studies to a file again and again, until the process ends.

    A server that does not answer is told in the file as well, and asked again.
    """
    server = StudyServer(address)
    while go_on():
        told: dict[str, Any] = {"error": "", "studies": []}
        try:
            told["studies"] = [
                asdict(one) | {"folder": one.folder is not None} for one in server.studies()
            ]
        except ServerError as error:
            told["error"] = str(error)
            server = StudyServer(address)
        with finished_file(path) as temporary:
            temporary.write_text(json.dumps(told), "utf-8")
        sleep(_LOOK_S)


def followed(path: Path) -> tuple[tuple[ListedStudy, ...], str]:
    """Studies that `follow` wrote last, and the error it told; nothing while there is no file."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return (), ""
    names = {one.name for one in fields(ListedStudy)}
    studies = [{k: v for k, v in one.items() if k in names} for one in told["studies"]]
    return (
        tuple(
            ListedStudy(**one | {"folder": Path() if one["folder"] else None}) for one in studies
        ),
        str(told["error"]),
    )


def fetch_content(
    address: ServerAddress, study_id: str, folder: Path, place: str = ""
) -> StudyContent:
    """Fetch a study and read it."""
    from AutoContourLib.viewing.study_content import read_content

    with part(0.0, 0.7):
        StudyServer(address).fetch(study_id, folder)
    with part(0.7, 1.0):
        return read_content(folder, place)


def send_review(
    address: ServerAddress,
    study_id: str,
    contours: tuple[str, str],
    verdict: str,
    seen: Mapping[str, Sequence[str]],
    by: str,
) -> tuple[Reviewed, ...]:
    """Approve or reject structures on the server; the review of their set after it.

    contours: set and place. verdict: `approve` or `reject`. seen: state, SHA-256 and reviewer of
    each structure. Raises ServerError with the words of the server, also where somebody else was
    quicker.
    """
    name, place = contours
    state = StudyServer(address).act(
        study_id,
        "review",
        {
            "set": name,
            "place": place,
            "verdict": verdict,
            "structures": list(seen),
            "seen": {key: list(values) for key, values in seen.items()},
            "by": by,
        },
    )
    return _marks(state, contours)


def send_answer(address: ServerAddress, study_id: str, place: str, answer: str, by: str) -> None:
    """Answer the question of a pair on the server, `modify` or `keep`. Raises ServerError, also
    where somebody has answered already."""
    StudyServer(address).act(study_id, "answer", {"place": place, "answer": answer, "by": by})


def review_on_server(
    address: ServerAddress, study_id: str, contours: tuple[str, str]
) -> tuple[Reviewed, ...]:
    """The review of a set of contours as it is on the server now. Raises ServerError."""
    return _marks(StudyServer(address).state(study_id), contours)


def _marks(state: Mapping[str, Any], contours: tuple[str, str]) -> tuple[Reviewed, ...]:
    name, place = contours
    key = name if name == "first" else f"{name} {place}"
    return tuple(Reviewed(**mark) for mark in state["review"][key])


def _words(answer: Any, root: str) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"{root} answered with {answer.status_code}."

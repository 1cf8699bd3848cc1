"""A real contour server beside a real Orthanc, to be killed; and the count of what was lost.

Run as a program it is that server. The disk that fills is injected there: the first writes fail.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pydicom

PATIENCE_S = 280.0
FULL_DISK_WRITES = 4


class Proxy:
    """Passes bytes on to a port of this machine; breaks connections when answers had many.

    break_after: numbers of bytes, counted anew after each break. posts_left: how many more
    requests that store pass; the next one is cut and noted in `held`, as are all after it.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.break_after: list[int] = []
        self.breaks = 0
        self.posts_left: int | None = None
        self.held = 0
        self._passed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                near.close()  # as the port of a server that was killed answers
                continue
            for here, there, answers in ((near, far, False), (far, near, True)):
                arguments = (here, there, answers)
                threading.Thread(target=self._pass, args=arguments, daemon=True).start()

    def _pass(self, here: socket.socket, there: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := here.recv(1024):
                self._passed += len(data) * answers
                if answers and self.break_after and self._passed > self.break_after[0]:
                    self.break_after.pop(0)
                    self._passed = 0
                    self.breaks += 1
                    break
                if not answers and data.startswith(b"POST ") and self._holds():
                    break
                there.sendall(data)
        for one in (here, there):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _holds(self) -> bool:
        if self.posts_left is None:
            return False
        self.posts_left -= 1
        self.held += self.posts_left < 0
        return self.posts_left < 0


@dataclass(frozen=True)
class Losses:
    """What was found in the end, all of it to be zero but `begun`, how often work was begun."""

    studies: int
    images_lost: int
    results_lost: int
    twice: int
    half_written: int
    not_done: int
    begun: int

    @property
    def none(self) -> bool:
        lost = (self.images_lost, self.results_lost, self.twice, self.half_written, self.not_done)
        return not any(lost)


class Server:
    """The contour server as a process. store, feed: addresses of the other server."""

    def __init__(
        self, out: Path, store: str, seconds: float, full_disk: bool = False, feed: str = ""
    ) -> None:
        self.out = out
        self._command = [sys.executable, __file__, str(out), store, feed]
        here = str(Path(__file__).parent)
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([here, *(one for one in sys.path if one)]),
            "FAKE_LOG": str(out) + ".log",
            "FAKE_SECONDS": str(seconds),
            "FULL_DISK": str(FULL_DISK_WRITES if full_disk else 0),
            "OMP_NUM_THREADS": "1",
        }
        self.start()

    def start(self) -> None:
        with Path(str(self.out) + ".said").open("ab") as said:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=said, stderr=said
            )

    def kill(self) -> None:
        """Kill the server's process; its workers notice and end themselves."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _, alive = psutil.wait_procs(children, timeout=60)
        for one in alive:
            one.kill()

    def kill_a_worker(self) -> bool:
        """Kill one process that works on studies, if there is one."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
                    return True
        return False

    def begun(self) -> int:
        log = Path(str(self.out) + ".log")
        return len(log.read_text().split()) if log.exists() else 0


def records_in(web: str) -> int:
    """How many records of processing the other server holds; -1 when it is away."""
    from AutoContourLib.storage.dicomweb import DicomWebServer
    from AutoContourLib.storage.remote_server import ServerError

    try:
        return sum("KO" in one.modalities for one in DicomWebServer(web).studies(None))
    except ServerError:
        return -1


def wait_for(true: object, what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.2)


def losses(out: Path, web: str, sent: dict[str, set[str]], begun: int) -> Losses:
    """Hold what is there against what was sent: image UIDs by study UID."""
    from AutoContourLib.storage.instance_index import file_digest
    from AutoContourLib.storage.instance_store import INDEX, InstanceIndex
    from AutoContourLib.study.store import StudyStore
    from AutoContourLib.study.watch import STORE_FILE

    index = InstanceIndex(out / "store" / INDEX)
    stored = {one.sop_instance_uid: one for one in index.instances()}
    index.close()
    records = StudyStore(out / STORE_FILE)
    states = Counter(one.state for one in records.records())
    records.close()
    images_lost = results_lost = twice = 0
    for study, uids in sent.items():
        images_lost += len(uids - stored.keys())
        kinds = Counter(_modalities(web, study))
        for kind in ("RTSTRUCT", "KO"):
            results_lost += kinds[kind] < 1
            twice += max(0, kinds[kind] - 1)
        images_lost += max(0, len(uids) - kinds["CT"])
        twice += max(0, kinds["CT"] - len(uids))
    half = sum(file_digest(out / "store" / one.path) != one.sha256 for one in stored.values())
    folders = list(out.glob("cases/*/fault"))
    half += sum(not (one / "note.txt").is_file() or not _whole(one) for one in folders)
    half += len(list(out.glob("cases/*/.*"))) + len(list((out / "store").glob("*/.part-*")))
    twice += max(0, len(folders) - len(sent))
    not_done = len(sent) - states["done"]
    return Losses(len(sent), images_lost, results_lost, twice, half, not_done, begun)


def _whole(folder: Path) -> bool:
    try:
        return len(pydicom.dcmread(folder / "rtstruct.dcm").ROIContourSequence) == 1
    except Exception:
        return False


def _modalities(web: str, study: str) -> Iterator[str]:
    from dicomweb_client import DICOMwebClient

    client = DICOMwebClient(web)
    for series in client.search_for_series(study):
        uid = series["0020000E"]["Value"][0]
        for _ in client.search_for_instances(study, uid):
            yield series["00080060"]["Value"][0]


def _fill_the_disk(count: int) -> None:
    """The first writes of received images and of results find no space."""
    from MedImageLib.batch import run as run_module

    left = {"images": count, "results": count}
    write, place = Path.write_bytes, run_module.put_in_place

    def full(what: str) -> bool:
        left[what] -= 1
        return left[what] >= 0

    def write_bytes(self, data):
        if full("images"):
            write(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    def put_in_place(work, folder):
        if full("results"):
            raise OSError(errno.ENOSPC, "No space left on device")
        place(work, folder)

    Path.write_bytes = write_bytes  # type: ignore[method-assign]
    run_module.put_in_place = put_in_place


def main() -> None:
    from AutoContourLib.storage.serve_settings import ServeSettings
    from AutoContourLib.storage.serving import serve
    from AutoContourLib.storage.storage_settings import StorageSettings
    from AutoContourLib.study.watch_settings import WatchSettings

    if int(os.environ["FULL_DISK"]):
        _fill_the_disk(int(os.environ["FULL_DISK"]))
    serve(
        Path(sys.argv[1]),
        ServeSettings(store=sys.argv[2], store_feed=sys.argv[3], workers=2, look_back_days=0),
        StorageSettings(port=0, keep_free_mb=0),
        WatchSettings(quiet_s=0.5, poll_s=0.2, retry_s=1.0, missing_s=0.5),
        modules=("fault_processor",),
        say=lambda text: print(text, flush=True),
    )


if __name__ == "__main__":
    main()

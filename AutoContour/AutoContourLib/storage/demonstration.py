"""The whole way once, on this machine: sent, processed without being asked, found, approved, found.

A server of others (Orthanc where it is installed, else a node of our own), the contour server with
two workers and the page for the browser, each a process of its own. A generated patient is sent:
planning CT, later CT and MR. Every step is shown and counted.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from AutoContourLib.storage.orthanc import TITLE, RunningOrthanc, free_port, is_installed
from AutoContourLib.storage.sending import Receiver, send
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
from MedImageLib.errors import InputError, MedImageError

_PATIENCE_S = 1800.0
_SERVER_START_S = 120.0
_QUIET_S = 5.0


class Demonstration:
    """Runs in a folder, which must be empty. say: told each step with its seconds.

    size: voxels (k, j, i) of the generated patient.
    """

    def __init__(
        self,
        out: Path,
        size: tuple[int, int, int] = (48, 80, 80),
        say: Callable[[str], None] = print,
    ) -> None:
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out} is not empty; name another folder.")
        self._out = out.resolve()
        self._size = size
        self._say = say
        self._results = self._out / "results"
        self._archive: _Archive

    def run(self, approve: Callable[[str], object] | None = None) -> bool:
        """Whether every step held.

        approve: what a person does at the page of the browser end, given its address; without it
        the function that the page calls is called. Raises a MedImageError when it fails.
        """
        try:
            with ExitStack() as stack:
                with self._step("a server of others"):
                    self._archive = stack.enter_context(_archive(self._out))
                    self._say(f"  {self._archive.name}")
                with self._step("contour server with two workers"):
                    stack.enter_context(self._contour_server())
                with self._step("browser end"):
                    address = stack.enter_context(self._browser_end())
                with self._step("planning CT, later CT and MR generated and sent"):
                    self._send_patient()
                with self._step("RTSTRUCT, registrations and record found in the server"):
                    wanted = {"RTSTRUCT", "REG", "KO"}
                    self._until(lambda: wanted <= self._archive.modalities().keys(), "results")
                    self._say(f"  {self._archive.modalities()}")
                with self._step("contours approved"):
                    if approve is None:
                        self._approve()
                    else:
                        approve(address)
                with self._step("the approval found in the server's RTSTRUCT"):
                    self._until(self._archive.is_approved, "the approved RTSTRUCT")
        except (MedImageError, OSError, subprocess.SubprocessError) as error:
            self._say(f"  {' '.join(str(error).split())}")
            return False
        return True

    @contextmanager
    def _step(self, text: str) -> Iterator[None]:
        begin = time.monotonic()
        try:
            yield
        except BaseException:
            self._say(f"failed: {text}")
            raise
        self._say(f"{time.monotonic() - begin:6.1f} s  {text}")

    @contextmanager
    def _contour_server(self) -> Iterator[None]:
        self._own_port = self._archive.own_port
        words = ["serve", "-o", str(self._results), "--port", str(self._own_port)]
        words += ["--workers", "2", "--look-back-days", "0", "--keep-free-mb", "100"]
        words += ["--quiet-s", str(_QUIET_S), "--poll-s", "0.5", *self._archive.serve_words]
        with self._process("serve", words, "Page of states: ") as address:
            self._say(f"  page of states {address}")
            yield

    @contextmanager
    def _browser_end(self) -> Iterator[str]:
        self._results.mkdir(parents=True, exist_ok=True)
        words = ["view", str(self._results), "--port", "0"]
        with self._process("view", words, "Studies: ") as address:
            self._say(f"  {address}")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(address, timeout=60) as answer:
                if answer.status != 200:
                    raise InputError(f"The browser end answered with {answer.status}.")
            yield address

    @contextmanager
    def _process(self, name: str, words: list[str], told: str) -> Iterator[str]:
        """A command of ours as a process; the address that it told."""
        log = self._out / f"{name}.log"
        with log.open("wb") as stream:
            command = [sys.executable, "-m", "MedImageLib", *words]
            process = subprocess.Popen(command, stdout=stream, stderr=stream)
        try:
            end = time.monotonic() + _SERVER_START_S
            while told not in (text := log.read_text("utf-8", "replace")):
                if process.poll() is not None or time.monotonic() > end:
                    raise InputError(f"medimage {name} did not start: {text[-500:]}")
                time.sleep(0.1)
            yield text.partition(told)[2].split()[0]
        finally:
            process.terminate()
            process.wait()

    def _send_patient(self) -> None:
        from MedImageLib.phantom.patient import PatientSettings, generate_patient
        from MedImageLib.writing.dicom_image import write_dicom
        from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy

        made = generate_patient(PatientSettings(seed=5, size=self._size))
        study = DicomStudy.of_seed(5)
        images = {"planning-ct": made.planning_ct, "later-ct": made.later_ct, "mr": made.mr}
        files: list[Path] = []
        for number, (word, image) in enumerate(images.items(), start=1):
            # One series a day, so that the first one is known as the planning CT.
            day = dataclasses.replace(study, date=f"202603{10 * number:02d}")
            files += write_dicom(image, self._out / "sent" / word, day, DicomSeries(number=number))
        self._archive.take(self._out / "sent", files, self._own_port)

    def _approve(self) -> None:
        """As the browser end does it when a physician approves every contour."""
        from AutoContourLib.contours.review import reviewed

        folders = [one.parent for one in self._results.glob("cases/*/study/contours/review.json")]
        if not folders:
            raise InputError("No contours to be reviewed were found.")
        for folder in folders:
            reviewed(folder, "Demonstration", approve=["all"])

    def _until(self, true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not true():
            if time.monotonic() > end:
                raise InputError(f"waited in vain for {what}; see {self._out / 'serve.log'}")
            time.sleep(1.0)


class _Archive(ABC):
    """What the demonstration needs of a server of others."""

    name = ""
    own_port = 0
    serve_words: tuple[str, ...] = ()

    @abstractmethod
    def take(self, folder: Path, files: list[Path], own_port: int) -> None:
        """Receive the files of the folder. own_port: of the contour server's node."""

    @abstractmethod
    def objects(self) -> list[Any]:
        """Headers of all that it holds, one for each series."""

    def modalities(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for one in self.objects():
            counts[str(one.Modality)] = counts.get(str(one.Modality), 0) + 1
        return counts

    def is_approved(self) -> bool:
        return any(
            one.Modality == "RTSTRUCT" and one.get("ApprovalStatus") == "APPROVED"
            for one in self.objects()
        )


class _OrthancArchive(_Archive):
    def __init__(self, running: RunningOrthanc, own_port: int) -> None:
        self._running = running
        self.own_port = own_port
        self.name = f"Orthanc, {running.web}, DICOM port {running.dicom_port}"
        self.serve_words = ("--store", running.web, "--store-feed", running.root)

    def take(self, folder: Path, files: list[Path], own_port: int) -> None:
        if shutil.which("storescu"):
            to = ["127.0.0.1", str(self._running.dicom_port)]
            subprocess.run(["storescu", "-aec", TITLE, *to, "+sd", "+r", str(folder)], check=True)
        else:
            send(files, Receiver(TITLE, "127.0.0.1", self._running.dicom_port))

    def objects(self) -> list[Any]:
        from dicomweb_client import DICOMwebClient
        from pydicom.dataset import Dataset

        client = DICOMwebClient(self._running.web)
        found = []
        for series in client.search_for_series():
            header = Dataset.from_json(series)
            if header.Modality == "RTSTRUCT":
                study, uid = str(header.StudyInstanceUID), str(header.SeriesInstanceUID)
                every = client.retrieve_series_metadata(study, uid)
                found += [Dataset.from_json(one) for one in every]
            else:
                found.append(header)
        return found


class _NodeArchive(_Archive):
    """Without Orthanc: images go to the contour server itself, results to a node beside it."""

    def __init__(self, node: StorageNode, own_port: int) -> None:
        self._node = node
        self.own_port = own_port
        self.name = "a node of our own, since Orthanc is not installed"
        self.serve_words = ("--send-to", f"ARCHIVE=127.0.0.1:{node.port}")

    def take(self, folder: Path, files: list[Path], own_port: int) -> None:
        send(files, Receiver("MEDIMAGE", "127.0.0.1", own_port))

    def objects(self) -> list[Any]:
        import pydicom

        return [
            pydicom.dcmread(self._node.folder / one.path, stop_before_pixels=True)
            for one in self._node.index.instances()
        ]


@contextmanager
def _archive(out: Path) -> Iterator[_Archive]:
    own_port = free_port()
    if is_installed():
        with RunningOrthanc(out / "orthanc", own_port=own_port) as running:
            yield _OrthancArchive(running, own_port)
        return
    settings = StorageSettings(ae_title="ARCHIVE", port=0)
    with StorageNode(out / "archive", settings) as node:
        yield _NodeArchive(node, own_port)

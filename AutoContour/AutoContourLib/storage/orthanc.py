"""Orthanc, an open DICOM server, on this machine alone: its configuration, and a running one.

For trials, the demonstration and tests; Debian has it as packages `orthanc` and
`orthanc-dicomweb`. A hospital's Orthanc is configured by its own people.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from MedImageLib.errors import InputError

DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TITLE = "ORTHANC"
_PATIENCE_S = 60.0
_POLL_S = 0.1
_STABLE_AGE_S = 2


def is_installed() -> bool:
    """Whether Orthanc and its DICOMweb plugin are on this machine."""
    return shutil.which("Orthanc") is not None and DICOMWEB_PLUGIN.exists()


def configuration(
    folder: Path, web_port: int, dicom_port: int, own_title: str, own_port: int
) -> dict[str, Any]:
    """Orthanc's configuration: loopback, DICOMweb, and our storage node as a known receiver.

    folder: of its files and index. own_title, own_port: of our node, for C-MOVE.
    """
    return {
        "Name": "MedImage",
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": web_port,
        "DicomPort": dicom_port,
        "DicomAet": TITLE,
        "DicomCheckCalledAet": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "OverwriteInstances": False,
        "SyncStorageArea": True,
        "StableAge": _STABLE_AGE_S,
        "Plugins": [str(DICOMWEB_PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "DicomModalities": {
            "medimage": {
                "AET": own_title,
                "Host": "127.0.0.1",
                "Port": own_port or 11112,
                # Ours asks and stores from other ports, under the same title.
                "AllowFind": True,
                "AllowGet": True,
                "AllowMove": True,
                "AllowStore": True,
            }
        },
    }


class RunningOrthanc:
    """A process of Orthanc over a folder. Ports stay the same when it is started again.

    Raises InputError when it is not installed or does not answer.
    """

    def __init__(self, folder: Path, own_title: str = "MEDIMAGE", own_port: int = 0) -> None:
        if not is_installed():
            raise InputError("Orthanc is not installed: apt-get install orthanc orthanc-dicomweb")
        self.folder = folder
        self.web_port, self.dicom_port = free_port(), free_port()
        folder.mkdir(parents=True, exist_ok=True)
        values = configuration(
            folder / "store", self.web_port, self.dicom_port, own_title, own_port
        )
        (folder / "store").mkdir(exist_ok=True)
        self._configuration = folder / "orthanc.json"
        self._configuration.write_text(json.dumps(values, indent=1), "utf-8")
        self.process: subprocess.Popen[bytes]
        self.start()

    @property
    def web(self) -> str:
        return f"{self.root}/dicom-web"

    @property
    def root(self) -> str:
        """Of Orthanc's own interface."""
        return f"http://127.0.0.1:{self.web_port}"

    def start(self) -> None:
        """Start it, again after it was killed, and wait until it answers."""
        with (self.folder / "orthanc.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["Orthanc", str(self._configuration)], stdout=log, stderr=log
            )
        end = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                raise InputError(f"Orthanc did not start; see {self.folder / 'orthanc.log'}.")
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End it at once, as a kill does; what it has acknowledged stays."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> RunningOrthanc:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.web_port}/system", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    """A TCP port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

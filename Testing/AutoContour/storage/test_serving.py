"""Receive, process, send back, show: with real sockets, requests and processes."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest

from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.delivery import Delivery, Owed
from AutoContourLib.storage.sending import Receiver, SendingError, send
from AutoContourLib.storage.state_page import LONGEST_LIST, PageAccess, StatePage, states
from AutoContourLib.storage.state_page import page as show_page
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
from AutoContourLib.study.store import StudyRecord, StudyStore
from AutoContourLib.study.watch import STORE_FILE
from MedImageLib.errors import SettingsError
from MedImageLib.geometry import Geometry
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomStudy

PATIENCE_S = 240.0
FREE_PORT = StorageSettings(port=0, keep_free_mb=0)


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def head(folder: Path) -> list[Path]:
    """A small head in air as a CT series."""
    _, j, i = np.mgrid[:24, :48, :48]
    inside = np.hypot(j - 24, i - 24) < 18
    array = np.where(inside, 40, -1000)
    array[np.hypot(j - 30, i - 24) < 4] = 700
    noise = np.random.default_rng(1).normal(0, 12, array.shape)
    array = np.maximum(array + noise, -1024).astype(np.int16)
    volume = Volume(array, Geometry(array.shape, (4.0, 4.0, 5.0)), modality="CT")
    return list(write_dicom(volume, folder, DicomStudy.of_seed(3)))


def test_a_refusal_is_told_with_its_status(tmp_path):
    example = head(tmp_path / "ct")[0]
    full = StorageSettings(port=0, keep_free_mb=10**9)
    with StorageNode(tmp_path / "pacs", full) as pacs:
        receiver = Receiver("MEDIMAGE", "127.0.0.1", pacs.port)
        with pytest.raises(SendingError, match="status A700"):
            send([example], receiver)


@pytest.fixture
def page(tmp_path):
    store = StudyStore(tmp_path / STORE_FILE)
    store.put(StudyRecord("a" * 64, "f", "done", folder="cases/a b"))
    store.put(StudyRecord("b" * 64, "f", "parked", 3, "no <b>CT</b> in it"))
    store.close()
    (tmp_path / "cases/a b").mkdir(parents=True)
    (tmp_path / "cases/a b/report.html").write_text("the report")
    (tmp_path / "cases/other").mkdir()
    (tmp_path / "cases/other/report.html").write_text("nobody's")
    (tmp_path / "cases/a b/link").symlink_to(tmp_path / "cases/other/report.html")
    with StatePage(tmp_path) as running:
        yield running


def get(page: StatePage, path: str, host: str = "") -> tuple[int, str]:
    port = int(page.address.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_page_tells_states_and_reasons(page):
    status, text = get(page, "/")
    assert status == 200
    assert "1 ready, needs review, 1 parked" in text
    assert "no &lt;b&gt;CT&lt;/b&gt; in it" in text
    [link] = re.findall(r'href="([^"]+)"', text)
    assert get(page, link) == (200, "the report")


@pytest.mark.parametrize(
    "path",
    [
        "/watch/studies.sqlite",
        "/results/watch/studies.sqlite",
        "/results/cases/other/report.html",
        "/results/cases/a%20b/../other/report.html",
        "/results/cases/a%20b/%2e%2e/other/report.html",
        "/results/cases/a%20b/link",
        "/results/cases/a%20b/",
        "/results//etc/passwd",
    ],
)
def test_nothing_but_results_is_served(page, path):
    assert get(page, path)[0] == 404


def test_pages_from_elsewhere_cannot_ask(page):
    assert get(page, "/", host="evil.example:80")[0] == 403


TOKEN = "a secret of enough characters"


def test_with_a_token_nobody_reads_without_it(page, tmp_path):
    import base64

    with StatePage(tmp_path, PageAccess(token=TOKEN), Audit(tmp_path / "audit")) as guarded:
        port = int(guarded.address.rstrip("/").rpartition(":")[2])
        given = ["", "Bearer wrong", f"Bearer {TOKEN}", "Basic ???"]
        given.append("Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode())
        statuses = []
        for text in given:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/", headers={"Authorization": text} if text else {})
            statuses.append(connection.getresponse().status)
            connection.close()
    assert statuses == [401, 401, 200, 401, 200]
    [written] = (tmp_path / "audit").iterdir()
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    assert [line["status"] for line in lines] == statuses
    assert TOKEN not in written.read_text()


@pytest.mark.parametrize(
    "more",
    [{}, {"token": TOKEN}, {"certificate": "cert.pem"}, {"token": "short", "certificate": "c"}],
)
def test_beyond_this_machine_only_with_certificate_and_token(more):
    with pytest.raises(SettingsError, match="token"):
        PageAccess(host="0.0.0.0", **more)


def test_the_page_stays_short_and_says_what_is_not_sent(tmp_path):
    store = StudyStore(tmp_path / STORE_FILE)
    for number in range(LONGEST_LIST + 20):
        store.put(StudyRecord(f"{number:064d}", "f", "done", folder=f"cases/{number}"))
    store.put(StudyRecord("b" * 64, "f", "parked", 3, "no CT"))
    store.close()
    delivery = Delivery(tmp_path, lambda files: None)
    delivery.owe(Owed("cases/1", "content", "x", ("1",)))
    now = states(tmp_path)
    delivery.close()
    assert now.counts == {"done": LONGEST_LIST + 20, "parked": 1}
    assert len(now.lines) == LONGEST_LIST
    assert now.lines[0].state == "parked"
    assert "1 not yet sent, 500 are shown" in show_page(now)


def test_one_command_receives_processes_sends_back_and_shows(tmp_path):
    """The real command as a process of its own, killed once in between."""
    images = head(tmp_path / "ct")
    out = tmp_path / "out"
    with StorageNode(tmp_path / "pacs", FREE_PORT) as pacs:
        words = ["serve", "-o", str(out), "--port", "0", "--quiet-s", "1", "--poll-s", "0.2"]
        words += ["--retry-s", "1", "--workers", "1", "--keep-free-mb", "0"]
        words += ["--send-to", f"MEDIMAGE=127.0.0.1:{pacs.port}"]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "OMP_NUM_THREADS": "1",
        }

        def started():
            server = subprocess.Popen(
                [sys.executable, "-m", "MedImageLib", *words],
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            assert server.stdout is not None
            port = int(server.stdout.readline().rpartition(":")[2])
            return server, port, server.stdout.readline().rpartition(": ")[2].strip()

        server, port, _ = started()
        send(images[:10], Receiver("MEDIMAGE", "127.0.0.1", port))
        server.kill()
        server.wait()
        server, port, address = started()
        try:
            send(images, Receiver("MEDIMAGE", "127.0.0.1", port))
            until(lambda: "ready, needs review</td>" in _page(address))
            [link] = re.findall(r'href="([^"]+)"', _page(address))
            assert "<html" in _page(address.rstrip("/") + link)
            # Sending goes on beside the page.
            kinds = {"RTSTRUCT", "SEG"}
            until(lambda: kinds & {one.modality for one in pacs.index.instances()})
            sent = [pydicom.dcmread(pacs.folder / one.path) for one in pacs.index.instances()]
            assert {one.Modality for one in sent} & {"RTSTRUCT", "SEG"}
            assert {one.StudyInstanceUID for one in sent} == {
                pydicom.dcmread(images[0]).StudyInstanceUID
            }
        finally:
            server.kill()
            server.wait()


def _page(address: str) -> str:
    from urllib.request import urlopen

    with urlopen(address, timeout=20) as answer:
        return answer.read().decode()

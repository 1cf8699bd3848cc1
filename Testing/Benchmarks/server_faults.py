"""The fault table: what is killed, how often, and what was lost, with real processes and signals.

A contour server with two workers beside a real Orthanc on loopback; small generated studies, a
processor that takes a second and makes one RTSTRUCT. Each row starts from nothing and ends when
Orthanc holds the record of every study; then all is counted. Exit code 0 when nothing was lost.

    python Testing/Benchmarks/server_faults.py [--studies 6] [--rows server worker ...]
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pydicom

sys.path.insert(0, str(Path(__file__).parents[1] / "AutoContour" / "storage"))

from faults import Losses, Proxy, Server, losses, records_in, wait_for
from small_studies import ct_study

from AutoContourLib.storage.orthanc import RunningOrthanc
from AutoContourLib.storage.sending import Receiver, send

ROWS = {
    "nothing": "nothing is killed",
    "server": "SIGKILL of the server while it fetches, processes, delivers",
    "worker": "SIGKILL of a worker",
    "orthanc": "SIGKILL of Orthanc, whose feed is followed, started again 2 s later",
    "web": "DICOMweb or feed connection cut after 0 to 12 kB of answers",
    "association": "C-FIND or C-GET association cut after 0 to 12 kB of answers",
    "folder": "whole output folder deleted, server killed, after the RTSTRUCT, before its record",
    "disk": "disk full for the first 4 images and 4 results",
}
SECONDS = 1.0


def row(kind: str, folder: Path, studies: int, kills: int) -> tuple[int, Losses]:
    """One row of the table: how often it happened, and what was lost."""
    moments = random.Random(kind)
    with RunningOrthanc(folder / "orthanc") as orthanc:
        sent: dict[str, set[str]] = {}
        for number in range(studies):
            files = ct_study(folder / "ct" / str(number), number, slices=12)
            send(files, Receiver("ORTHANC", "127.0.0.1", orthanc.dicom_port))
            images = [pydicom.dcmread(one, stop_before_pixels=True) for one in files]
            sent[images[0].StudyInstanceUID] = {one.SOPInstanceUID for one in images}
        proxy = Proxy(orthanc.dicom_port if kind == "association" else orthanc.web_port)
        if kind in ("web", "association"):
            proxy.break_after = [moments.randrange(200, 12_000) for _ in range(4 * kills)]
        store = f"http://127.0.0.1:{proxy.port}/dicom-web"
        if kind == "association":
            store = f"dicom://ORTHANC@127.0.0.1:{proxy.port}"
        feed = f"http://127.0.0.1:{proxy.port}" if kind in ("orthanc", "web") else ""
        server = Server(folder / "out", store, SECONDS, full_disk=kind == "disk", feed=feed)
        happened = 0
        try:
            if kind == "folder":
                for _ in range(kills):
                    held, proxy.posts_left = proxy.held, 1
                    wait_for(lambda n=held: proxy.held > n, "an RTSTRUCT without its record")
                    server.kill()
                    shutil.rmtree(server.out)
                    proxy.posts_left = None
                    server.start()
                    happened += 1
            elif kind in ("server", "worker", "orthanc"):
                for kill in range(kills):
                    wait_for(lambda n=kill: server.begun() > n, "work")
                    time.sleep(moments.uniform(0.0, 2 * SECONDS))
                    if kind == "server":
                        server.kill()
                        server.start()
                        happened += 1
                    elif kind == "worker":
                        happened += server.kill_a_worker()
                    else:
                        orthanc.stop()
                        time.sleep(2.0)
                        orthanc.start()
                        happened += 1
            wait_for(lambda: records_in(orthanc.web) == studies, "all records")
            time.sleep(1.0)
        finally:
            server.kill()
            proxy.close()
        if kind in ("web", "association"):
            happened = proxy.breaks
        elif kind == "disk":
            happened = 8
        return happened, losses(folder / "out", orthanc.web, sent, server.begun())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=6)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    options = parser.parse_args()
    print(
        "| what | times | studies | begun | images lost | results lost | twice | half written "
        "| not done |\n|---|---|---|---|---|---|---|---|---|"
    )
    well = True
    for kind in options.rows:
        with tempfile.TemporaryDirectory() as place:
            try:
                times, lost = row(kind, Path(place), options.studies, options.kills)
            except TimeoutError as error:
                said = Path(place) / "out.said"
                print(f"| {ROWS[kind]} | {error} |\n{said.read_text()[-2000:]}", flush=True)
                well = False
                continue
        well &= lost.none
        print(
            f"| {ROWS[kind]} | {times} | {lost.studies} | {lost.begun} | {lost.images_lost} | "
            f"{lost.results_lost} | {lost.twice} | {lost.half_written} | {lost.not_done} |",
            flush=True,
        )
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

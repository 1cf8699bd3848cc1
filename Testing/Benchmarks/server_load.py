"""The load table of the contour server: look-ups, receiving, memory, studies an hour, latency.

Processor seconds (`cpu`) are independent of what else the machine does, wall seconds are not.

    python Testing/Benchmarks/server_load.py lookups|receiving|searching|memory|throughput [--real]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pydicom

sys.path.insert(0, str(Path(__file__).parents[1] / "AutoContour" / "storage"))

from small_studies import ct_study

from AutoContourLib.storage.changes_feed import ChangesFeed
from AutoContourLib.storage.dicomweb import DicomWebServer
from AutoContourLib.storage.instance_index import InstanceIndex, StoredInstance, digest_of
from AutoContourLib.storage.instance_store import InstanceStore, StoreLimits, uids_of
from AutoContourLib.storage.orthanc import RunningOrthanc
from AutoContourLib.storage.sending import Receiver, send
from AutoContourLib.storage.serve_settings import ServeSettings
from AutoContourLib.storage.serving import serve
from AutoContourLib.storage.state_page import states
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
from AutoContourLib.study.store import StudyRecord, StudyStore
from AutoContourLib.study.watch import STORE_FILE
from AutoContourLib.study.watch_settings import WatchSettings
from MedImageLib.batch.cases import cases_of
from MedImageLib.reading.scan import scan_folder

HERE = Path(__file__).parents[1] / "AutoContour" / "storage"
FREE_PORT = StorageSettings(port=0, keep_free_mb=0)


def cpu_ms(call: Callable[[], object], times: int) -> float:
    """Processor milliseconds of one call, median of five rounds."""
    rounds = []
    for _ in range(5):
        begin = time.process_time()
        for _ in range(times):
            call()
        rounds.append((time.process_time() - begin) / times * 1000)
    return float(np.median(rounds))


def lookups(_: argparse.Namespace) -> None:
    """Look-ups in the ledger and the index by their size."""
    print("| rows | ledger: one study, ms | index: one instance, ms | what is new, ms | page, ms |")
    print("|---|---|---|---|---|")
    for rows in (10**2, 10**4, 10**6):
        with tempfile.TemporaryDirectory() as place:
            values = " | ".join(f"{value:.3f}" for value in looked_up(rows, Path(place)))
            print(f"| {rows} | {values} |", flush=True)


def looked_up(rows: int, out: Path) -> tuple[float, ...]:
    records = StudyStore(out / STORE_FILE)
    fill(records._connection, "studies", (study_row(n) for n in range(rows)))
    index = InstanceIndex(out / "index.sqlite")
    fill(index._connection, "instances", (instance_row(n) for n in range(rows)))
    mark, _ = index.changed_since(0)
    key, uid = digest_of(str(rows // 2)), f"1.2.{rows // 2}"
    found = (
        cpu_ms(lambda: records.record(key), 200),
        cpu_ms(lambda: index.find(uid), 200),
        cpu_ms(lambda: index.changed_since(mark), 200),
        cpu_ms(lambda: states(out), 1),
    )
    records.close()
    index.close()
    return found


def fill(connection, table: str, rows) -> None:
    connection.execute("BEGIN")
    first = next(rows)
    marks = ", ".join("?" * len(first))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", first)
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    connection.execute("COMMIT")


def study_row(number: int) -> tuple:
    record = StudyRecord(digest_of(str(number)), "f" * 64, "done", 0, "", f"cases/{number}/study")
    return tuple(vars(record).values())


def instance_row(number: int) -> tuple:
    one = StoredInstance(
        f"1.2.{number}", "1.2.840.10008.5.1.4.1.1.2", f"1.3.{number // 100}",
        f"1.4.{number // 200}", f"{number // 200}/{number}.dcm", "a" * 64,
        "2026-01-01T00:00:00.000000+00:00", 525_000, "CT", "b" * 16, "20260101120000",
    )  # fmt: skip
    return tuple(vars(one).values())


def receiving(_: argparse.Namespace) -> None:
    """CT slices of 512 x 512, each safe on the disk before it is acknowledged."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        [path] = ct_study(folder / "ct", 1, slices=1)
        image = pydicom.dcmread(path)
        image.Rows = image.Columns = 512
        image.PixelData = np.zeros((512, 512), np.int16).tobytes()
        files = []
        for number in range(200):
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"
            files.append(folder / f"{number}.dcm")
            image.save_as(files[-1])
        with StorageNode(folder / "store", FREE_PORT) as node:
            wall, cpu = time.monotonic(), time.process_time()
            send(files, Receiver("MEDIMAGE", "127.0.0.1", node.port))
            wall, cpu = time.monotonic() - wall, time.process_time() - cpu
            [study] = node.index.studies()
            planned = cpu_ms(lambda: cases_of(scan_folder(node.folder / study.folder)), 1)
    print(
        f"{len(files)} slices of 512 x 512: {len(files) / wall:.0f} /s wall, "
        f"{cpu / len(files) * 1000:.1f} ms cpu each (sender and receiver); "
        f"headers and content hash of the study {planned:.0f} ms cpu"
    )


def searching(options: argparse.Namespace) -> None:
    """One look at an Orthanc of so many studies in which nothing is new: listed, or by the feed."""
    print("| studies | listed, ms wall | ms cpu of ours | by the feed, ms wall | ms cpu of ours |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place, RunningOrthanc(Path(place) / "o") as running:
        to, sent = Receiver("ORTHANC", "127.0.0.1", running.dicom_port), 0
        for count in (options.studies // 10, options.studies):
            while sent < count:
                send(ct_study(Path(place) / "ct" / str(sent), sent, slices=1), to)
                sent += 1
            time.sleep(3.0)  # until nothing is new
            web, feed = DicomWebServer(running.web), ChangesFeed(running.root)
            feed.skip()
            row = [count]
            for look in (partial(web.studies, None), feed.changed):
                wall = [timed(look) for _ in range(10)]
                row += [round(float(np.median(wall)), 1), round(cpu_ms(look, 2), 1)]
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


def timed(call: Callable[[], object]) -> float:
    begin = time.monotonic()
    call()
    return (time.monotonic() - begin) * 1000


def memory(options: argparse.Namespace) -> None:
    """Resident memory of the server while studies go through it, one tiny study after the other."""
    print("| studies | resident memory of the server, MB | workers, MB |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"FAKE_LOG": f"{place}/log", "FAKE_SECONDS": "0"}
        out, over = Path(place) / "out", threading.Event()
        with InstanceStore(out / "store", StoreLimits(0)):
            pass
        shown = 0

        def go_on() -> bool:
            nonlocal shown
            done = states(out).counts.get("done", 0)
            if done >= shown:
                own = psutil.Process()
                held = [one.memory_info().rss for one in own.children(recursive=True)]
                print(f"| {done} | {own.memory_info().rss / 1e6:.0f} | "
                      f"{', '.join(f'{one / 1e6:.0f}' for one in held)} |", flush=True)  # fmt: skip
                shown += max(1, options.studies // 10)
            return not over.is_set() and done < options.studies

        started: list[int] = []

        def say(text: str) -> None:
            if text.startswith("DICOM node"):
                started.append(int(text.rpartition(":")[2]))
                threading.Thread(target=send_all, args=(started[0],), daemon=True).start()

        def send_all(port: int) -> None:
            for number in range(options.studies):
                files = ct_study(Path(place) / "ct" / str(number), number, slices=3)
                send(files, Receiver("MEDIMAGE", "127.0.0.1", port))

        serve(
            out, ServeSettings(workers=options.workers), FREE_PORT,
            WatchSettings(quiet_s=0.3, poll_s=0.05, missing_s=0.3), ("fault_processor",),
            go_on=go_on, say=say,
        )  # fmt: skip


def throughput(options: argparse.Namespace) -> None:
    """Studies an hour with 1 and 2 workers, and seconds from the last slice to the result.

    Without --real each takes five seconds of waiting, so that what is measured is the server's own.
    """
    print("| workers | studies | wall s | studies/h | cpu s a study | last slice to result, s |")
    print("|---|---|---|---|---|---|")
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as place:
            os.environ |= {"FAKE_LOG": f"{place}/log", "FAKE_SECONDS": "5"}
            folder, out = Path(place), Path(place) / "out"
            quiet = WatchSettings(quiet_s=1.0, poll_s=0.2, missing_s=1.0)
            times: dict[str, float] = {}
            arrived: dict[str, float] = {}
            with InstanceStore(out / "store", StoreLimits(0)) as store:
                for number in range(options.studies):
                    keep_study(store, folder / "ct" / str(number), number, options.real)
                for study in store.index.studies():
                    arrived[study.folder] = 0.0

            def say(text: str, times=times) -> None:
                key, _, rest = text.partition(": ")
                if rest.startswith("done"):
                    times[key] = time.monotonic()

            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            begin = time.monotonic()
            serve(
                out, ServeSettings(workers=workers), FREE_PORT, replace(quiet, once=True),
                **({} if options.real else {"modules": ("fault_processor",)}), say=say,
            )  # fmt: skip
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime
            wall = max(times.values()) - begin
            first = min(times.values()) - begin
            print(
                f"| {workers} | {len(times)} | {wall:.0f} | {len(times) / wall * 3600:.0f} | "
                f"{cpu / len(times):.1f} | {first:.1f} (with the start of the workers) |",
                flush=True,
            )


def keep_study(store: InstanceStore, folder: Path, seed: int, real: bool) -> None:
    if real:
        from MedImageLib.phantom.patient import PatientSettings, generate_patient
        from MedImageLib.writing.dicom_image import write_dicom
        from MedImageLib.writing.dicom_study import DicomStudy

        made = generate_patient(PatientSettings(seed=seed, size=(48, 80, 80)))
        files = list(write_dicom(made.planning_ct, folder, DicomStudy.of_seed(seed)))
    else:
        files = ct_study(folder, seed)
    for path in files:
        header = pydicom.dcmread(path)
        uids = uids_of(header)
        assert uids is not None
        store.keep(header, uids, path.read_bytes())


def main() -> int:
    ways = {one.__name__: one for one in (lookups, receiving, searching, memory, throughput)}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("way", choices=ways)
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--real", action="store_true", help="the real processing of a small CT")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), *(one for one in sys.path if one)])
    ways[options.way](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())

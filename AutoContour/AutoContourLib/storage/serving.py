"""One command that does it all: receive, process without being asked, send back, show the states.

Storage node, watcher and page share a folder and nothing else; each can be killed and started
again at any moment.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from AutoContourLib.storage.sending import Receiver, SendingWorker
from AutoContourLib.storage.state_page import StatePage
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings, addresses
from AutoContourLib.study.source import FolderSource
from AutoContourLib.study.watch import watch
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import BatchWorker, StudyWorker
from MedImageLib.batch.settings import BatchSettings

STORE = "store"


def serve(
    out: Path,
    storage: StorageSettings,
    watching: WatchSettings,
    batch: BatchSettings,
    page_port: int = 0,
    go_on: Callable[[], bool] = lambda: True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve until `go_on` says no. What is received lies in out/store, results in out/cases.

    Raises InputError when a port is taken or another watcher writes into `out`.
    """
    worker: StudyWorker = BatchWorker(out, batch)
    for title, (host, port) in addresses(storage.send_to, "send_to").items():
        worker = SendingWorker(worker, out, Receiver(title, host, port, storage.ae_title))
    with StorageNode(out / STORE, storage) as node, StatePage(out, page_port) as page:
        say(f"DICOM node {storage.ae_title} at {storage.host}:{node.port}")
        say(f"Page of states: {page.address}")
        watch(FolderSource(out / STORE), worker, out, watching, go_on=go_on, say=say)

"""One command that does it all: receive or fetch, process, give back, show the states.

The storage node, the exchange with another server, the dispatcher with its workers and the page
share folders and SQLite files and nothing else; each can be killed and started again at any moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.delivery import Delivery
from AutoContourLib.storage.dispatching import Dispatcher, Surroundings
from AutoContourLib.storage.exchanging import Exchange
from AutoContourLib.storage.mirroring import Feed, Mirror
from AutoContourLib.storage.open_studies import OpenStudies
from AutoContourLib.storage.processing_record import record_instance_uid, record_series_uid
from AutoContourLib.storage.remote_server import RemoteServer, server_address
from AutoContourLib.storage.sending import Receiver, send
from AutoContourLib.storage.serve_settings import ServeSettings
from AutoContourLib.storage.state_page import PageAccess, StatePage
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings, addresses
from AutoContourLib.study.store import StudyStore
from AutoContourLib.study.watch import STORE_FILE
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import MODULES
from MedImageLib.batch.ledger import OneRun
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.batch.standing import StandingBatch
from MedImageLib.errors import SettingsError

STORE, AUDIT = "store", "audit"
_LONGEST_PAUSE_S = 1.0  # between two looks at the workers


def serve(
    out: Path,
    settings: ServeSettings,
    storage: StorageSettings,
    watching: WatchSettings,
    modules: Sequence[str] = MODULES,
    processing: Mapping[str, Mapping[str, Any]] | None = None,
    go_on: Callable[[], bool] = lambda: True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve until `go_on` says no, or all is done where `watching.once`.

    What is received lies in out/store, results in out/cases, accesses in out/audit. processing:
    values other than the defaults, by processor. Raises
    InputError when a port is taken or another server writes into `out`, SettingsError for
    settings that cannot be.
    """
    server = _server(settings, storage)
    deliver_to = _receiver(server, storage)
    access = PageAccess(
        settings.page_host,
        settings.page_port,
        _secret(settings.page_token, "page_token"),
        settings.page_certificate,
        settings.page_key,
    )
    batch_settings = BatchSettings(
        workers=settings.workers,
        scheduler=None if settings.scheduler == "local" else settings.scheduler,
        time_limit_s=settings.time_limit_s,
        memory_limit_mb=settings.memory_limit_mb,
    )
    with ExitStack() as stack:
        stack.enter_context(OneRun(out / "watch"))
        audit = Audit(out / AUDIT)
        records = StudyStore(out / STORE_FILE)
        stack.callback(records.close)
        batch = stack.enter_context(
            StandingBatch(out, batch_settings, processing, modules, watching.screening)
        )
        node = stack.enter_context(StorageNode(out / STORE, storage, audit=audit))
        page = stack.enter_context(StatePage(out, access, audit))
        say(f"DICOM node {storage.ae_title} at {storage.host}:{node.port}")
        say(f"Page of states: {page.address}")
        delivery = mirror = None
        if deliver_to is not None:
            delivery = Delivery(out, deliver_to)
            stack.callback(delivery.close)
        if server is not None:
            mirror = Mirror(
                server,
                node.store,
                watching.quiet_s,
                settings.look_back_days,
                feed=_feed(settings),
            )
        studies = OpenStudies(node.store, records)
        around = Surroundings(
            owe=delivery.owe if delivery else Surroundings.owe,
            processed_before=_asks(server) if server else Surroundings.processed_before,
            say=say,
        )
        dispatcher = Dispatcher(node.folder, studies, records, batch, watching, around)
        exchange = stack.enter_context(Exchange(mirror, delivery, watching.poll_s, say))
        while go_on():
            begun = exchange.turns
            left = dispatcher.turn()
            if watching.once and not left and begun and not (delivery and delivery.waiting()):
                return
            time.sleep(min(watching.poll_s, _LONGEST_PAUSE_S))


def _server(settings: ServeSettings, storage: StorageSettings) -> RemoteServer | None:
    if not settings.store:
        return None
    address = server_address(settings.store)
    if address.kind == "web":
        from AutoContourLib.storage.dicomweb import DicomWebServer

        secret = _secret(settings.store_secret, "store_secret")
        return DicomWebServer(address.address, secret, settings.store_authority)
    from AutoContourLib.storage.query_retrieve import QueryServer

    return QueryServer(address, storage.ae_title)


def _feed(settings: ServeSettings) -> Feed | None:
    if not settings.store_feed:
        return None
    if server_address(settings.store_feed).kind != "web":
        raise SettingsError(f"store_feed: {settings.store_feed!r} is not http://HOST:PORT.")
    from AutoContourLib.storage.changes_feed import ChangesFeed

    secret = _secret(settings.store_secret, "store_secret")
    return ChangesFeed(settings.store_feed, secret, settings.store_authority)


def _receiver(
    server: RemoteServer | None, storage: StorageSettings
) -> Callable[[Sequence[Path]], object] | None:
    """Where results go: to who is named for them, else back to the server searched."""
    for title, (host, port) in addresses(storage.send_to, "send_to").items():
        receiver = Receiver(title, host, port, storage.ae_title)
        return lambda files: send(files, receiver)
    return None if server is None else server.store


def _asks(server: RemoteServer) -> Callable[[str, Sequence[str], str], bool]:
    def processed_before(study: str, instances: Sequence[str], content_sha256: str) -> bool:
        series = record_series_uid(study, instances)
        return server.has(study, series, record_instance_uid(study, content_sha256))

    return processed_before


def _secret(path: str, name: str) -> str:
    """The content of a file that others should not be able to read."""
    if not path:
        return ""
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: {path} cannot be read ({type(error).__name__}).") from error
    if not text or "\n" in text:
        raise SettingsError(f"{name}: {path} must hold one line.")
    return text

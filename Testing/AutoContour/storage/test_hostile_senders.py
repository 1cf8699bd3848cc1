"""Senders that mean no good, or many at a time: the node stays up and keeps nothing of theirs."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time

import numpy as np
import pytest

from AutoContourLib.storage import storage_node
from AutoContourLib.storage.audit import Audit
from AutoContourLib.storage.connections import LARGEST_PDU_BYTES
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
from MedImageLib.errors import SettingsError
from Testing.AutoContour.storage.small_studies import until
from Testing.AutoContour.storage.test_storage_node import association, ct_slice, send


@pytest.fixture
def guarded(tmp_path):
    settings = StorageSettings(port=0, keep_free_mb=0, silence_s=2, max_object_mb=1)
    with StorageNode(tmp_path / "store", settings, audit=Audit(tmp_path / "audit")) as node:
        yield node


def closed(port: int, content: bytes, patience_s: float = 30.0) -> bool:
    """Whether the node ends a connection on which just these bytes come."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
        connection.sendall(content)
        try:
            while connection.recv(4096):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">BBL", 1, 0, 0xFFFFFFFF),
        struct.pack(">BBL", 4, 0, LARGEST_PDU_BYTES + 1) + b"\0" * 100,
        struct.pack(">BBL", 1, 0, 200) + b"\0" * 200,
        struct.pack(">BBL", 0x55, 0, 10) + b"\0" * 10,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"x" * 300,
        os.urandom(4096),
        b"\1",
        struct.pack(">BBL", 1, 0, 1000) + b"half of it",
    ],
    ids=["4 GB", "large", "zeros", "unknown", "http", "noise", "one byte", "half"],
)
def test_what_is_no_association_is_ended(guarded, content):
    assert closed(guarded.port, content)
    assert send(guarded.port, ct_slice()) == [0]


def test_an_object_that_is_too_large_is_cut_off_before_it_is_whole(guarded):
    image = ct_slice()
    image.Rows = image.Columns = 2048
    image.PixelData = np.zeros((2048, 2048), np.uint16).tobytes()
    opened = association(guarded.port)
    assert "Status" not in opened.send_c_store(image)
    until(lambda: not opened.is_established)
    assert guarded.index.instances() == []
    assert send(guarded.port, ct_slice()) == [0]


def test_a_study_that_grows_too_large_is_refused(tmp_path):
    settings = StorageSettings(port=0, keep_free_mb=0, max_study_mb=1)
    with StorageNode(tmp_path, settings) as node:
        images = [ct_slice(number=n) for n in range(3)]
        for image in images:
            image.Rows = image.Columns = 450
            image.PixelData = np.zeros((450, 450), np.uint16).tobytes()
        assert send(node.port, *images) == [0, 0, storage_node.OUT_OF_RESOURCES]
        assert len(node.index.instances()) == 2
        assert send(node.port, ct_slice("1.9")) == [0]


def test_fifty_senders_at_once(tmp_path):
    """All fifty associations are open before the first of them sends."""
    statuses: list[int] = []
    all_open = threading.Barrier(50, timeout=120)

    def one(number: int, port: int) -> None:
        opened = association(port)
        while not opened.is_established:
            time.sleep(0.2)  # too many at one moment for the port; senders come again
            opened = association(port)
        all_open.wait()
        for part in range(2):
            statuses.append(
                opened.send_c_store(ct_slice(f"1.2.{number}", 10 * number + part)).Status
            )
        opened.release()

    with StorageNode(tmp_path, StorageSettings(port=0, keep_free_mb=0)) as node:
        threads = [threading.Thread(target=one, args=(n, node.port)) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [0] * 100
        assert len(node.index.studies()) == 50
        assert len(node.index.instances()) == 100


def test_who_comes_when_no_more_are_let_in_is_told_and_served_later(tmp_path):
    settings = StorageSettings(port=0, keep_free_mb=0, max_associations=2)
    with StorageNode(tmp_path, settings) as node:
        opened = [association(node.port) for _ in range(2)]
        assert all(one.is_established for one in opened)
        assert not association(node.port).is_established
        opened[0].release()
        until(lambda: association(node.port).is_established)


def test_every_association_leaves_a_line_without_a_name(guarded, tmp_path):
    send(guarded.port, ct_slice(), ct_slice(number=2))
    assert association(guarded.port, called="OTHER").is_rejected
    opened = association(guarded.port, calling='BAD"TITLE')
    opened.abort()
    folder = tmp_path / "audit"

    def lines():
        text = "".join(path.read_text() for path in folder.iterdir())
        assert "Anna" not in text
        assert "1.2.3" not in text
        return [json.loads(line) for line in text.splitlines()]

    until(lambda: len(lines()) == 3)
    stored, rejected, aborted = lines()
    assert (stored["ended"], stored["stored"], stored["title"]) == ("released", 2, "SCANNER")
    assert rejected["ended"] == "rejected"
    assert aborted["title"] == "BAD?TITLE"
    assert all(line["address"] == "127.0.0.1" for line in lines())


def test_beyond_this_machine_only_with_tls_or_a_word_and_names():
    with pytest.raises(SettingsError, match="other machines"):
        StorageSettings(host="0.0.0.0")
    with pytest.raises(SettingsError, match="other machines"):
        StorageSettings(host="0.0.0.0", plain=True)
    assert StorageSettings(host="0.0.0.0", plain=True, allowed="SCANNER").plain
    assert StorageSettings(host="0.0.0.0", certificate="c.pem", key="k.pem").port == 11112

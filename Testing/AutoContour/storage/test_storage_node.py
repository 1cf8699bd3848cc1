"""The storage server with real senders over real sockets, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

from AutoContourLib.storage import storage_node
from AutoContourLib.storage.instance_index import place_of
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
from MedImageLib.errors import InputError, SettingsError

PATIENCE_S = 60.0
FREE_PORT = StorageSettings(port=0, keep_free_mb=0)


def ct_slice(study: str = "1.2.3", number: int = 1, value: int = 0) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = f"{study}.5.{number}"
    image.StudyInstanceUID = study
    image.SeriesInstanceUID = f"{study}.4"
    image.PatientName = "Nobody^Anna"
    image.Modality = "CT"
    image.Rows = image.Columns = 16
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.SamplesPerPixel, image.PixelRepresentation = 15, 1, 0
    image.PhotometricInterpretation = "MONOCHROME2"
    image.PixelData = np.full((16, 16), value, np.uint16).tobytes()
    return image


def association(node_port: int, called: str = "MEDIMAGE", calling: str = "SCANNER", **more):
    entity = AE(ae_title=calling)
    entity.add_requested_context(CTImageStorage, [ExplicitVRLittleEndian])
    entity.add_requested_context(CTImageStorage, [JPEG2000Lossless])
    entity.add_requested_context(Verification)
    entity.add_requested_context(StorageCommitmentPushModel)
    return entity.associate("127.0.0.1", node_port, ae_title=called, **more)


def send(port: int, *images: Dataset) -> list[int]:
    opened = association(port)
    assert opened.is_established
    statuses = [opened.send_c_store(image).Status for image in images]
    opened.release()
    return statuses


def until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def node(tmp_path):
    with StorageNode(tmp_path / "store", FREE_PORT) as running:
        yield running


def test_what_is_sent_lies_there_as_it_was(node):
    image = ct_slice(value=7)
    assert send(node.port, image) == [0]
    [stored] = node.index.instances()
    read = pydicom.dcmread(node.folder / stored.path)
    assert read == image
    assert np.all(read.pixel_array == 7)
    assert [study.instances for study in node.index.studies()] == [1]
    names = " ".join(str(path) for path in node.folder.rglob("*"))
    assert "Anna" not in names
    assert "1.2.3" not in names


def test_another_program_sends_a_folder(node, tmp_path):
    for number in range(3):
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        ct_slice(number=number).save_as(folder / f"{number}.dcm", enforce_file_format=True)
    command = [sys.executable, "-m", "pynetdicom", "storescu", "127.0.0.1", str(node.port)]
    done = subprocess.run(
        [*command, str(tmp_path / "out"), "-aec", "MEDIMAGE", "-q"], check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0
    assert len(node.index.instances()) == 3


def test_compressed_pixels_stay_compressed(node):
    image = ct_slice()
    image.file_meta.TransferSyntaxUID = JPEG2000Lossless
    image.PixelData = pydicom.encaps.encapsulate([b"not really a codestream!"])
    image["PixelData"].VR = "OB"
    assert send(node.port, image) == [0]
    [stored] = node.index.instances()
    read = pydicom.dcmread(node.folder / stored.path)
    assert read.file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert read.PixelData == image.PixelData


def test_echo_and_names(tmp_path):
    settings = StorageSettings(port=0, allowed="SCANNER, PACS")
    with StorageNode(tmp_path, settings) as node:
        opened = association(node.port)
        assert opened.send_c_echo().Status == 0
        opened.release()
        assert association(node.port, called="OTHER").is_rejected
        assert association(node.port, calling="STRANGER").is_rejected


def test_the_same_twice_is_once_and_a_changed_one_replaces_nothing(node):
    heard = []
    node.store.arrived = heard.append
    assert send(node.port, ct_slice(value=1), ct_slice(value=1), ct_slice(value=2)) == [0, 0, 0]
    assert len(heard) == 1
    [stored] = node.index.instances()
    assert np.all(pydicom.dcmread(node.folder / stored.path).pixel_array == 1)
    assert len(list(node.folder.glob("*/*"))) == 1


def test_an_identifier_that_is_none_is_refused(node):
    image = ct_slice()
    image.StudyInstanceUID = "../../outside"
    with pytest.warns(UserWarning, match="Invalid value"):
        assert send(node.port, image) == [storage_node.DOES_NOT_MATCH]
    assert node.index.instances() == []


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path):
    with StorageNode(tmp_path, StorageSettings(port=0, keep_free_mb=10**9)) as node:
        assert send(node.port, ct_slice()) == [storage_node.OUT_OF_RESOURCES]
        assert list(node.folder.glob("*/*")) == []


def test_a_disk_that_fills_while_writing(node, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        assert send(node.port, ct_slice()) == [storage_node.OUT_OF_RESOURCES]
    assert list(node.folder.glob("*/*")) == []
    assert send(node.port, ct_slice()) == [0]


def test_a_lost_index_is_made_again(node, tmp_path):
    send(node.port, ct_slice(number=1), ct_slice(number=2), ct_slice("1.9", 3))
    before = {vars(one)["sop_instance_uid"]: one.sha256 for one in node.index.instances()}
    copy = tmp_path / "copy"
    shutil.copytree(node.folder, copy, ignore=shutil.ignore_patterns(".index.sqlite*"))
    next(copy.glob("*/*")).with_name("note.dcm").write_text("no image")
    with StorageNode(copy, FREE_PORT) as again:
        found = {one.sop_instance_uid: one.sha256 for one in again.index.instances()}
    assert found == before


@pytest.mark.parametrize("own_way", [False, True])
def test_commitment_promises_only_what_is_there_and_unchanged(tmp_path, own_way):
    reports = []

    def report(event):
        reports.append((event.event_type, event.event_information))
        return 0x0000, None

    heard = [(evt.EVT_N_EVENT_REPORT, report)]
    listener, peers = None, ""
    if own_way:
        entity = AE(ae_title="SCANNER")
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        listener = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=heard)
        peers = f"SCANNER=127.0.0.1:{listener.server_address[1]}"
    settings = StorageSettings(port=0, keep_free_mb=0, peers=peers)
    with StorageNode(tmp_path, settings) as node:
        good, spoiled, never = (ct_slice(number=n) for n in (1, 2, 3))
        send(node.port, good, spoiled)
        path = tmp_path / place_of(spoiled.StudyInstanceUID, spoiled.SOPInstanceUID)
        path.write_bytes(path.read_bytes()[:-2] + b"!!")
        request = Dataset()
        request.TransactionUID = generate_uid()
        request.ReferencedSOPSequence = []
        for image in (good, spoiled, never):
            item = Dataset()
            item.ReferencedSOPClassUID = image.SOPClassUID
            item.ReferencedSOPInstanceUID = image.SOPInstanceUID
            request.ReferencedSOPSequence.append(item)
        role = build_role(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        opened = association(node.port, ext_neg=[role], evt_handlers=[] if own_way else heard)
        status, _ = opened.send_n_action(
            request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        assert status.Status == 0
        until(lambda: reports)
        opened.release()
    if listener is not None:
        listener.shutdown()
    [(kind, answer)] = reports
    assert kind == 2
    assert answer.TransactionUID == request.TransactionUID
    safe = [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence]
    failed = {i.ReferencedSOPInstanceUID: i.FailureReason for i in answer.FailedSOPSequence}
    assert safe == [good.SOPInstanceUID]
    assert failed == {spoiled.SOPInstanceUID: 0x0110, never.SOPInstanceUID: 0x0112}


SERVER = """
import sys, time
from pathlib import Path
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
node = StorageNode(Path(sys.argv[1]), StorageSettings(port=0, keep_free_mb=0))
print(node.port, flush=True)
time.sleep(600)
"""


def test_what_was_acknowledged_survives_kills(tmp_path):
    """Killed three times while it receives; in the end all is there, once, and whole."""
    images = [ct_slice(f"1.2.{n % 3}", n, n) for n in range(60)]
    acknowledged: set[str] = set()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    for life in range(4):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        )
        assert server.stdout is not None
        opened = association(int(server.stdout.readline()))
        left = [image for image in images if image.SOPInstanceUID not in acknowledged]
        for count, image in enumerate(left):
            if life < 3 and count == 11 + life:
                server.send_signal(signal.SIGKILL)
                server.wait()
            try:
                status = opened.send_c_store(image)
            except (RuntimeError, ValueError):
                break
            if status.get("Status") != 0:
                break
            acknowledged.add(image.SOPInstanceUID)
        opened.abort()
        server.kill()
        server.wait()
    assert acknowledged == {image.SOPInstanceUID for image in images}
    with StorageNode(tmp_path, FREE_PORT) as node:
        stored = node.index.instances()
        assert {one.sop_instance_uid for one in stored} == acknowledged
        for one in stored:
            number = int(one.sop_instance_uid.rsplit(".", 1)[1])
            assert np.all(pydicom.dcmread(node.folder / one.path).pixel_array == number)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_with_a_certificate_only_tls_gets_through(tmp_path):
    import ssl

    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -out {certificate}"
    subprocess.run(["openssl", *made.split(), "-keyout", str(key)], check=True, capture_output=True)
    settings = StorageSettings(port=0, keep_free_mb=0, certificate=str(certificate), key=str(key))
    with StorageNode(tmp_path / "store", settings) as node:
        trusted = ssl.create_default_context(cafile=str(certificate))
        trusted.check_hostname = False
        opened = association(node.port, tls_args=(trusted, "localhost"))
        assert opened.is_established
        assert opened.send_c_store(ct_slice()).Status == 0
        opened.release()
        assert not association(node.port).is_established


def test_settings_that_cannot_be_are_refused_in_words(tmp_path):
    with pytest.raises(SettingsError, match="application entity title"):
        StorageSettings(ae_title="a title that is far too long")
    with pytest.raises(SettingsError, match="TITLE=HOST:PORT"):
        _ = StorageSettings(peers="PACS=somewhere").peer_addresses
    with pytest.raises(SettingsError, match="certificate and key"):
        StorageSettings(certificate="cert.pem")
    with pytest.raises(InputError, match=r"none\.pem"):
        StorageNode(tmp_path, StorageSettings(port=0, certificate="none.pem", key="none.pem"))
    with (
        StorageNode(tmp_path / "a", FREE_PORT) as node,
        pytest.raises(InputError, match=str(node.port)),
    ):
        StorageNode(tmp_path / "b", StorageSettings(port=node.port))

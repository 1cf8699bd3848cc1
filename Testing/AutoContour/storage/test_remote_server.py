"""Search, fetch and store in a real Orthanc, by DICOMweb and by the older services."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date

import pydicom
import pytest

from AutoContourLib.storage.changes_feed import ChangesFeed
from AutoContourLib.storage.dicomweb import DicomWebServer
from AutoContourLib.storage.mirroring import Mirror
from AutoContourLib.storage.orthanc import free_port
from AutoContourLib.storage.processing_record import (
    record_instance_uid,
    record_series_uid,
    write_record,
)
from AutoContourLib.storage.query_retrieve import QueryServer
from AutoContourLib.storage.remote_server import ServerError, server_address
from AutoContourLib.storage.sending import Receiver, send
from AutoContourLib.storage.storage_node import StorageNode
from AutoContourLib.storage.storage_settings import StorageSettings
from MedImageLib.errors import SettingsError
from Testing.AutoContour.storage.small_studies import ct_study, until

WAYS = ("web", "get", "move")


def server_of(orthanc, way: str):
    if way == "web":
        return DicomWebServer(orthanc.web)
    return QueryServer(server_address(f"dicom://ORTHANC@127.0.0.1:{orthanc.dicom_port}/{way}"))


@pytest.mark.parametrize(("way", "seed"), [("web", 101), ("get", 102), ("move", 103)])
def test_a_study_is_found_fetched_and_its_record_stored(orthanc, way, seed, tmp_path):
    running, own_port = orthanc
    files = ct_study(tmp_path / "ct", seed)
    if shutil.which("storescu"):
        command = ["storescu", "-aec", "ORTHANC", "127.0.0.1", str(running.dicom_port), "+sd"]
        subprocess.run([*command, str(tmp_path / "ct")], check=True, timeout=60)
    else:
        send(files, Receiver("ORTHANC", "127.0.0.1", running.dicom_port))
    originals = {str(one.SOPInstanceUID): one for one in (pydicom.dcmread(path) for path in files)}
    study = str(next(iter(originals.values())).StudyInstanceUID)
    server = server_of(running, way)

    [listed] = [one for one in server.studies(None) if one.study_instance_uid == study]
    assert listed.modalities == ("CT",)
    assert listed.instances == len(files)
    assert study in {one.study_instance_uid for one in server.studies(date(2026, 1, 1))}
    assert study not in {one.study_instance_uid for one in server.studies(date(2026, 1, 2))}
    images = server.images(study)
    assert [one.sop_instance_uid for one in images] == sorted(originals)

    with StorageNode(tmp_path / "node", StorageSettings(port=own_port, keep_free_mb=0)) as node:
        mirror = Mirror(server, node.store, quiet_s=0.0, look_back_days=0)
        mirror.turn()
        stored = node.index.of_study(study)
        assert [one.sop_instance_uid for one in stored] == sorted(originals)
        for one in stored:
            found = pydicom.dcmread(node.folder / one.path)
            assert found == originals[one.sop_instance_uid]
        assert mirror.turn() == 0
        source = node.folder / stored[0].path

        uids = sorted(originals)
        series, instance = record_series_uid(study, uids), record_instance_uid(study, "content")
        assert not server.has(study, series)
        record = write_record([], source, uids, "content", tmp_path / "record.dcm")
        server.store([record])
        server.store([record])  # after a kill it may come twice
        assert server.has(study, series)
        assert server.has(study, series, instance)
        assert not server.has(study, series, record_instance_uid(study, "other content"))
        [again] = [one for one in server.studies(None) if one.study_instance_uid == study]
        assert again.instances == len(files) + 1
        assert server.images(study) == images

    # All that was here is lost: the record in the server tells.
    with StorageNode(tmp_path / "new", StorageSettings(port=0, keep_free_mb=0)) as node:
        Mirror(server, node.store, quiet_s=0.0, look_back_days=0).turn()
        assert node.index.of_study(study) == []


def test_the_feed_tells_of_what_is_new_and_of_what_has_grown(orthanc, tmp_path):
    running, _ = orthanc
    to = Receiver("ORTHANC", "127.0.0.1", running.dicom_port)
    feed = ChangesFeed(running.root)
    first, *others = ct_study(tmp_path / "ct", 104)
    study = str(pydicom.dcmread(first).StudyInstanceUID)
    feed.skip()
    send([first], to)
    assert feed.changed() == (study,)
    until(lambda: study in (feed.changed() or ()))  # stable
    assert feed.changed() == ()
    send(others, to)
    until(lambda: study in (feed.changed() or ()))
    web = DicomWebServer(running.web)
    [found] = web.studies(None, study)
    assert (found.study_instance_uid, found.instances) == (study, 4)
    assert web.studies(date(2026, 1, 2), study) == ()
    assert web.studies(None, "1.2.3") == ()


def test_a_feed_that_began_anew_or_is_none_is_said(orthanc):
    running, _ = orthanc
    feed = ChangesFeed(running.root)
    feed._mark = 10**9
    assert feed.changed() is None
    with pytest.raises(ServerError, match="404"):
        ChangesFeed(running.web).changed()
    with pytest.raises(ServerError, match="reached"):
        ChangesFeed(f"http://127.0.0.1:{free_port()}").skip()


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_is_away_is_said(way):
    address = f"http://127.0.0.1:{free_port()}/dicom-web"
    server = DicomWebServer(address)
    if way != "web":
        server = QueryServer(server_address(f"dicom://PACS@127.0.0.1:{free_port()}/{way}"))
    with pytest.raises(ServerError, match=r"reached|answer"):
        server.studies(None)


@pytest.mark.parametrize(
    "text",
    ["", "folder", "ftp://host/x", "dicom://host:104", "dicom://A@host", "dicom://A@host:104/push",
     "https://me:secret@host/dicom-web", "dicom://A@host:port"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(SettingsError, match="store"):
        server_address(text)

"""Results go out once, the record last, again only when they changed."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from AutoContourLib.contours.contour_files import write_contours
from AutoContourLib.contours.contouring import Contours
from AutoContourLib.storage.delivery import Delivery, Owed
from AutoContourLib.storage.processing_record import record_instance_uid, record_series_uid
from AutoContourLib.storage.sending import SendingError
from MedImageLib.errors import InputError
from MedImageLib.reading import read_image
from Testing.AutoContour.storage.small_studies import ct_study

FOLDER = "cases/CT-study-1/study"


class Server:
    """Keeps what it is sent; refuses from the given call on."""

    def __init__(self) -> None:
        self.got: list[pydicom.Dataset] = []
        self.refuses_at: int | None = None
        self.calls = 0

    def __call__(self, files):
        for path in files:
            self.calls += 1
            if self.refuses_at is not None and self.calls >= self.refuses_at:
                raise SendingError("it is full")
            self.got.append(pydicom.dcmread(path))


@pytest.fixture
def scene(tmp_path):
    source, *others = ct_study(tmp_path / "ct", 1)
    place = tmp_path / "out" / FOLDER / "contours"
    place.mkdir(parents=True)
    result = pydicom.dcmread(others[0])
    result.SOPInstanceUID = result.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    result.save_as(place / "rtstruct.dcm")
    (place / "labels.json").write_text("{}")
    server = Server()
    delivery = Delivery(tmp_path / "out", server)
    yield tmp_path / "out", server, delivery, Owed(FOLDER, "content", str(source), ("1.1", "1.2"))
    delivery.close()


def test_the_record_goes_last_and_nothing_goes_twice(scene):
    _, server, delivery, owed = scene
    delivery.owe(owed)
    assert delivery.turn() == 1
    result, record = server.got
    assert result.SOPInstanceUID == "1.2.3"
    study = result.StudyInstanceUID
    assert record.StudyInstanceUID == study
    assert record.PatientID == result.PatientID
    assert record.SOPInstanceUID == record_instance_uid(study, "content")
    assert record.SeriesInstanceUID == record_series_uid(study, ["1.2", "1.1"])
    [evidence] = record.CurrentRequestedProcedureEvidenceSequence
    [series] = evidence.ReferencedSeriesSequence
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence] == ["1.2.3"]
    assert delivery.turn() == 0
    assert delivery.waiting() == ()
    assert len(server.got) == 2


def test_what_is_not_taken_stays_owed_with_the_reason(scene):
    _, server, delivery, owed = scene
    delivery.owe(owed)
    server.refuses_at = 2
    for _ in range(2):
        with pytest.raises(SendingError, match="full"):
            delivery.turn()
    assert delivery.waiting() == ((FOLDER, "it is full"),)
    server.refuses_at = None
    delivery.turn()
    # The object went once, although the record failed twice.
    assert [one.Modality for one in server.got] == ["CT", "KO"]


def test_an_approved_result_is_sent_again(scene):
    out, server, delivery, owed = scene
    delivery.owe(owed)
    delivery.turn()
    path = out / FOLDER / "contours" / "rtstruct.dcm"
    approved = pydicom.dcmread(path)
    approved.SOPInstanceUID = approved.file_meta.MediaStorageSOPInstanceUID = "1.2.4"
    approved.save_as(path)
    assert delivery.turn() == 1
    assert [one.SOPInstanceUID for one in server.got][2:] == ["1.2.4"]
    path.unlink()
    assert delivery.turn() == 0


def test_a_delivery_goes_on_after_a_kill(scene):
    out, server, delivery, owed = scene
    delivery.owe(owed)
    server.refuses_at = 2
    with pytest.raises(SendingError):
        delivery.turn()
    delivery.close()
    server.refuses_at = None
    again = Delivery(out, server)
    again.turn()
    again.close()
    assert [one.Modality for one in server.got] == ["CT", "KO"]


def test_what_is_made_again_after_all_was_lost_comes_once(tmp_path):
    source, *_ = files = ct_study(tmp_path / "ct", 1)
    uids = tuple(pydicom.dcmread(one).SOPInstanceUID for one in files)
    server = Server()
    for out, refuses_at in ((tmp_path / "lost", 4), (tmp_path / "again", None)):
        scan = read_image(tmp_path / "ct")
        body = np.zeros(scan.array.shape, bool)
        body[1:3, 2:6, 2:6] = True
        write_contours(Contours(scan, {"body": body}), out / FOLDER / "contours")
        server.refuses_at = refuses_at
        delivery = Delivery(out, server)
        delivery.owe(Owed(FOLDER, scan.source_sha256, str(source), uids))
        if refuses_at:
            with pytest.raises(SendingError):
                delivery.turn()
            assert [one.Modality for one in server.got] == ["RTSTRUCT", "SEG", "SR"]
        else:
            delivery.turn()
        delivery.close()
    assert [one.Modality for one in server.got] == ["RTSTRUCT", "SEG", "SR"] * 2 + ["KO"]
    assert len({one.SOPInstanceUID for one in server.got}) == 4
    assert len({one.SeriesInstanceUID for one in server.got}) == 4


def test_a_file_that_is_no_list_of_deliveries_is_said(tmp_path):
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "delivery.sqlite").write_text("not a database, long enough to be read")
    with pytest.raises(InputError, match="Move it away"):
        Delivery(tmp_path, lambda files: None)

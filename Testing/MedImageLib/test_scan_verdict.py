"""The verdict travels through result files and node attributes unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from MedImageLib.errors import InputError, Remark
from MedImageLib.geometry import Geometry
from MedImageLib.results import (
    InputIdentity,
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    input_identity,
    read_result,
    write_result,
)
from MedImageLib.scan_verdict import (
    FLAG,
    STATES,
    TASK,
    ScanVerdict,
    node_attributes,
    verdict_of_attributes,
    verdict_of_result,
    verdicts_for,
    with_verdict,
)
from MedImageLib.volume import Volume, VolumeSequence


def verdict(word) -> ScanVerdict:
    return ScanVerdict(word, 2.1234567890123456, 1.5, 0.975, "normality_ct")


def result_of(one: ScanVerdict, task: str = TASK) -> Result:
    return Result(
        module="MedImageMetric",
        task=task,
        inputs=(InputIdentity("0" * 64, "CT", (1, 4, 4), None),),
        values=tuple(
            Measurement(name, getattr(one, name), "1")
            for name in ("score", "threshold", "confidence")
        ),
        flags=(QualityFlag(FLAG, STATES[one.verdict], "Looks normal"),),
        models=(ModelUsed(one.model, "1.0", "0" * 64),),
    )


@pytest.mark.parametrize("word", ["normal", "abnormal", "unsure"])
def test_verdicts_come_back_from_nodes_and_files(word, tmp_path):
    one = verdict(word)
    assert verdict_of_attributes(node_attributes(one)) == one
    write_result(tmp_path, result_of(one))
    assert verdict_of_result(read_result(tmp_path)) == one


def test_other_results_and_nodes_carry_none():
    assert verdict_of_result(result_of(verdict("normal"), "other_task")) is None
    assert verdict_of_attributes({}) is None
    broken = node_attributes(verdict("normal")) | {"MedImage.ScanNormality.Score": "much"}
    assert verdict_of_attributes(broken) is None
    strange = node_attributes(verdict("normal")) | {"MedImage.ScanNormality.Verdict": "fine"}
    assert verdict_of_attributes(strange) is None


def test_only_doubts_are_told():
    assert verdict("normal").remark() is None
    for word in ("abnormal", "unsure"):
        remark = verdict(word).remark()
        assert remark is not None
        assert remark.code == f"scan-{word}"
        assert "normality_ct" in remark.text


EARLIER = Remark("earlier", "Said when it was read.")
SCAN = Volume(np.arange(16.0).reshape(1, 4, 4), Geometry((1, 4, 4)), remarks=(EARLIER,))


def screened(folder: Path, word, image: Volume = SCAN) -> Path:
    from dataclasses import replace

    folder.mkdir(parents=True)
    result = replace(result_of(verdict(word)), inputs=(input_identity(image),))
    write_result(folder, result)
    return folder


@pytest.mark.parametrize("named", ["file", "folder", "beside"])
def test_verdicts_in_files_are_told_of_their_image_alone(tmp_path, named):
    place = screened(tmp_path / "anomaly" / "scan", "abnormal")
    write_result(tmp_path / "anomaly" / "other.json", result_of(verdict("normal"), "other_task"))
    (tmp_path / "anomaly" / "result.json").write_text("{}")
    given = {"file": place / "result.json", "folder": tmp_path / "anomaly", "beside": None}[named]
    found = verdicts_for(tmp_path / "scan.nrrd", given)
    assert list(found.values()) == [verdict("abnormal")]
    told = with_verdict(SCAN, found)
    assert [one.code for one in told.remarks] == ["scan-abnormal", "earlier"]
    assert told.array is SCAN.array
    other = Volume(SCAN.array + 1, SCAN.geometry)
    assert with_verdict(other, found) is other
    assert [one.code for one in with_verdict(other, found, named=True).remarks] == [
        "scan-not-screened"
    ]


def test_the_frames_of_a_sequence_are_one_scan(tmp_path):
    screened(tmp_path / "anomaly" / "cine", "unsure")
    cine = VolumeSequence((SCAN, SCAN.with_array(SCAN.array + 1)), (0.0, 1.0), "time", "ms")
    told = with_verdict(cine, verdicts_for(tmp_path / "cine", None))
    assert [one.code for one in told.remarks] == ["scan-unsure"]
    assert told.frames == cine.frames


def test_of_normal_and_unscreened_scans_nothing_is_told(tmp_path):
    assert verdicts_for(tmp_path / "scan.nrrd", None) == {}
    found = verdicts_for(tmp_path, screened(tmp_path / "done", "normal"))
    assert with_verdict(SCAN, found, named=True) is SCAN


def test_a_place_without_a_verdict_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for named in (tmp_path / "empty", tmp_path / "absent", tmp_path / "absent.json"):
        with pytest.raises(InputError, match="holds no verdict"):
            verdicts_for(tmp_path / "scan.nrrd", named)

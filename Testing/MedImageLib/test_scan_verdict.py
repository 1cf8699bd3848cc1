"""The verdict travels through result files and node attributes unchanged."""

from __future__ import annotations

import pytest

from MedImageLib.results import (
    InputIdentity,
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
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
)


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

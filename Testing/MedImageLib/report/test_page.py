"""The page: complete, self-contained, escaped, told without color."""

from __future__ import annotations

import base64
import dataclasses
import doctest
import io
from pathlib import Path

import lxml.html
import numpy as np
import pytest
from PIL import Image

from MedImageLib.errors import Remark
from MedImageLib.report import Link, Picture, Report, Table, page, report_of, write_report
from MedImageLib.results import (
    NOTICE,
    InputIdentity,
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    Timing,
)

SHA = "ab" * 32
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;"


def png(value: int = 7) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def full_report(text: str = "text") -> Report:
    return Report(
        title=text,
        study_hash=SHA,
        summary=(text, "second"),
        pictures=(Picture(png(), text, text),),
        measurements=(
            Measurement("cavity_area", 1234.56, "mm2", 10.0, text),
            Measurement("ejection_fraction", None, "%", text="No base slice."),
        ),
        flags=(
            QualityFlag("a", "satisfied", text, 12.0, 5.0, "mm"),
            QualityFlag("b", "not", "b"),
            QualityFlag("c", "not_assessable", "c"),
        ),
        tables=(Table(text, ("Name", "Size"), ((text, 1.5), ("none", None)), text),),
        warnings=(Remark("guessed-spacing", text),),
        timings=(Timing(text, 1.5),),
        models=(ModelUsed(text, "1.0", SHA),),
    )


def written(tmp_path: Path, report: Report) -> lxml.html.HtmlElement:
    path = write_report(tmp_path / "report.html", report)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    return lxml.html.document_fromstring(path.read_text(encoding="utf-8"))


def rows(tree: lxml.html.HtmlElement) -> list[list[str]]:
    found = [[cell.text_content() for cell in row.iter("td")] for row in tree.iter("tr")]
    return [row for row in found if row]


def test_everything_is_on_the_page(tmp_path: Path) -> None:
    tree = written(tmp_path, full_report())
    assert rows(tree) == [
        ["cavity area", "1235 ± 10", "mm²", "text"],
        ["ejection fraction", "not assessable", "%", "No base slice."],
        ["satisfied", "text", "12", "5", "mm"],
        ["not satisfied", "b", "–", "–", ""],
        ["not assessable", "c", "–", "–", ""],
        ["text", "1.5"],
        ["none", "–"],
        ["text", "1.50"],
        ["text", "1.0", SHA[:16]],
    ]
    text = tree.text_content()
    for part in ("second", "guessed-spacing", SHA[:16], NOTICE, "MedImage 0."):
        assert part in text
    (image,) = tree.iter("img")
    assert base64.b64decode(image.get("src").removeprefix("data:image/png;base64,")) == png()


def test_states_have_a_sign_of_their_own(tmp_path: Path) -> None:
    tree = written(tmp_path, full_report())
    used = {use.get("href") for use in tree.iter("use")}
    assert {"#satisfied", "#not", "#not_assessable", "#warning"} == used
    assert used <= {f"#{symbol.get('id')}" for symbol in tree.iter("symbol")}


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    tree = written(tmp_path, full_report(HOSTILE))
    assert not list(tree.iter("script"))
    assert [image.get("onerror") for image in tree.iter("img")] == [None]
    assert tree.find(".//h1").text == HOSTILE
    assert next(tree.iter("img")).get("alt") == HOSTILE
    assert rows(tree)[0][3] == HOSTILE


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", full_report())
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text


def test_empty_parts_are_left_out_and_the_notice_never(tmp_path: Path) -> None:
    tree = written(tmp_path, Report("Title"))
    assert not list(tree.iter("table"))
    assert not list(tree.iter("h2"))
    assert NOTICE in tree.text_content()


def test_key_values_stand_before_pictures_and_wide_pictures_are_wide(tmp_path: Path) -> None:
    key = (
        Measurement("ejection_fraction", 61.0, "%"),
        Measurement("cardiac_output", None, "L/min"),
    )
    report = Report("R", key_values=key, pictures=(Picture(png(), "curve", wide=True),))
    text = write_report(tmp_path / "report.html", report).read_text()
    assert text.index("ejection fraction") < text.index("<figure")
    assert '<figure class="whole">' in text
    assert "61 <small>%</small>" in text
    assert "cardiac output" in text


def test_equal_reports_are_equal_files(tmp_path: Path) -> None:
    first = write_report(tmp_path / "a.html", full_report()).read_bytes()
    assert write_report(tmp_path / "b.html", full_report()).read_bytes() == first


def test_the_report_of_a_result() -> None:
    result = Result(
        module="CardiacLV",
        task="t",
        inputs=(InputIdentity(SHA, "MR", (1, 2, 3), None),),
        values=full_report().measurements,
        flags=full_report().flags,
        findings=("Found.",),
        warnings=full_report().warnings,
    )
    report = report_of(result, "Title", full_report().pictures)
    assert (report.study_hash, report.summary) == (SHA, ("Found.",))
    assert report.measurements == result.values
    assert report_of(result, "Title", summary=["Other."]).summary == ("Other.",)
    assert dataclasses.replace(report, pictures=()) == report_of(result, "Title")


def test_links_lead_to_files_beside_the_page_only(tmp_path: Path) -> None:
    table = Table("T", ("Case",), ((Link(HOSTILE, "cases/a/report.html"),),))
    (link,) = written(tmp_path, Report("Title", tables=(table,))).iter("a")
    assert (link.get("href"), link.text) == ("cases/a/report.html", HOSTILE)
    for target in ("https://x", "javascript:alert(1)", "/etc/passwd", "//x"):
        with pytest.raises(ValueError, match="beside the page"):
            Link("x", target)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (3, "3"),
        (0.00012345, "0.0001234"),
        (99.996, "100"),
        (1234.5, "1234"),
        (123456.7, "123457"),
        (1e9, "1e+09"),
        (-0.5, "-0.5"),
    ],
)
def test_numbers_have_the_digits_that_matter(value: float | None, text: str) -> None:
    assert page.number_text(value) == text


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(page).attempted == 2
    assert doctest.testmod(page).failed == 0

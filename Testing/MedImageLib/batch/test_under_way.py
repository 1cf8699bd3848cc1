"""What is in work, as another process reads it."""

from __future__ import annotations

import pytest

from MedImageLib.background.progress import part, tell
from MedImageLib.batch.under_way import UnderWay, telling, under_way


def test_progress_is_seen_while_a_task_works_and_not_after(tmp_path):
    work = tmp_path / ".work" / "run" / "CT-study-metric"
    work.mkdir(parents=True)
    with telling(work, "ab12", clock=lambda: 100.0):
        assert under_way(tmp_path) == {}
        tell(0.0, "Reading")
        assert under_way(tmp_path)["ab12"].seconds_left(110.0) is None
        with part(0.2, 0.6):
            tell(0.5, "Registration")
        assert under_way(tmp_path) == {"ab12": UnderWay("ab12", 0.4, "Registration", 100.0)}
        assert under_way(tmp_path)["ab12"].seconds_left(140.0) == pytest.approx(60.0)
    assert under_way(tmp_path) == {}


def test_two_tasks_are_told_apart_and_a_failed_one_leaves_nothing(tmp_path):
    works = [tmp_path / ".work" / "run" / name for name in ("a", "b")]
    for work in works:
        work.mkdir(parents=True)
    with telling(works[0], "a"):
        tell(0.1, "one")
        with pytest.raises(ValueError, match="stop"):
            failing(works[1], tmp_path)
        tell(0.2, "still here")
        assert under_way(tmp_path)["a"].share == 0.2


def test_what_cannot_be_read_is_passed_over(tmp_path):
    assert under_way(tmp_path / "absent") == {}
    run = tmp_path / ".work" / "run"
    run.mkdir(parents=True)
    for name, text in (("a", "{"), ("b", "[1]"), ("c", '{"key": "k"}')):
        (run / f"{name}.progress").write_text(text)
    assert under_way(tmp_path) == {}


def failing(work, out) -> None:
    with telling(work, "b"):
        tell(0.9, "two")
        assert set(under_way(out)) == {"a", "b"}
        raise ValueError("stop")

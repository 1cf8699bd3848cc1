"""What a batch decides: do, leave out, keep; and what it tells. Tasks run in this process."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from MedImageLib import __main__ as command
from MedImageLib.batch import run as run_module
from MedImageLib.batch.ledger import Ledger, OneRun
from MedImageLib.batch.run import run_batch
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.results import read_result

pytestmark = pytest.mark.usefixtures("in_process")


def states(rows: tuple) -> list[str]:
    return sorted(row.state for row in rows)


def place(tmp_path: Path, rows: tuple) -> Path:
    return tmp_path / "out" / rows[0].folder


def test_every_way_to_go_wrong_is_one_row(tmp_path: Path, cases, batch, calls) -> None:
    folder = cases("ok", "error", "bug", "exit", "nothing", "ok")
    (folder / "copy.nrrd").write_bytes((folder / "DOE^JOHN 0 ok.nrrd").read_bytes())
    (folder / "DOE^JOHN.dcm").write_bytes(b"no DICOM")
    (folder / "DOE^JOHN.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows = batch(folder)
    assert states(rows) == ["done"] * 2 + ["failed"] * 4 + ["no processor", "unreadable"]
    told = {row.text for row in rows if row.state == "failed"}
    assert told == {
        "<file 1>: cannot be used.",
        "ValueError: <file 1>",
        "SystemExit: 3",
        "Processor fake gave no Result.",
    }
    assert sorted(calls()) == ["bug", "error", "exit", "nothing", "ok", "ok"]
    done = [row for row in rows if row.state == "done"]
    result = read_result(tmp_path / "out" / done[0].folder)
    assert result.value("size").value == 2.0
    assert [file.name for file in result.files] == ["report.html", "sub/note.txt"]
    assert not list((tmp_path / "out").glob("**/.part-*"))
    assert not (tmp_path / "out" / ".work").exists()


def test_no_name_of_a_patient_is_written_unless_asked_for(tmp_path: Path, cases, batch) -> None:
    folder = cases("ok", "error", "bug")
    (folder / "DOE^JOHN.dcm").write_bytes(b"no DICOM")
    batch(folder)
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) >= 5
    for path in written:
        assert b"DOE" not in path.read_bytes(), path.name
        assert "DOE" not in str(path)
    batch(folder, name_sources=True)
    assert "DOE^JOHN 0 ok.nrrd" in (tmp_path / "out" / "summary.csv").read_text()


def test_the_table_holds_values_and_no_formulas(tmp_path: Path, cases, batch) -> None:
    batch(cases("ok", "error"))
    with (tmp_path / "out" / "summary.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted((row["state"], row["size [mm]"]) for row in rows) == [
        ("done", "2.0"),
        ("failed", ""),
    ]
    page = (tmp_path / "out" / "summary.html").read_text()
    assert "2 tasks: 1 done, 1 failed." in page
    assert page.count("<a href=") == page.count("/fake/report.html") == 1


def test_what_is_done_is_not_done_again_and_what_failed_is(cases, batch, calls) -> None:
    folder = cases("ok", "error")
    batch(folder)
    cases("ok", subfolder="in")
    assert states(batch(folder)) == ["already done", "failed"]
    assert calls() == ["ok", "error", "error"] or calls() == ["error", "ok", "error"]
    assert states(batch(folder, resume=False)) == ["done", "failed"]


@pytest.mark.parametrize(
    "change", ["input", "settings", "version", "deleted file", "deleted folder"]
)
def test_what_changed_is_done_again(
    tmp_path: Path, cases, batch, calls, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cases("ok")
    first = batch(folder)
    settings = None
    if change == "input":
        next(folder.iterdir()).write_text("NRRD0004 ok\nother")
    elif change == "settings":
        settings = {"fake": {"scale": 3.0}}
    elif change == "version":
        monkeypatch.setattr(run_module, "processor_version", lambda processor: "2")
    elif change == "deleted file":
        (place(tmp_path, first) / "sub" / "note.txt").unlink()
    else:
        shutil.rmtree(place(tmp_path, first))
    second = batch(folder, settings)
    assert states(second) == ["done"]
    assert calls() == ["ok", "ok"]
    expected = 6.0 if change == "settings" else 2.0
    assert read_result(place(tmp_path, second)).value("size").value == expected
    assert states(batch(folder, settings)) == ["already done"]


@pytest.mark.parametrize("settings", [None, {"fake": {"scale": 3.0}}])
@pytest.mark.parametrize("touch", ["approved", "case approved", "edited", "added", "unknown"])
def test_what_a_person_touched_is_left_alone(
    tmp_path: Path, cases, batch, calls, touch: str, settings
) -> None:
    folder = cases("ok")
    result = place(tmp_path, batch(folder))
    if touch == "approved":
        (result / "APPROVED").touch()
    elif touch == "case approved":
        (result.parent / "APPROVED").touch()
    elif touch == "edited":
        (result / "sub" / "note.txt").write_text("mine")
    elif touch == "added":
        (result / "mine.txt").write_text("mine")
    else:
        (tmp_path / "out" / "ledger.sqlite").unlink()
    before = {p: p.read_bytes() for p in result.rglob("*") if p.is_file()}
    rows = batch(folder, settings, resume=False)
    assert states(rows) == ["kept"]
    assert rows[0].text
    assert {p: p.read_bytes() for p in result.rglob("*") if p.is_file()} == before
    assert calls() == ["ok"]


def test_what_a_person_touches_while_the_batch_runs_is_left_alone(
    tmp_path: Path, cases, batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cases("ok")
    result = place(tmp_path, batch(folder))
    tasks = run_module.run_tasks

    def touching(*arguments):
        for one in tasks(*arguments):
            (result / "sub" / "note.txt").write_text("mine")
            yield one

    monkeypatch.setattr(run_module, "run_tasks", touching)
    assert states(batch(folder, resume=False)) == ["kept"]
    assert (result / "sub" / "note.txt").read_text() == "mine"
    monkeypatch.setattr(run_module, "run_tasks", tasks)
    assert states(batch(folder)) == ["kept"]


def test_files_of_a_file_browser_are_no_persons_edit(tmp_path: Path, cases, batch) -> None:
    folder = cases("ok")
    (place(tmp_path, batch(folder)) / ".DS_Store").touch()
    assert states(batch(folder)) == ["already done"]


@pytest.mark.parametrize("moment", ["put_in_place", "done"])
def test_a_stop_between_moving_and_noting_is_recognized(
    tmp_path: Path, cases, batch, calls, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cases("ok")
    batch(folder, {"fake": {"scale": 5.0}})

    def stop(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        owner = run_module if moment == "put_in_place" else Ledger
        context.setattr(owner, moment, stop)
        with pytest.raises(KeyboardInterrupt):
            batch(folder)
    rows = batch(folder)
    assert states(rows) == ["done" if moment == "put_in_place" else "already done"]
    assert read_result(place(tmp_path, rows)).value("size").value == 2.0


def test_a_result_moved_aside_by_a_killed_run_comes_back(tmp_path: Path, cases, batch) -> None:
    folder = cases("ok")
    result = place(tmp_path, batch(folder))
    result.rename(result.with_name(".old-0123456789ab-fake"))
    (result.parent / ".part-0123456789ab-fake").mkdir()
    assert states(batch(folder)) == ["already done"]
    assert [path.name for path in result.parent.iterdir()] == ["fake"]


def test_wrong_use_is_told(tmp_path: Path, cases, batch) -> None:
    folder = cases("ok")
    with pytest.raises(SettingsError, match="no such folder"):
        batch(tmp_path / "none")
    with pytest.raises(SettingsError, match="output folder is the input"):
        run_batch(folder, folder)
    with pytest.raises(SettingsError, match="No processor is named fate"):
        batch(folder, {"fate": {}})
    with pytest.raises(SettingsError, match="Did you mean 'scale'"):
        batch(folder, {"fake": {"scle": 1}})


def test_results_inside_the_input_folder_are_no_input(cases, batch, tmp_path: Path) -> None:
    folder = cases("ok", subfolder=".")
    for _ in range(2):
        rows = batch(folder)
        assert len([row for row in rows if row.processor]) == 1


def test_two_batches_never_share_an_output_folder(tmp_path: Path, cases, batch) -> None:
    with OneRun(tmp_path / "out"), pytest.raises(InputError, match="another batch"):
        batch(cases("ok"))
    assert states(batch(cases("ok"))) == ["done"]


def test_a_damaged_ledger_is_refused(tmp_path: Path, cases, batch) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ledger.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(InputError, match=r"ledger\.sqlite"):
        batch(cases("ok"))


def test_the_ledger_tells_what_was_done_with_what(tmp_path: Path, cases, batch) -> None:
    batch(cases("ok", "bug"))
    connection = sqlite3.connect(tmp_path / "out" / "ledger.sqlite")
    rows = connection.execute(
        "SELECT state, processor_version, length(settings_sha256), details LIKE '%Traceback%',"
        " started_utc <= finished_utc FROM tasks ORDER BY state"
    ).fetchall()
    connection.close()
    assert rows == [("done", "1", 64, 0, 1), ("failed", "", 0, 1, 1)]


@pytest.mark.parametrize(
    ("words", "code"), [(["ok"], 0), (["ok", "error"], 1), ([], 0), (["none"], 2), (["ledger"], 2)]
)
def test_the_command_and_its_exit_code(
    tmp_path: Path, cases, words: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(run_module, "run_batch", partial(run_batch, modules=("fake_processing",)))
    folder = tmp_path / "none" if words == ["none"] else cases(*words)
    settings = tmp_path / "settings.toml"
    settings.write_text("[fate]" if words == ["ledger"] else "[fake]\nscale = 2\n")
    given = ["batch", str(folder), "-o", str(tmp_path / "out"), "--settings", str(settings)]
    assert command.main(given) == code
    told = capsys.readouterr()
    if code < 2:
        assert str(tmp_path / "out" / "summary.html") in told.out
        assert ("--name-sources" in told.out) == (code == 1)
    else:
        assert told.err.count("\n") == 1
    if words == ["ok"]:
        result = next((tmp_path / "out").glob("cases/*/fake"))
        assert read_result(result).value("size").value == 4.0

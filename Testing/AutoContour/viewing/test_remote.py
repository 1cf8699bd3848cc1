"""A workstation and the server: list, fetch, review back, and whatever goes wrong on the way."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from processed import GRID, OFFSET, SHAPE
from serving import Client, running

from AutoContourLib.contours.review import read_review, reviewed
from AutoContourLib.storage.remote_server import ServerError
from AutoContourLib.viewing.remote_studies import (
    ServerAddress,
    StudyServer,
    fetch_content,
    follow,
    followed,
    review_on_server,
    send_review,
)
from AutoContourLib.viewing.study_content import content_files, read_content
from MedImageLib.errors import InputError

TOKEN = "a long secret of the test"


@pytest.fixture
def address(results):
    with running(results) as told:
        yield ServerAddress(told)


def only_id(address) -> str:
    [one] = StudyServer(address).studies()
    assert (one.state, one.kinds) == ("review", "CT + CT")
    return one.id


def test_a_study_is_listed_fetched_and_read_as_it_lies_there(address, study, tmp_path):
    found = fetch_content(address, only_id(address), tmp_path / "here", "1-CT")
    own = read_content(study)
    assert found.place == own.place == "1-CT"
    for one in (found, own):
        assert one.planning.geometry.same_grid(GRID)
        assert one.pair is not None
        assert one.pair.offset.translation_mm == OFFSET.translation_mm
        assert one.pair.displacement_mm is not None
        assert one.pair.displacement_mm.shape == (*SHAPE, 3)
        assert one.pair.displacement_mm[3, 4, 5] == pytest.approx([6.0, 9.0, 0.0])
        assert one.pair.degree is not None
        assert one.pair.degree.by_field[0].p95_mm == pytest.approx(9.0, abs=0.01)
        assert (one.pair.offset_usable, one.pair.field_usable) == (True, True)
        assert set(one.contours) == {"first"}
        assert one.contours["first"].marks["brainstem"].state == "automatic"
    np.testing.assert_array_equal(found.planning.array, own.planning.array)
    assert found.second is not None
    np.testing.assert_array_equal(
        found.contours["first"].labels.array, own.contours["first"].labels.array
    )


def test_a_review_goes_back_and_is_refused_where_somebody_was_quicker(address, study):
    one = only_id(address)
    marks = {mark.structure: mark for mark in read_review(study / "contours")}
    seen = {
        key: [marks[key].state, marks[key].sha256, marks[key].reviewer]
        for key in ("brainstem", "left_parotid")
    }
    after = send_review(address, one, ("first", ""), "approve", seen, "A. Reader")
    told = {mark.structure: (mark.state, mark.reviewer) for mark in after}
    assert told["brainstem"] == told["left_parotid"] == ("approved", "A. Reader")
    assert told["body"] == ("automatic", "")
    assert {m.structure: m.state for m in read_review(study / "contours")} == {
        key: state for key, (state, _) in told.items()
    }
    with pytest.raises(ServerError, match=r"Brainstem is approved by A\. Reader"):
        send_review(address, one, ("first", ""), "reject", seen, "B. Reader")
    assert review_on_server(address, one, ("first", "")) == after
    with pytest.raises(ServerError, match="no second contours"):
        send_review(address, one, ("second", "1-CT"), "reject", seen, "B. Reader")
    with pytest.raises(ServerError, match="no processed study"):
        send_review(address, "0" * 12, ("first", ""), "reject", seen, "B. Reader")


def test_the_token_is_asked_for_and_checked(results, tmp_path):
    with running(results, token=TOKEN) as told:
        with pytest.raises(ServerError, match="asks for its token"):
            StudyServer(ServerAddress(told)).studies()
        with pytest.raises(ServerError, match="not the token"):
            StudyServer(ServerAddress(told, "wrong")).studies()
        address = ServerAddress(told, TOKEN)
        fetch_content(address, only_id(address), tmp_path / "here")
        assert (tmp_path / "here" / "scene.mrb").is_file()


def test_nothing_but_the_listed_files_is_given_away(address, results, study):
    client = Client(address.url)
    path = f"/api/studies/{only_id(address)}"
    names = client.values(path + "/files")
    assert names == content_files(study)
    assert "contours/labels.nii.gz" in names
    (results / "secret.txt").write_text("secret")
    (study / "scene.mrb").rename(study / "kept")
    (study / "scene.mrb").symlink_to(results / "secret.txt")
    for name in ("../../../secret.txt", "/etc/passwd", "contours", "scene.mrb", ""):
        status, words = client.error(path + f"/file?name={name}")
        assert (status, words) == (400, "The study has no such file.")
    lines = "".join(p.read_text() for p in (results / "audit").iterdir())
    assert '"load"' in lines


def test_a_server_that_offers_odd_names_is_not_followed_out_of_the_folder(
    address, tmp_path, monkeypatch
):
    from AutoContourLib.viewing import downloads

    monkeypatch.setattr(downloads, "content_files", lambda folder: {"../outside.txt": 3})
    with pytest.raises(ServerError, match="is not fetched"):
        StudyServer(address).fetch(only_id(address), tmp_path / "here")
    assert not (tmp_path / "outside.txt").exists()


def test_the_list_is_followed_through_a_time_without_the_server(results, study, tmp_path):
    path, seen = tmp_path / "list.json", []
    assert followed(path) == ((), "")
    with running(results) as told:
        follow(ServerAddress(told), path, lambda _: seen.append(followed(path)), only_twice())
        reviewed(study / "contours", "A. Reader", approve=["all"])
        follow(ServerAddress(told), path, lambda _: None, only_twice())
    [(studies, error), _] = seen
    assert (error, studies[0].state, studies[0].folder is not None) == ("", "review", True)
    follow(ServerAddress(told), path, lambda _: None, only_twice())
    assert "does not answer" in followed(path)[1]
    path.write_text("{")
    assert followed(path) == ((), "")


def only_twice():
    left = [True, True, False]
    return lambda: left.pop(0)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8042", "file:///etc/passwd", "http://"])
def test_an_address_that_is_none_is_refused_in_words(url):
    with pytest.raises(InputError, match="medimage view"):
        ServerAddress(url)


def test_another_server_is_told_as_such(tmp_path):
    """A page of states is no server of studies."""
    from AutoContourLib.storage.state_page import StatePage

    with StatePage(tmp_path) as page, pytest.raises(ServerError, match="404"):
        StudyServer(ServerAddress(page.address)).studies()


def test_a_study_without_its_scene_says_so(study, tmp_path):
    other = shutil.copytree(study, tmp_path / "other")
    (other / "scene.mrb").unlink()
    with pytest.raises(InputError, match=r"scene\.mrb"):
        read_content(other)
    names = json.dumps(content_files(other))
    assert "scene.mrb" not in names

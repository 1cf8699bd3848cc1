"""The server as a stranger, a careless page and two users meet it; no browser is needed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from processed import GRID, SHAPE
from serving import Client, running

from AutoContourLib.contours.review import read_review
from AutoContourLib.study.store import StudyRecord, StudyStore
from AutoContourLib.study.watch import STORE_FILE
from AutoContourLib.viewing.access import Access
from AutoContourLib.viewing.server import serve
from AutoContourLib.viewing.study_list import listed_studies, study_folder
from AutoContourLib.viewing.view_settings import ViewSettings
from MedImageLib.errors import InputError, SettingsError

TOKEN = "a long secret of the test"


@pytest.fixture
def client(results):
    with running(results) as address:
        one = Client(address)
        assert one.ask("/")[0] == 200
        yield one


@pytest.fixture
def path(client):
    """Address of the study."""
    return f"/api/studies/{client.values('/api/studies')[0]['id']}"


def review_of(client, path, by, keys=("brainstem",), state=None, **more):
    marks = {
        m["structure"]: m for m in (state or client.values(path + "/state"))["review"]["first"]
    }
    seen = {key: [marks[key][n] for n in ("state", "sha256", "reviewer")] for key in keys}
    told = {"set": "first", "verdict": "approve", "structures": list(keys), "seen": seen, "by": by}
    return told | more


def test_the_study_is_told_with_its_exact_grid_and_slices(client, path):
    facts = client.values(path)
    assert [plane["name"] for plane in facts["planes"]] == ["Axial", "Coronal", "Sagittal"]
    assert facts["planes"][0]["letters"] == ["R", "L", "A", "P"]
    np.testing.assert_allclose(facts["lps_from_index"], GRID.lps_from_index)
    assert [s["key"] for s in facts["structures"]] == ["body", "bone", "left_parotid", "brainstem"]
    status, headers, content = client.ask(path + "/slice?image=first&axis=k&index=9")
    assert status == 200
    levels = np.frombuffer(content, "<u2").reshape(SHAPE[1:])
    value = float(headers["X-Low"]) + float(headers["X-Step"]) * levels
    assert abs(value[18, 22] - 60) < 40
    assert value[0, 0] < -900
    # An axial slice has the patient's left at the right and the back at the bottom, as stored here.
    lines = client.values(path + "/outlines?set=first&axis=k&index=9")
    xy = np.array(lines["brainstem"][0]).reshape(-1, 2)
    np.testing.assert_allclose(xy.mean(0) - 0.5, (22, 18), atol=0.3)


def test_the_moving_image_is_shown_where_the_offset_puts_it(client, path):
    offset = client.values(path)["pairs"][0]["offset"]
    assert offset["translation_mm"] == [6.0, 0.0, 0.0]

    def shown(image, **more):
        asked = "&".join(f"{k}={v}" for k, v in more.items())
        address = f"{path}/slice?image={image}&place=1-CT&axis=k&index=9&{asked}"
        status, headers, content = client.ask(address)
        assert status == 200
        low, step = float(headers["X-Low"]), float(headers["X-Step"])
        return low + step * np.frombuffer(content, "<u2").reshape(SHAPE[1:])

    first = client.ask(path + "/slice?image=first&axis=k&index=9")
    still = float(first[1]["X-Low"]) + np.frombuffer(first[2], "<u2").reshape(SHAPE[1:])
    moved = shown("rigid", offset=json.dumps(offset).replace(" ", ""))
    away = shown("unregistered")
    inside = np.s_[10:30, 10:34]
    assert np.abs(moved - still)[inside].mean() < 60
    assert np.abs(away - still)[inside].mean() > np.abs(moved - still)[inside].mean() + 30


@pytest.mark.parametrize(
    "asked",
    [
        "/api/studies/000000000000",
        "/api/studies/../../etc/passwd",
        "/api/studies/%2e%2e%2f%2e%2e",
        "/page/../page.html",
        "/page/..%2fpage.html",
        "/page/page.html",
        "/results/",
        "/cases/head/study/scene.mrb",
    ],
)
def test_nothing_but_the_listed_is_found(client, asked):
    assert client.ask(asked)[0] in (400, 404)


@pytest.mark.parametrize(
    "query",
    [
        "image=first&axis=k&index=99",
        "image=first&axis=k&index=-1",
        "image=first&axis=k&index=x",
        "image=first&axis=z&index=1",
        "image=../../x&axis=k&index=1",
        "image=second&place=../1-CT&axis=k&index=1",
        "image=second&place=2-MR&axis=k&index=1",
        "image=rigid&place=1-CT&axis=k&index=1&offset={}",
        "image=rigid&place=1-CT&axis=k&index=1&offset=[",
        "image=fused&place=1-CT&axis=k&index=1",
        "axis=k",
    ],
)
def test_wrong_questions_are_refused_in_words_without_paths(client, path, results, query):
    status, _, content = client.ask(f"{path}/slice?{query}")
    assert status == 400
    assert json.loads(content)["error"]
    assert str(results) not in content.decode()


def test_requests_in_somebody_elses_name_are_refused(client, path):
    told = review_of(client, path, "Dr. A")
    client.ask(path + "/review", told, Origin="http://evil.example")
    for status in (
        client.ask(path + "/review", told, Origin="http://evil.example")[0],
        client.ask(path + "/review", told, Origin="null")[0],
        client.ask(path + "/review", told, X_XSRFToken="")[0],
        client.ask(path + "/review", told, X_XSRFToken="2|aa|bb|1")[0],
        client.ask(path, Host="evil.example")[0],
        client.ask("/", Host="127.0.0.1.evil.example")[0],
    ):
        assert status == 403
    assert client.values(path + "/state")["review"]["first"][3]["state"] == "automatic"
    assert client.ask(path + "/review", told)[0] == 200


def test_a_proxy_on_this_machine_may_stand_in_front():
    behind = Access(ViewSettings(names=("contour.example",)))
    assert behind.knows_host("contour.example")
    assert behind.knows_host("Contour.example:443")
    assert not behind.knows_host("contour.example.evil")
    assert behind.is_own_page("contour.example", "https://contour.example")
    assert not behind.is_own_page("contour.example", "https://evil.example")
    assert not behind.is_own_page("contour.example", None)
    alone = Access(ViewSettings(certificate="c", key="k"))
    assert not alone.is_own_page("127.0.0.1:1", "http://127.0.0.1:1")


def test_every_answer_forbids_scripts_of_others(client, path):
    for asked in ("/", path, "/nothing", "/page/main.js"):
        headers = client.ask(asked)[1]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] == "MedImage"


def test_a_large_or_odd_request_is_refused(client, path):
    with pytest.raises((ConnectionError, AssertionError)):
        client.values(path + "/draw", {"points": "x" * 2_000_000})
    assert client.ask(path + "/draw", b"[1]")[0] == 400
    assert client.ask(path + "/draw", b"\xff")[0] == 400
    assert client.ask(path + "/delete", {"by": "A"})[0] == 404
    assert client.ask(path + "/review", {"by": "A", "seen": 3})[0] == 400
    status, text = client.error(path + "/review", review_of(client, path, "  "))
    assert (status, "name" in text) == (400, True)


def test_a_second_approval_sees_the_first_and_a_lost_update_is_refused(client, path, study):
    state = client.values(path + "/state")
    client.values(path + "/review", review_of(client, path, "Dr. A", state=state))
    status, text = client.error(path + "/review", review_of(client, path, "Dr. B", state=state))
    assert status == 409
    assert "Brainstem is approved by Dr. A" in text
    client.values(path + "/review", review_of(client, path, "Dr. B"))
    found = {mark.structure: mark for mark in read_review(study / "contours")}
    assert found["brainstem"].reviewer == "Dr. B"
    assert found["body"].state == "automatic"


def test_unsaved_strokes_stand_against_an_approval(client, path):
    seen = client.values(path + "/state")["draft"]["revision"]
    drawn = {"structure": "brainstem", "mode": "draw", "axis": "k", "index": 9}
    drawn |= {"points": [[22, 18], [25, 18]], "radius_mm": 9, "by": "Dr. A", "seen": seen}
    state = client.values(path + "/draw", drawn)
    assert state["draft"]["edited"] == ["brainstem"]
    assert client.error(path + "/draw", drawn | {"by": "Dr. B"})[0] == 409
    status, text = client.error(path + "/review", review_of(client, path, "Dr. B"))
    assert status == 400
    assert "Strokes by Dr. A are not saved" in text


def test_the_question_is_answered_once(client, path, results):
    question = client.values(path + "/state")["questions"]["1-CT"]
    assert question["degree_mm"] == pytest.approx(9.0, abs=1e-3)
    assert question["decision"]["answer"] is None
    told = {"place": "1-CT", "answer": "keep"}
    state = client.values(path + "/answer", told | {"by": "Dr. A"})
    assert state["questions"]["1-CT"]["decision"]["answered_by"] == "Dr. A"
    status, text = client.error(path + "/answer", told | {"answer": "modify", "by": "Dr. B"})
    assert status == 400
    assert "was answered 'keep' by Dr. A" in text
    log = json.loads((results / "plan_thresholds.json").read_text())["log"]
    assert [one["what"] for one in log] == ["kept"]


def test_only_whoever_knows_the_token_gets_in(results):
    with running(results, token=TOKEN) as address:
        one = Client(address)
        status, _, page = one.ask("/")
        assert (status, b"Token" in page) == (401, True)
        assert one.ask("/api/studies")[0] == 401
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        assert one.ask("/login", b"token=wrong", **form)[0] == 401
        assert one.ask("/login", f"token={TOKEN}".replace(" ", "+").encode(), **form)[0] == 302
        assert one.ask("/api/studies")[0] == 200
        assert TOKEN not in " ".join(one.cookies.values())
        one.cookies["medimage_view"] = "0" * 64
        assert one.ask("/api/studies")[0] == 401
    told = "".join(p.read_text() for p in (results / "audit").glob("*.jsonl"))
    assert TOKEN not in told


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "0.0.0.0"}, "TLS"),
        ({"host": "0.0.0.0", "token": TOKEN}, "TLS"),
        ({"host": "0.0.0.0", "certificate": "c", "key": "k"}, "token"),
        ({"host": "0.0.0.0", "certificate": "c", "key": "k", "token": TOKEN}, "names"),
        ({"certificate": "c"}, "both"),
        ({"token": "short"}, "fewer than 16"),
    ],
)
def test_beyond_loopback_only_with_tls_token_and_names(settings, words):
    with pytest.raises(SettingsError, match=words):
        ViewSettings(**settings)


def test_what_is_done_is_noted_without_anybodys_data(client, path, results):
    client.values(path)
    client.values(path + "/review", review_of(client, path, 'Dr. A"\n<x>'))
    lines: list[dict] = []
    end = time.monotonic() + 30  # a line follows its answer
    while len(lines) < 2 and time.monotonic() < end:
        files = (results / "audit").glob("*.jsonl")
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        time.sleep(0.05)
    assert [line["did"] for line in lines] == ["open", "review"]
    assert all(line["study"] == path[-12:] and line["address"] == "127.0.0.1" for line in lines)
    assert lines[1]["by"] == "Dr. A???x?"


def test_a_study_of_one_image_without_contours_is_shown_too(client, path, study):
    shutil.rmtree(study / "registrations")
    shutil.rmtree(study / "contours")
    facts, state = client.values(path), client.values(path + "/state")
    assert (facts["pairs"], facts["structures"]) == ([], [])
    assert (state["draft"], state["review"], state["questions"]) == (None, {}, {})
    assert client.ask(path + "/slice?image=first&axis=k&index=9")[0] == 200
    status, text = client.error(path + "/outlines?set=first&axis=k&index=9")
    assert (status, text) == (400, "This study has no first contours.")


def test_tls_is_served_with_the_given_certificate(results, tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate")
    files = {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    made = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-out", files["certificate"], "-keyout", files["key"]]
    subprocess.run(made, check=True, capture_output=True)
    with running(results, token=TOKEN, **files) as address:
        assert address.startswith("https://127.0.0.1:")
        known = ssl.create_default_context(cafile=files["certificate"])
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address, context=known)
        assert refused.value.code == 401
        with pytest.raises(OSError, match=r"reset|closed|refused|without response"):
            urllib.request.urlopen(address.replace("https", "http"))
    with pytest.raises(InputError, match=r"key.pem cannot be used with its key"):
        serve(results, ViewSettings(certificate=files["key"], key=files["key"], port=0))


def test_the_list_tells_states_and_opens_results_only(results, tmp_path):
    key = "ab" * 32
    store = StudyStore(results / STORE_FILE)
    store.put(StudyRecord(key, "f", "parked", 3, "no CT series"))
    store.put(StudyRecord("cd" * 32, "f", "done", folder="cases/head/study"))
    store.put(StudyRecord("ef" * 32, "f", "done", folder="../../etc"))
    store.close()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "body.seg.nrrd").touch()
    (results / "linked").symlink_to(elsewhere)
    found = {one.id: one for one in listed_studies(results)}
    assert found[key[:12]].state == "parked"
    assert found["cd" * 6].state == "review"
    assert found["cd" * 6].kinds == "CT + CT"
    assert [one.id for one in found.values() if one.folder] == ["cd" * 6]
    for wrong in (key[:12], "ef" * 6, "../..", ""):
        with pytest.raises(InputError):
            study_folder(results, wrong)
    (results / STORE_FILE).write_bytes(b"no database at all" * 100)
    assert len(listed_studies(results)) == 1
    with pytest.raises(sqlite3.Error):
        sqlite3.connect(results / STORE_FILE).execute("SELECT * FROM studies")

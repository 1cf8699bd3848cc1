"""The page in a real Chromium, used as a person uses it: every control, a reload, two users, a
server that is killed below an open page. Skipped where no Chromium is installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium, Page, chromium_program
from serving import running

from AutoContourLib.contours.review import read_review
from AutoContourLib.registration.output import read_offset
from MedImageLib.reading import read_image

FIRST, SECOND, FUSED, SPACE = (
    f"[data-view={name}] canvas" for name in ("first", "second", "fused", "space")
)
COMPLETE = "[...document.querySelectorAll('figure:not([data-view=space]) canvas')]"
COMPLETE += ".every(c => c.dataset.complete === 'true')"
STATE = "medimage.view.state"


@pytest.fixture(scope="module")
def _chromium(tmp_path_factory):
    if chromium_program() is None:
        pytest.skip("no Chromium here: the page is not tried in a browser")
    with Chromium(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest.fixture
def browser(_chromium):
    yield _chromium
    _chromium.close_pages()


def user(browser: Chromium, address: str, name: str = "") -> Page:
    """A page of a user, with the study opened and all three views drawn."""
    page = browser.user(address)
    page.click("[data-study]")
    page.wait(COMPLETE)
    page.wait(f"{STATE} !== null")
    if name:
        page.choose("#who", name)
        page.wait("!document.querySelector('[data-tool=draw]').disabled")
    return page


def lit(page: Page, selector: str) -> float:
    """Share of a view's pixels that are not black, as they stand on the screen."""
    script = """(c => { const o = new OffscreenCanvas(c.width, c.height).getContext('2d');
        o.drawImage(c, 0, 0); const d = o.getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let k = 0; k < d.length; k += 4) n += d[k] + d[k + 1] + d[k + 2] > 60;
        return n * 4 / d.length; })"""
    return page.value(f"{script}(document.querySelector({json.dumps(selector)}))")


def test_every_view_follows_planes_slices_position_and_window(browser, results):
    with running(results) as address:
        page = user(browser, address)
        assert all(lit(page, view) > 0.15 for view in (FIRST, SECOND, FUSED))
        assert "0 of 4 approved" in page.text("#study-state")
        for axis, letters in (("j", "R,L,H,F"), ("i", "A,P,H,F"), ("k", "R,L,A,P")):
            page.click(f"[data-axis={axis}]")
            page.wait(f"medimage.slices.plane().letters.join() === '{letters}' && {COMPLETE}")
        before = page.value("medimage.view.position")
        page.wheel(SECOND, 1)
        page.wait(f"medimage.view.position[2] === {before[2] + 1} && {COMPLETE}")
        x, y = page.middle(FUSED)
        page.mouse("mousePressed", x + 60, y - 40)
        page.mouse("mouseReleased", x + 60, y - 40)
        i, j, k = page.wait(f"medimage.view.position[0] !== {before[0]} && medimage.view.position")
        assert (i > before[0], j < before[1], k) == (True, True, before[2] + 1)
        page.drag(FIRST, (60, 30))
        window = page.wait("medimage.slices.windows.first.width !== 400 && medimage.slices.windows")
        assert window["first"]["width"] > 400
        assert window["first"]["center"] > 40
        assert window["second 1-CT"]["width"] == 400
        page.choose("#preset", "Bone")
        page.wait("medimage.slices.windows['second 1-CT'].width === 1800")
        page.click(FIRST)
        page.ask("Input.dispatchKeyEvent", type="keyDown", key="+", text="+")
        assert page.value("medimage.slices.zoom") > 1
        assert page.complaints() == []


def test_indicators_sets_and_stereo_show_what_they_say(browser, results):
    with running(results) as address:
        page = user(browser, address)
        assert "non-rigid" in page.value("medimage.view.titleOf('second')")
        shown = page.value("medimage.view.secondImage()")
        assert shown == "second"
        page.click("[data-indicator=field]")
        page.wait(f"medimage.view.secondImage() === 'rigid' && {COMPLETE}")
        page.click("[data-indicator=rigid]")
        page.wait(f"medimage.view.secondImage() === 'unregistered' && {COMPLETE}")
        page.click("[data-indicator=field]")
        page.wait("medimage.view.secondImage() === 'second'")
        assert page.value("medimage.view.sets('fused').join()") == "first,false"
        page.click("[data-indicator=contours]")
        page.wait("medimage.view.contoursOn === false")
        page.click("[data-indicator=contours]")
        page.click("[data-set=first]")
        page.wait("medimage.view.contours === 'first'")
        for absent in ("second", "target"):
            assert page.value(f"document.querySelector('[data-set={absent}]').disabled")
        page.click("[data-structure=bone] .swatch")
        page.wait("medimage.view.hidden.has('bone')")
        page.wait("medimage.space.canvas.dataset.surfaces === '4'")
        for mode in ("anaglyph", "side", "mono"):
            page.click(f"[data-mode={mode}]")
            page.wait(f"medimage.space.canvas.dataset.mode === '{mode}'")
            assert lit(page, SPACE) > 0.02
        turn = page.value("medimage.space.turn")
        page.drag(SPACE, (50, 20))
        assert page.value("medimage.space.turn") != turn
        assert page.complaints() == []


def test_a_review_is_kept_with_who_and_when_over_a_reload(browser, results, study):
    with running(results) as address:
        page = user(browser, address)
        assert page.value("document.querySelector('#approve-all').disabled")
        page.choose("#who", "Dr. A")
        page.click("[data-structure=brainstem] [aria-label^=Approve]")
        page.wait(
            "document.querySelector('[data-structure=brainstem]').innerText.includes('approved')"
        )
        page.click("[data-structure=bone] [aria-label^=Reject]")
        page.wait("document.querySelector('[data-structure=bone]').innerText.includes('rejected')")
        states = {m.structure: (m.state, m.reviewer) for m in read_review(study / "contours")}
        assert states["brainstem"] == ("approved", "Dr. A")
        assert states["bone"] == ("rejected", "Dr. A")
        page.click("#approve-all")
        page.wait("document.querySelector('#study-state').innerText === 'Approved'")
        assert (study / "contours" / "APPROVED").read_text().startswith("Dr. A\n")
        page.ask("Page.reload")
        page.wait(COMPLETE)
        page.wait("document.querySelector('#study-state').innerText === 'Approved'")
        assert page.value("document.querySelector('#who').value") == "Dr. A"
        page.wait("document.querySelector('#studies').innerText.includes('Approved')")


def test_two_users_see_each_other_and_lose_nothing(browser, results, study):
    with running(results) as address:
        late, quick = user(browser, address, "Dr. Late"), user(browser, address, "Dr. Quick")
        # The look that is under way ends; then this page asks for no new state any more.
        late.value("window.setTimeout = () => { window.still = true; return 0; }")
        late.wait("window.still === true")
        quick.click("[data-structure=brainstem] [aria-label^=Approve]")
        quick.wait(f"{STATE}.review.first.some(m => m.state === 'approved')")
        late.click("[data-structure=brainstem] [aria-label^=Reject]")
        late.wait("!document.querySelector('#notice').hidden")
        assert "Brainstem is approved by Dr. Quick" in late.text("#notice")
        late.wait(f"{STATE}.review.first.some(m => m.reviewer === 'Dr. Quick')")
        found = {mark.structure: mark.reviewer for mark in read_review(study / "contours")}
        assert found["brainstem"] == "Dr. Quick"
        # What one draws is seen by the other; a stroke on what is no longer there is refused.
        quick.click("[data-structure=left_parotid] .name")
        quick.click("[data-tool=draw]")
        quick.drag(FIRST, (40, 0), (60, 10))
        quick.wait(f"{STATE}.draft.strokes === 1")
        late.click("[data-structure=left_parotid] .name")
        late.click("[data-tool=erase]")
        late.drag(SECOND, (30, 0), (60, 10))
        late.wait("document.querySelector('#notice').innerText.includes('changed by Dr. Quick')")
        late.wait(f"{STATE}.draft.strokes === 1")
        late.drag(SECOND, (30, 0), (60, 10))
        late.wait(f"{STATE}.draft.strokes === 2")
        quick.wait(f"{STATE}.draft.strokes === 2")
        quick.click("#undo")
        quick.wait(f"{STATE}.draft.strokes === 1")
        assert "not saved" in quick.text("[data-structure=left_parotid]")
        before = read_image(study / "contours" / "labels.nii.gz").array
        quick.click("#save")
        quick.wait(f"{STATE}.draft.strokes === 0")
        after = read_image(study / "contours" / "labels.nii.gz").array
        assert (after != before).sum() > 5
        assert len(np.unique(np.argwhere(after != before)[:, 0])) == 1  # on one slice
        quick.wait(f"{STATE}.review.first.some(m => m.state === 'edited')")
        assert quick.complaints() == []


@pytest.mark.parametrize("name", ["second", "target"])
def test_second_and_target_contours_are_drawn_on_where_they_lie(browser, results, study, name):
    folder = study / f"{name}_contours" / "1-CT"
    shutil.copytree(study / "contours", folder)
    before = read_image(folder / "labels.nii.gz").array
    with running(results) as address:
        page = user(browser, address, "Dr. A")
        page.click(f"[data-set={name}]")
        page.wait("medimage.view.draft() !== null")
        page.click("[data-structure=left_parotid] .name")
        page.click("[data-tool=draw]")
        page.drag(SECOND, (40, 0), (60, 10))
        page.wait("medimage.view.draft().strokes === 1")
        assert "not saved" in page.text("[data-structure=left_parotid]")
        # The drawing is of this set alone.
        page.click("[data-set=first]")
        page.wait(f"medimage.view.draft()?.strokes === 0 && {COMPLETE}")
        assert "not saved" not in page.text("[data-structure=left_parotid]")
        page.click(f"[data-set={name}]")
        page.wait("medimage.view.draft()?.strokes === 1")
        page.click("#save")
        page.wait("medimage.view.draft()?.strokes === 0")
        page.wait(f"{STATE}.review['{name} 1-CT'].some(m => m.state === 'edited')")
        assert page.complaints() == []
    after = read_image(folder / "labels.nii.gz").array
    assert (after != before).sum() > 5
    first = read_image(study / "contours" / "labels.nii.gz").array
    np.testing.assert_array_equal(first, before)


def test_six_numbers_are_edited_dragged_cancelled_and_computed(browser, results, study):
    pair = study / "registrations" / "1-CT"
    with running(results) as address:
        page = user(browser, address, "Dr. A")
        before = read_offset(pair / "offset.json")
        page.choose("[data-number=translation_mm-0]", "5.5")
        page.wait(f"medimage.view.edited && medimage.view.secondImage() === 'rigid' && {COMPLETE}")
        assert "edited, not computed" in page.text("[data-indicator=rigid]")
        page.click("#reset")
        page.wait("!medimage.view.edited")
        page.click("[data-tool=move]")
        page.drag(SECOND, (30, 0))
        moved = page.wait("medimage.view.edited && medimage.view.offset.translation_mm[0]")
        assert moved < before.translation_mm[0]  # shown further left
        page.click("#register")
        page.click("#cancel")
        page.wait(f"{STATE}.computation.state === 'cancelled'")
        assert read_offset(pair / "offset.json") == before
        page.choose("[data-number=translation_mm-0]", "5.75")
        page.choose("[data-number=rotation_deg-2]", "1")
        page.click("#register")
        page.wait(f"{STATE}.computation.state === 'done' && {STATE}.computation.number === 2")
        page.wait("medimage.view.pair().by_a_person && !medimage.view.edited")
        found = read_offset(pair / "offset.json")
        assert found.translation_mm[0] == pytest.approx(5.75)
        assert found.rotation_deg[2] == pytest.approx(1.0)
        assert (pair / "moved.nrrd").is_file()
        assert "by a person" in page.text("[data-indicator=rigid]")
        assert page.complaints() == []


def test_fusion_and_the_question_of_the_plan(browser, results, study):
    with running(results) as address:
        page = user(browser, address, "Dr. A")
        assert "Overlay" in page.value("document.querySelector('#method').selectedOptions[0].text")
        page.choose("#method", "pyramid")
        page.wait("medimage.view.pair().has_fused && medimage.view.pair().fusion === 'pyramid'")
        page.wait(COMPLETE)
        assert "fused" in page.value("medimage.view.titleOf('fused')")
        assert lit(page, FUSED) > 0.15
        assert "9.0 mm" in page.text("#deformation")
        assert "threshold 5.0 mm" in page.text("#deformation")
        page.click("#keep")
        page.wait("document.querySelector('#question').hidden")
        page.wait("document.querySelector('#answered').innerText.includes('Dr. A')")
        path = study / "decisions" / "1-CT" / "plan_decision.json"
        assert json.loads(path.read_text())["answer"] == "keep"
        page.ask("Page.reload")
        page.wait("document.querySelector('#answered')")
        assert page.value("document.querySelector('#question').hidden")


def test_the_page_outlives_a_killed_server_and_keeps_the_drawing(browser, results, tmp_path):
    first = Server(results, 0, tmp_path)
    page = user(browser, first.address, "Dr. A")
    page.click("[data-tool=draw]")
    page.drag(FIRST, (40, 10))
    page.wait(f"{STATE}.draft.strokes === 1")
    revision = page.value(f"{STATE}.draft.revision")
    first.kill()
    page.wait("document.querySelector('#notice').innerText.includes('does not answer')")
    again = Server(results, int(first.address.rstrip("/").rpartition(":")[2]), tmp_path)
    try:
        page.wait("document.querySelector('#notice').innerText.includes('is back')")
        assert page.value(f"{STATE}.draft.revision") == revision
        page.drag(FIRST, (-40, 10))
        page.wait(f"{STATE}.draft.strokes === 2")
        page.click("#discard")
        page.wait(f"{STATE}.draft.strokes === 0")
    finally:
        again.kill()


def test_the_token_is_asked_for_once(browser, results):
    token = "a long secret of the test"
    with running(results, token=token) as address:
        page = browser.user(address)
        for told, seen in (("wrong", "not the token"), (token, "")):
            page.choose("[name=token]", told)
            page.click("#login button")
            if seen:
                page.wait(f"document.querySelector('#refused')?.innerText.includes('{seen}')")
        page.wait("document.querySelector('[data-study]')")
        assert page.value("document.cookie.includes('medimage_view')") is False


class Server:
    """The command in a process of its own."""

    def __init__(self, results: Path, port: int, folder: Path) -> None:
        words = ["-m", "MedImageLib", "view", str(results), "--port", str(port)]
        self._process = subprocess.Popen(
            [sys.executable, *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().partition(" ")[2].strip()
        assert self.address.startswith("http://127.0.0.1:")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

"""Processed studies in the panel of Auto Contour: opened from a folder and from a server, reviewed
where they came from. A real study, a real server; nothing is processed."""

from __future__ import annotations

import shutil

import pytest
from panel_cases import panel
from processed import GRID, OFFSET, make_study
from serving import running

from AutoContourLib.contours.review import read_review, reviewed
from MedImageLib.errors import InputError

pytestmark = pytest.mark.usefixtures("in_this_process")
TOKEN = "a long secret of the test"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processed")
    make_study(folder / "results", folder / "inputs")
    return folder / "results"


@pytest.fixture
def results(made, tmp_path):
    return shutil.copytree(made, tmp_path / "results")


@pytest.fixture
def contours(results):
    return results / "cases" / "head" / "study" / "contours"


@pytest.fixture
def widget(application):
    made = panel(application, "AutoContour")
    made.ui.reviewerLineEdit.text = "A. Reader"
    return made


def states(folder):
    return {mark.structure: (mark.state, mark.reviewer) for mark in read_review(folder)}


def open_from_folder(widget, results):
    widget.ui.resultsPathLineEdit.currentPath = str(results)
    widget.ui.studiesTable.setCurrentCell(0, 0)
    widget.ui.openStudyButton.click()


def test_a_study_is_opened_with_its_registration_and_contours(application, widget, results):
    from MedImageLib.nodes import displacement_field_of, geometry_of, segments_of

    open_from_folder(widget, results)
    assert application.errors == []
    ui, parameters = widget.ui, widget._parameterNode
    assert geometry_of(parameters.inputVolume).same_grid(GRID)
    assert parameters.secondVolume.GetName() == "Image 1 CT"
    assert segments_of(parameters.outputSegmentation)[0].name == "Body"
    assert ui.translationXSpinBox.value == pytest.approx(OFFSET.translation_mm[0])
    assert (ui.rigidLabel.text, ui.fieldLabel.text) == ("✔ rigid", "✔ non-rigid")
    assert displacement_field_of(parameters.field)[0][3, 4, 5] == pytest.approx([6, 9, 0], abs=1e-4)
    assert "9.0 mm" in ui.deformationBar.format
    assert "Modify" in ui.bannerLabel.text
    assert parameters.secondVolume.GetParentTransformNode() == parameters.field
    assert [row[1] for row in ui.reviewTable.texts()] == ["to be reviewed"] * 4


def test_a_review_goes_back_to_the_folder_and_a_quicker_one_is_told(
    application, widget, results, contours
):
    open_from_folder(widget, results)
    ui = widget.ui
    ui.reviewTable.setCurrentCell(0, 0)
    ui.approveButton.click()
    assert application.errors == []
    assert ui.reviewTable.texts()[0][1:3] == ["✔ approved", "A. Reader"]
    assert states(contours)["body"] == ("approved", "A. Reader")
    assert states(contours)["bone"] == ("automatic", "")
    assert not ui.undoButton.enabled, "what was handed over is not taken back here"
    reviewed(contours, "B. Reader", reject=["bone"])
    ui.reviewTable.setCurrentCell(1, 0)
    ui.approveButton.click()
    [(_, error)] = application.errors
    assert "rejected by B. Reader" in str(error)
    assert states(contours)["bone"] == ("rejected", "B. Reader")
    assert ui.reviewTable.texts()[1][1:3] == ["✖ rejected", "B. Reader"], "what is there now"


def test_the_answer_about_the_plan_goes_back_once(application, widget, results, contours):
    from AutoContourLib.viewing.plan_question import answer_question, plan_question

    study = contours.parent
    open_from_folder(widget, results)
    ui = widget.ui
    ui.reviewerLineEdit.text = ""
    ui.keepButton.click()
    assert "Name the person" in str(application.errors.pop()[1])
    assert plan_question(results, study, "1-CT").decision.answered_by == ""
    ui.reviewerLineEdit.text = "A. Reader"
    ui.keepButton.click()
    assert application.errors == []
    decision = plan_question(results, study, "1-CT").decision
    assert (decision.answer, decision.answered_by) == ("keep", "A. Reader")
    assert not ui.bannerLabel.visible
    ui.studiesTable.setCurrentCell(-1, 0)
    ui.studiesTable.setCurrentCell(0, 0)
    ui.openStudyButton.click()
    ui.modifyButton.click()
    assert "A. Reader" in str(application.errors.pop()[1]), "who was quicker"
    assert plan_question(results, study, "1-CT").decision.answer == "keep"
    with pytest.raises(InputError, match=r"A\. Reader"):
        answer_question(results, study, "1-CT", "modify", "B. Reader")


def test_what_was_changed_here_is_not_approved_elsewhere(application, widget, results, contours):
    import slicer

    open_from_folder(widget, results)
    node = widget._parameterNode.outputSegmentation
    identifier = node.GetSegmentation().GetNthSegmentID(2)
    array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, identifier)
    own = array == node.GetSegmentation().GetNthSegment(2).GetLabelValue()
    assert own.any()
    array[own] = 0
    widget.ui.reviewTable.setCurrentCell(2, 0)
    widget.ui.approveButton.click()
    [(_, error)] = application.errors
    assert "was changed here" in str(error)
    assert {state for state, _ in states(contours).values()} == {"automatic"}


def test_a_server_is_watched_and_reviews_go_back_to_it(
    application, widget, results, contours, monkeypatch
):
    from AutoContourLib.viewing import remote_studies
    from AutoContourLib.viewing.plan_question import plan_question
    from AutoContourPanel import studies_section

    jobs = []

    class Job:
        """Looks once whenever the panel asks how far it is; a process would go on by itself."""

        def __init__(self, function, arguments, python):
            assert function == studies_section.FOLLOW
            self.arguments, self.ended = arguments, False
            jobs.append(self)

        def look(self):
            left = [True, False]
            remote_studies.follow(*self.arguments, lambda _: None, lambda: left.pop(0))

        def cancel(self):
            self.ended = True

        def result(self):
            return None

    monkeypatch.setattr(studies_section, "Job", Job)
    monkeypatch.setattr(studies_section, "ensure_packages", lambda requester: None)
    ui = widget.ui
    ui.serverCheckBox.checked = True
    [(_, error)] = application.errors
    assert "no address of a server" in str(error)
    assert not ui.serverCheckBox.checked
    application.errors.clear()
    tick = widget.sections.studies._timer.signal("timeout").emit
    with running(results, token=TOKEN) as address:
        ui.serverLineEdit.text = address
        ui.serverCheckBox.checked = True
        assert not ui.automaticCheckBox.enabled
        jobs[0].look()
        tick()
        assert "asks for its token" in ui.studyLabel.text
        ui.serverCheckBox.checked = False
        assert jobs[0].ended
        ui.tokenLineEdit.text = TOKEN
        ui.serverCheckBox.checked = True
        jobs[1].look()
        tick()
        assert [row[0] for row in ui.studiesTable.texts()] == ["▲ ready, needs review"]
        ui.studiesTable.setCurrentCell(0, 0)
        ui.openStudyButton.click()
        assert application.errors == []
        assert len(ui.reviewTable.texts()) == 4
        ui.approveAllButton.click()
        assert application.errors == []
        assert set(states(contours).values()) == {("approved", "A. Reader")}
        assert [row[1] for row in ui.reviewTable.texts()] == ["✔ approved"] * 4
        ui.modifyButton.click()
        assert application.errors == []
        decision = plan_question(results, contours.parent, "1-CT").decision
        assert (decision.answer, decision.answered_by) == ("modify", "A. Reader")
        scene = application.scene.GetNodesByClass("vtkMRMLNode")
        scene.UnRegister(None)
        nodes = [scene.GetItemAsObject(n) for n in range(scene.GetNumberOfItems())]
        values = [n.GetAttribute(a) for n in nodes for a in n.GetAttributeNames()]
        assert not any(TOKEN in (value or "") for value in values)
    jobs[1].look()
    tick()
    assert "does not answer" in ui.studyLabel.text
    ui.reviewTable.setCurrentCell(0, 0)
    ui.rejectButton.click()
    [(_, error)] = application.errors
    assert "does not answer" in str(error)
    assert [row[1] for row in ui.reviewTable.texts()] == ["✔ approved"] * 4
    widget.sections.cancel()
    assert jobs[1].ended

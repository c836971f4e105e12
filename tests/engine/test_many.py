"""Rows of grain application, many at once: all or none, once each, and whole after a crash."""

import pytest

from tests.lanes.counter import ENTERS, REVIEWS, Counter
from tests.lanes.house import OFFICE
from tests.lanes.workshop import Killed
from zhika.engine import desk, many
from zhika.engine.registry import STEPS
from zhika.engine.work import Done, Work
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows.documents import URBAN_APPLICATION
from zhika.flows.lanes import Lane
from zhika.ledger.audit import AuditEntry
from zhika.ledger.steps import Paper, StepRecord
from zhika.people.models import Application, Request

APPLY = Lane.INSURED, "apply"
REVIEW = Lane.CENTRE, "review"


def apply(counter: Counter, *refs: str, by: str = ENTERS) -> int:
    return many.do_applications(counter.seat, "apply", {ref: {} for ref in refs}, by=by)


def rows(work: str) -> list[str]:
    return list(StepRecord.objects.filter(function=work).order_by("subject").values_list("subject", flat=True))


def test_a_row_of_many_is_one_outcome_with_a_record_and_a_document_each_and_one_file(counter: Counter) -> None:
    refs = counter.fill(0, 1, 2)
    assert apply(counter, *refs) == 3
    assert rows("apply") == refs and set(Request.objects.values_list("state", flat=True)) == {Request.APPLIED}
    papers = Paper.objects.filter(type=URBAN_APPLICATION.code).order_by("subject")
    assert [(paper.subject, paper.rows, paper.state) for paper in papers] == [(ref, 1, Paper.FILED) for ref in refs]
    (digest,) = {paper.sha256 for paper in papers}
    assert desk.read_frozen(counter.seat, URBAN_APPLICATION, digest)["app_no"].to_list() == refs
    notes = AuditEntry.objects.filter(what="apply")
    assert [note.subject for note in notes] == [f"{refs[0]} 等 3 件"]


def test_each_is_done_once_and_what_was_told_again_is_left_out(counter: Counter) -> None:
    one, two, three = counter.fill(0, 1, 2)
    assert apply(counter, one) == 1
    assert apply(counter, one, two, three) == 2
    assert apply(counter, one, two, three) == 0
    assert rows("apply") == [one, two, three] and Paper.objects.filter(type=URBAN_APPLICATION.code).count() == 3


def test_process_and_office_stand_for_all_that_are_ready(counter: Counter) -> None:
    refs = counter.fill(0, 1)
    assert apply(counter, f"urban-new/{OFFICE}") == 2
    assert many.do_applications(counter.seat, "review", {f"urban-new/{OFFICE}": {}}, by=REVIEWS) == 2
    assert rows("review") == refs and apply(counter, f"urban-new/{OFFICE}") == 0


def test_a_document_is_used_up_by_the_row_that_awaits_it(counter: Counter) -> None:
    one, two = counter.applied(0, 1)
    many.do_applications(counter.seat, "review", {one: {}}, by=REVIEWS)
    papers = Paper.objects.filter(type=URBAN_APPLICATION.code)
    assert dict(papers.values_list("subject", "state")) == {one: Paper.USED, two: Paper.FILED}
    assert many.do_applications(counter.seat, "review", {two: {}}, by=REVIEWS) == 1


def test_unknown_ones_are_all_named_and_nothing_is_done(counter: Counter) -> None:
    (ref,) = counter.fill(0)
    with pytest.raises(Refused, match="没有这个申请; 请核对申请编号") as caught:
        apply(counter, "A1", ref, "A2")
    assert [fault.where for fault in caught.value.faults] == ["申请 A1", "申请 A2"]
    assert rows("apply") == []


def test_one_fault_keeps_all_back_and_every_fault_is_told(counter: Counter) -> None:
    good, *bad = *counter.fill(0), *counter.fill(1, payment_no=""), *counter.fill(2, photo="")
    with pytest.raises(Refused) as caught:
        apply(counter, good, *bad)
    assert [(f.where, f.column) for f in caught.value.faults] == [(bad[0], "缴费单号"), (bad[1], "照片")]
    assert rows("apply") == [] and apply(counter, good) == 1


def test_what_is_not_ready_is_named_with_the_row(counter: Counter) -> None:
    applied, *_ = counter.applied(0)
    (filled,) = counter.fill(1)
    with pytest.raises(NotReady, match=f"{filled}: 现在还不能办「审核.*前面的步骤尚未办完"):
        many.do_applications(counter.seat, "review", {applied: {}, filled: {}}, by=REVIEWS)
    assert rows("review") == []


def test_a_row_that_is_not_of_the_chart_is_refused(counter: Counter) -> None:
    (ref,) = counter.fill(0)
    with pytest.raises(NotReady, match="流程 urban-new 没有这一步"):
        many.do_applications(counter.seat, "apply_replacement", {ref: {}}, by=ENTERS)


@pytest.mark.parametrize("by", ["", "  ", "zhika", "<by>"])
def test_somebody_does_it_by_name(counter: Counter, by: str) -> None:
    (ref,) = counter.fill(0)
    with pytest.raises(NotAllowed):
        apply(counter, ref, by=by)
    assert rows("apply") == []


def test_killed_before_the_books_nothing_stands_and_told_again_it_is_done(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the transaction: after the records, before the documents."""
    refs = counter.fill(0, 1)
    real = STEPS[APPLY]

    def killed(work: Work) -> Done:
        done = real(work)

        def write() -> None:
            assert done.write is not None
            done.write()
            raise Killed

        return Done(documents=done.documents, write=write)

    monkeypatch.setitem(STEPS, APPLY, killed)
    with pytest.raises(Killed):
        apply(counter, *refs)
    assert rows("apply") == [] and not Paper.objects.filter(type=URBAN_APPLICATION.code).exists()
    assert set(Request.objects.values_list("state", flat=True)) == {Request.FILLED}
    monkeypatch.setitem(STEPS, APPLY, real)
    assert apply(counter, *refs) == 2 and rows("apply") == refs


def test_of_two_desks_at_once_the_second_is_told_to_do_it_again_and_writes_nothing(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another desk books one of the applications while this one still computes."""
    one, two = counter.applied(0, 1)
    real = STEPS[REVIEW]

    def meanwhile(work: Work) -> Done:
        done = real(work)
        monkeypatch.setitem(STEPS, REVIEW, real)
        assert many.do_applications(counter.seat, "review", {one: {}}, by="郑洁") == 1
        return done

    monkeypatch.setitem(STEPS, REVIEW, meanwhile)
    with pytest.raises(NotReady, match="其中有申请刚由另一人办理, 请重新办理"):
        many.do_applications(counter.seat, "review", {one: {}, two: {}}, by=REVIEWS)
    assert rows("review") == [one] and list(Application.objects.values_list("ref", flat=True)) == [one]
    assert many.do_applications(counter.seat, "review", {one: {}, two: {}}, by=REVIEWS) == 1
    assert dict(StepRecord.objects.filter(function="review").values_list("subject", "by")) == {
        one: "郑洁",
        two: REVIEWS,
    }

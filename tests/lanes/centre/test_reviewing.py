"""审核: by another person than the one who entered it; what can't go on is refused with its cause."""

from pathlib import Path

import pytest

from tests.lanes.counter import ENTERS, REVIEWS, Counter, cards
from tests.lanes.house import OFFICE, person
from zhika.engine import desk
from zhika.engine.answer import answer
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.ledger.cards import Card
from zhika.ledger.steps import StepRecord
from zhika.people.models import Application, Person, Request
from zhika.rehearsal.portraits import portrait

NEW, REPLACEMENT = f"urban-new/{OFFICE}", f"urban-replacement/{OFFICE}"


@pytest.fixture
def old(counter: Counter) -> Card:
    """A card in its holder's hand."""
    (card,) = cards(counter.batch(0))
    counter.hand_out(card)
    return card


def review(counter: Counter, *refs: str, by: str = REVIEWS, **told: str) -> int:
    return counter.do("review", dict.fromkeys(refs, told), by=by)


def states() -> dict[str, tuple[str, str]]:
    return {row.ref: (row.state, row.cause) for row in Request.objects.all()}


@pytest.mark.parametrize("by", [ENTERS, f" {ENTERS} "])
def test_nobody_reviews_what_he_entered_himself(counter: Counter, by: str) -> None:
    refs = counter.applied(0, 1)
    with pytest.raises(NotAllowed, match="是同一人所为"):
        counter.do("review", {NEW: {}}, by=by)
    assert not Application.objects.exists() and not Person.objects.exists()
    assert set(states().values()) == {(Request.APPLIED, "")}
    assert counter.do("review", {NEW: {}}, by=REVIEWS) == len(refs)


def test_who_filled_in_the_form_does_not_review_it_though_another_applied(counter: Counter) -> None:
    (ref,) = counter.fill(0)
    counter.do("apply", {ref: {}}, by="周敏")
    for by, row in ((ENTERS, "填制参保表格并提供一寸免冠彩照"), ("周敏", "提出参保申请、缴费")):
        with pytest.raises(NotAllowed, match=f"「{row}」是同一人所为"):
            review(counter, ref, by=by)
    assert review(counter, ref) == 1


def test_of_a_list_with_one_own_entry_nothing_is_reviewed(counter: Counter) -> None:
    (own,) = counter.applied(0)
    (ref,) = counter.fill(1)
    counter.do("apply", {ref: {}}, by="周敏")
    StepRecord.objects.filter(subject=ref, function="fill_form").update(by="周敏")
    with pytest.raises(NotAllowed):
        review(counter, ref, own, by=ENTERS)
    assert review(counter, ref, by=ENTERS) == 1


def test_nobody_reviews_a_replacement_that_he_entered_himself(counter: Counter, old: Card) -> None:
    ref = counter.ask(old)
    with pytest.raises(NotAllowed, match="「提出补卡申请、缴费」是同一人所为"):
        counter.do("review_replacement", {ref: {}}, by=ENTERS)
    assert not Application.objects.filter(ref=ref).exists()
    assert counter.do("review_replacement", {ref: {}}, by=REVIEWS) == 1


def test_what_was_accepted_enters_as_the_form_says_and_only_once(counter: Counter) -> None:
    (ref,) = counter.applied(0, phone="13900001234")
    assert review(counter, ref) == 1 and review(counter, ref) == 0
    one = Application.objects.select_related("person__office", "person__unit").get()
    who = one.person
    assert (one.ref, one.process, one.live, one.pending) == (ref, "urban-new", True, False)
    assert (who.id_no, who.sex, who.birth, who.phone) == (person(0)["id_no"], "1", "19900101", "13900001234")
    assert (who.office.code, who.unit.code, who.unit.name) == (OFFICE, f"{OFFICE}-0", "零散人员")
    assert states() == {ref: (Request.REVIEWED, "")}


def test_before_it_was_applied_for_there_is_nothing_to_review(counter: Counter) -> None:
    (ref,) = counter.fill(0)
    with pytest.raises(NotReady, match=f"{ref}: 现在还不能办「审核"):
        review(counter, ref)


def test_a_clerk_rejects_with_a_cause_and_nobody_enters(counter: Counter) -> None:
    one, other = counter.applied(0, 1)
    assert review(counter, one, decision="reject", cause="not-insured") == 1
    assert review(counter, other, decision="reject") == 1
    assert states() == {one: (Request.REFUSED, "not-insured"), other: (Request.REFUSED, "rejected")}
    assert not Person.objects.exists()
    records = StepRecord.objects.filter(function="review").order_by("subject")
    assert list(records.values_list("subject", "n_in", "n_out")) == [(one, 1, 0), (other, 1, 0)]


def test_another_decision_is_refused_for_all_that_were_told(counter: Counter) -> None:
    one, other = counter.applied(0, 1)
    told = {one: {"decision": "accept"}, other: {"decision": "yes"}}
    with pytest.raises(Refused, match=r"应为 accept \(通过\) 或 reject \(退回\)") as caught:
        counter.do("review", told, by=REVIEWS)
    assert [(fault.where, fault.column) for fault in caught.value.faults] == [(other, "decision")]
    assert set(states().values()) == {(Request.APPLIED, "")} and not Person.objects.exists()


def test_who_has_a_card_or_asked_twice_is_refused_and_the_others_enter(counter: Counter) -> None:
    review(counter, *counter.applied(0))
    again, *twice, fresh = *counter.applied(0), *counter.applied(1), *counter.applied(1), *counter.applied(2)
    assert counter.do("review", {NEW: {}}, by=REVIEWS) == 4
    told = states()
    assert told[again] == (Request.REFUSED, "has-card")
    assert [told[ref] for ref in twice] == [(Request.REVIEWED, ""), (Request.REFUSED, "duplicate-line")]
    assert told[fresh] == (Request.REVIEWED, "")
    assert Application.objects.filter(live=True).count() == 3


def test_corrections_are_written_with_the_replacement_and_not_before(counter: Counter, old: Card) -> None:
    (counter.house.folder / "new.jpg").write_bytes(portrait("2", "1", 30))
    before = Person.objects.get()
    ref = counter.ask(
        old, kind="correction", address="东街1号", photo="new.jpg", photos=str(counter.house.folder), name=""
    )
    assert Person.objects.get().address == before.address
    assert counter.do("review_replacement", {REPLACEMENT: {}}, by=REVIEWS) == 1
    after = Person.objects.get()
    assert (after.name, after.address) == (before.name, "东街1号") and after.photo != before.photo
    assert Path(desk.photo_of(counter.seat, after.photo)).is_file()
    new = Application.objects.get(ref=ref)
    assert (new.kind, new.live, new.pending) == (Application.REPLACEMENT, False, True)
    assert new.replaces is not None and new.replaces.ref == old.application_ref and new.replaces.live


def test_a_rejected_replacement_changes_nothing_and_the_old_card_stays(counter: Counter, old: Card) -> None:
    ref = counter.ask(old, kind="correction", address="东街1号")
    told = {ref: {"decision": "reject", "cause": "data-wrong"}}
    assert counter.do("review_replacement", told, by=REVIEWS) == 1
    assert states()[ref] == (Request.REFUSED, "data-wrong")
    assert Person.objects.get().address != "东街1号" and Application.objects.get().live


def test_a_cause_that_no_dictionary_has_is_refused_and_a_known_one_is_explained(counter: Counter, old: Card) -> None:
    ref = counter.ask(old)
    with pytest.raises(Refused, match=r"没有这个原因, 可用:.*no-old-card"):
        counter.do("review_replacement", {ref: {"decision": "reject", "cause": "随便"}}, by=REVIEWS)
    assert states()[ref] == (Request.APPLIED, "")
    counter.do("review_replacement", {ref: {"decision": "reject"}}, by=REVIEWS)
    told = {one.ref: one for one in answer(counter.seat, ref).applications}[ref]
    assert told.failed is not None
    assert (told.failed.title, told.failed.citizen) == ("审核不予受理", "您的申请未通过审核，请到经办机构咨询。")


def test_a_card_that_ended_after_it_was_asked_for_is_not_replaced(counter: Counter, old: Card) -> None:
    ref = counter.ask(old)
    counter.do("cancel", {str(old.serial): {}}, by=REVIEWS, evidence="迁出")
    assert counter.do("review_replacement", {ref: {}}, by=REVIEWS) == 1
    assert states()[ref] == (Request.REFUSED, "no-old-card")
    assert not Application.objects.filter(pending=True).exists()

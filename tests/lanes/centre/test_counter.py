"""The office's own counter: one by one, to who shows the holder's ID; and the old card for the new one."""

from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader

from tests.lanes.counter import ENTERS, FORMS, GIVES, REVIEWS, Counter, at, cards, holder_id
from tests.lanes.house import OFFICE, person
from zhika.craft.applying import print_paper
from zhika.engine import errands, plastic, turns
from zhika.engine.acts import act
from zhika.engine.answer import answer
from zhika.engine.todo import EVIDENCE, ID_SHOWN, OLD_CARD, SERIAL, command
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows.blocking import Standing
from zhika.lanes.centre.counter import back_tray
from zhika.lanes.centre.models import Receipt
from zhika.ledger import blocks
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.errands import Errand
from zhika.ledger.laws import Books, breaches
from zhika.ledger.places import today
from zhika.people import entry
from zhika.people.models import Application, FeeRate

FORMAL = {"kind": "formal"}


@pytest.fixture
def batch(counter: Counter) -> Batch:
    """Two walk-ins' cards at the office."""
    return counter.batch(0, 1)


@pytest.fixture
def old(counter: Counter, batch: Batch) -> Card:
    """A walk-in's card in hand; a new one is asked for because something stands wrong on it."""
    card, _ = cards(batch)
    counter.hand_out(card)
    return card


def live(card: Card) -> tuple[bool, bool]:
    """(live, pending) of a card's application."""
    row = Application.objects.get(ref=card.application_ref)
    return row.live, row.pending


def test_the_list_names_each_card_that_may_be_fetched_and_asks_for_an_id(counter: Counter, batch: Batch) -> None:
    one, other = cards(batch)
    (item,) = counter.listed("hand_out")
    assert item.command == command("hand_out", SERIAL, ID_SHOWN, EVIDENCE) and item.needs == [
        "serial",
        "by",
        "id_no",
        "evidence",
    ]
    assert (item.subject, item.n, item.serials, item.hint) == (batch.code, 2, (one.serial, other.serial), "")
    counter.do("block", {str(one.serial): {"kind": "call"}}, by=REVIEWS)
    (item,) = counter.listed("hand_out")
    assert (item.n, item.serials) == (1, (other.serial,))
    counter.hand_out(other)
    assert counter.listed("hand_out") == []


def test_a_whole_batch_is_refused_even_with_an_id_and_says_what_to_do(counter: Counter, batch: Batch) -> None:
    one, other = cards(batch)
    for told in ({}, {"id_no": holder_id(one)}):
        with pytest.raises(Refused, match=f"{batch.code}: 柜台逐张发放, 不能整批办理: 按卡序列号") as caught:
            counter.do("hand_out", {batch.code: told}, by=GIVES, evidence="签领 17")
        assert len(caught.value.faults) == 1
    counter.hand_out(other)
    with pytest.raises(Refused, match="柜台逐张发放"):  # of the one card that is left it is the same
        counter.do("hand_out", {batch.code: {"id_no": holder_id(one)}}, by=GIVES, evidence="签领 17")
    assert at(one) == (OFFICE, "good") and Receipt.objects.count() == 1


@pytest.mark.parametrize("by_serial", [True, False])
def test_a_card_goes_only_to_who_shows_its_holders_id(counter: Counter, batch: Batch, by_serial: bool) -> None:
    """However the card was named: an application number is no way round the ID."""
    one, other = cards(batch)
    subject = str(one.serial) if by_serial else one.application_ref
    with pytest.raises(Refused, match="须出示持卡人的身份证"):
        counter.do("hand_out", {subject: {}}, by=GIVES, evidence="签领 17")
    with pytest.raises(Refused, match="所示证件不是持卡人的") as caught:
        counter.do("hand_out", {subject: {"id_no": holder_id(other)}}, by=GIVES, evidence="签领 17")
    assert holder_id(other) not in str(caught.value) and not Receipt.objects.exists()
    assert counter.do("hand_out", {subject: {"id_no": holder_id(one)}}, by=GIVES, evidence="签领 17") == 1
    receipt = Receipt.objects.get()
    assert (receipt.card_serial, receipt.id_seen, receipt.by, receipt.handed_by) == (one.serial, True, "self", GIVES)
    assert counter.in_hands(batch) == [one.serial] and counter.lies(counter.tray(batch)) == [other.serial]
    assert at(one) == (OFFICE, "issued") and at(other) == (OFFICE, "good")


def test_a_proxy_shows_both_ids(counter: Counter, batch: Batch) -> None:
    one, other = cards(batch)
    proxy = {"by": "proxy", "proxy_name": "林大树", "proxy_id": holder_id(other), "relation": "父亲"}
    told = {**proxy, "id_no": ""}
    with pytest.raises(Refused, match="须出示持卡人的身份证"):
        counter.do("hand_out", {str(one.serial): told}, by=GIVES, evidence="签领 17")
    assert (
        counter.do("hand_out", {str(one.serial): {**proxy, "id_no": holder_id(one)}}, by=GIVES, evidence="签领 17") == 1
    )
    assert Receipt.objects.get().relation == "父亲"


@pytest.mark.parametrize("clerk", [ENTERS, FORMS])
def test_nobody_collects_or_hands_out_a_card_that_he_asked_for(counter: Counter, batch: Batch, clerk: str) -> None:
    one, other = cards(batch)
    what = "填制参保表格并提供一寸免冠彩照" if clerk == ENTERS else "零星组批"
    with pytest.raises(NotAllowed, match=f"其中 1 张卡的「{what}」是同一人所为, 须由他人办理"):
        counter.hand_out(one, clerk=clerk)
    with pytest.raises(Refused, match="代领人是这张卡的经办人"):
        counter.hand_out(one, by="proxy", proxy_name=clerk, proxy_id=holder_id(other), relation="同事")
    assert not CardEvent.objects.filter(kind="hand_out").exists()


def test_the_new_card_is_given_for_the_old_one_which_is_void_and_cancelled(counter: Counter, old: Card) -> None:
    counter.ask(old)
    (new,) = cards(counter.replaced())
    assert [item.hint for item in counter.listed("hand_out") if new.serial in item.serials] == [OLD_CARD]
    assert (live(old), live(new)) == ((True, False), (False, True))
    with pytest.raises(Refused, match=f"须交回原卡: 放入 {OFFICE}/in/back.tray"):
        counter.hand_out(new)
    assert live(old) == (True, False) and at(new) == (OFFICE, "good")
    counter.bring_back(old)
    assert counter.hand_out(new) == 1
    assert (live(old), live(new)) == ((False, False), (True, False))
    assert at(old) == (OFFICE, "void") and old.serial in counter.lies(counter.tray(old.batch))
    assert counter.lies(back_tray(counter.seat, OFFICE)) == [] and counter.in_hands(new.batch) == [new.serial]
    assert blocks.blocked([old.pk, new.pk]) == {old.pk: Standing.CANCELLED}
    assert not breaches(Books(prove=True))


@pytest.fixture
def priced(db: None) -> None:
    """A fee for who has lost a card."""
    FeeRate.objects.create(
        kind="lost", amount=2000, valid_from=date(2020, 1, 1), legal="X价费〔2020〕1号", exempt="", loaded_by="周",
        loaded_at=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.usefixtures("priced")
def test_a_lost_card_need_not_be_brought(counter: Counter, old: Card) -> None:
    counter.do("block", {str(old.serial): FORMAL}, by=REVIEWS, evidence="GS-17")
    counter.ask(old, "lost")
    (new,) = cards(counter.replaced())
    assert counter.hand_out(new) == 1
    assert at(old) == (OFFICE, "issued") and blocks.blocked([old.pk]) == {old.pk: Standing.CANCELLED}


@pytest.mark.usefixtures("priced")
def test_a_lost_card_that_is_brought_all_the_same_is_taken_back(counter: Counter, old: Card) -> None:
    counter.do("block", {str(old.serial): FORMAL}, by=REVIEWS, evidence="GS-17")
    counter.ask(old, "lost")
    (new,) = cards(counter.replaced())
    counter.bring_back(old)
    assert counter.hand_out(new) == 1
    assert at(old) == (OFFICE, "void") and old.serial in counter.lies(counter.tray(old.batch))


def test_a_recalled_card_is_blocked_and_must_be_brought(counter: Counter, old: Card) -> None:
    counter.do("block", {str(old.serial): FORMAL}, by=REVIEWS, evidence="召2026-3")
    counter.ask(old)
    (new,) = cards(counter.replaced())
    with pytest.raises(Refused, match="须交回原卡"):
        counter.hand_out(new)
    assert at(new) == (OFFICE, "good")
    counter.bring_back(old)
    assert counter.hand_out(new) == 1
    assert at(old) == (OFFICE, "void") and old.serial in counter.lies(counter.tray(old.batch))
    assert live(old) == (False, False)


def test_who_loses_the_old_card_while_waiting_reports_it_first_and_the_counter_says_so(
    counter: Counter, old: Card
) -> None:
    counter.ask(old)
    (new,) = cards(counter.replaced())
    with pytest.raises(Refused, match="等候期间遗失的, 先办书面挂失"):
        counter.hand_out(new, old_card="lost")
    counter.do("block", {str(old.serial): FORMAL}, by=REVIEWS, evidence="GS-17")
    with pytest.raises(Refused, match="--fact old_card=lost"):
        counter.hand_out(new)
    assert counter.hand_out(new, old_card="lost") == 1
    assert at(old) == (OFFICE, "issued") and blocks.blocked([old.pk]) == {old.pk: Standing.CANCELLED}


def test_what_a_crash_left_is_done_once_by_the_next_worker(counter: Counter, old: Card) -> None:
    """Killed after the books and before the things: the new card goes out, the old one is put away and cancelled."""
    counter.ask(old)
    (new,) = cards(counter.replaced())
    counter.bring_back(old)
    with turns.turn(counter.seat, "errand-hand_out"):  # somebody else is at it, so nothing moves now
        assert counter.hand_out(new) == 1
    assert counter.in_hands(new.batch) == [] and counter.lies(back_tray(counter.seat, OFFICE)) == [old.serial]
    assert at(new) == (OFFICE, "issued") and at(old) == (OFFICE, "void") and not blocks.blocked([old.pk])
    late = Errand.objects.get()
    for _ in range(2):
        errands.run(counter.seat, late)
        Errand.objects.get_or_create(pk=late.pk, lane=late.lane, work=late.work, subject=late.subject)
    assert counter.in_hands(new.batch) == [new.serial] and counter.lies(back_tray(counter.seat, OFFICE)) == []
    assert blocks.blocked([old.pk]) == {old.pk: Standing.CANCELLED}
    assert CardEvent.objects.filter(card=old, kind=Standing.CANCELLED.value).count() == 1
    assert counter.hand_out(new) == 0


def test_the_slip_for_the_doctor_says_that_the_card_is_not_there_yet_and_ends_with_it(counter: Counter) -> None:
    (ref,) = counter.applied(0)
    (page,) = PdfReader(print_paper(counter.seat, ref, "doctor", by=REVIEWS)).pages
    said = page.extract_text()
    assert "领卡证明" in said and "就医结算" in said and "社会保障卡正在办理中，尚未领取" in said
    assert "领卡时交回本证明" in said and person(0)["id_no"] not in said
    counter.do("review", {ref: {}}, by=REVIEWS)
    (card,) = cards(counter.made("urban-new"))
    counter.hand_out(card)
    with pytest.raises(NotReady, match=f"{ref}: 卡已领取, 不出具领卡证明"):
        print_paper(counter.seat, ref, "doctor", by=REVIEWS)


def test_the_form_shows_what_was_filled_in_and_of_a_replacement_the_old_card(counter: Counter, old: Card) -> None:
    (ref,) = counter.applied(2)
    said = printed(counter, ref, "form")
    assert "社会保障卡参保人员申请表" in said and person(2)["id_no"] in said and "1990-01-01" in said
    said = printed(counter, counter.ask(old), "form")
    assert "社会保障卡补换卡申请表" in said and str(old.serial) in said and "原因卡面有误" in said


def test_the_receipt_promises_the_day_that_where_tells(counter: Counter) -> None:
    (ref,) = counter.applied(0)
    (one,) = answer(counter.seat, ref).applications
    assert one.promise is not None
    assert f"预计可领{today(one.promise.latest)}" in printed(counter, ref, "receipt")


def printed(counter: Counter, ref: str, paper: str) -> str:
    """What stands on a paper of one page, blanks left out."""
    (page,) = PdfReader(print_paper(counter.seat, ref, paper, by=REVIEWS)).pages
    return "".join(page.extract_text().split())


def test_after_a_new_start_the_slip_is_issued_until_the_new_card_is_collected(counter: Counter) -> None:
    (ref,) = counter.applied(0)
    counter.do("review", {ref: {}}, by=REVIEWS)
    (failed,) = cards(counter.made("urban-new"))
    plastic.fail(failed.batch, {ref: "misprint"}, step="make_card", source="house")
    assert act(counter.seat, "restart", ref, by="周", reason="重新制作")
    assert print_paper(counter.seat, ref, "doctor", by=REVIEWS).exists()
    again = Application.objects.get(restarts__ref=ref)
    card = Card.objects.create(batch=failed.batch, bundle=failed.bundle, line=2, application_ref=again.ref)
    CardEvent.objects.create(card=card, kind="hand_out", happened_at=again.made_at, booked_day=today(), by=GIVES)
    with pytest.raises(NotReady, match=f"{ref}: 卡已领取, 不出具领卡证明"):
        print_paper(counter.seat, ref, "doctor", by=REVIEWS)


def test_no_slip_for_a_request_that_has_ended_without_a_card(counter: Counter) -> None:
    (ref,) = counter.applied(0)
    counter.do("review", {ref: {}}, by=REVIEWS)
    entry.end([ref])
    with pytest.raises(NotReady, match=f"{ref}: 申请已终止, 不出具领卡证明"):
        print_paper(counter.seat, ref, "doctor", by=REVIEWS)


def test_no_slip_for_a_request_that_was_turned_down(counter: Counter) -> None:
    (ref,) = counter.applied(0)
    counter.do("review", {ref: {"decision": "reject", "cause": "not-insured"}}, by=REVIEWS)
    with pytest.raises(NotReady, match=f"{ref}: 申请已退回, 不出具领卡证明"):
        print_paper(counter.seat, ref, "doctor", by=REVIEWS)
    with pytest.raises(NotReady, match="A0: 没有这个申请"):
        print_paper(counter.seat, "A0", "doctor", by=REVIEWS)

"""撤回申请: until a card is made its request can be given up, with the number and the fee."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.lanes.asking import CLERK, FEE, HOLDER, REVIEWER, Counter, account, application, build, payment, request
from tests.lanes.house import OFFICE, person
from tests.lanes.workshop import Killed
from zhika.cli import doing
from zhika.cli.where import lines
from zhika.craft import forming, requests, slips
from zhika.engine import acts, desk, plastic
from zhika.engine.answer import answer
from zhika.engine.check import id_key
from zhika.engine.paid import Fee
from zhika.engine.todo import todo
from zhika.engine.work import ActWork, Done, Subject, Work
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.causes import CAUSES
from zhika.flows.chart import Grain
from zhika.flows.documents import HANDOVER
from zhika.flows.lanes import Lane
from zhika.flows.requests import KINDS
from zhika.lanes.bank.models import Account
from zhika.lanes.centre import withdrawing
from zhika.lanes.insured import replacing
from zhika.ledger.cards import Card, Failure
from zhika.ledger.laws import breaches
from zhika.ledger.places import Case, today
from zhika.ledger.steps import ActRecord, Trouble
from zhika.people import restarts, settling
from zhika.people.models import Application, Death, Payment, Refund, Request
from zhika.people.settlements import after, end, period_of
from zhika.seat.config import Seat


@pytest.fixture
def counter(tmp_path: Path, db: None) -> Counter:
    return build(tmp_path)


@pytest.fixture
def rural(tmp_path: Path, db: None) -> Counter:
    return build(tmp_path, "rural")


def vouchers(counter: Counter) -> list[str]:
    return sorted(path.name for path in (counter.seat.home / "files" / "slips").glob("T-*.pdf"))


# Before the review ----------------------------------------------------------------------------------------------------


def test_a_request_withdrawn_before_its_review_is_never_reviewed_and_may_be_asked_anew_at_once(
    counter: Counter,
) -> None:
    filled, asked = counter.fill(0), counter.ask(1)
    assert counter.withdraw(filled) and counter.withdraw(asked)
    assert (request(asked).state, request(asked).cause) == (Request.WITHDRAWN, "本人不办了")
    with pytest.raises(Refused, match="已撤回; 重新申请须另行填表"):
        counter.do("apply", {filled: {}})
    with pytest.raises(Refused, match="已撤回, 不再审核"):
        counter.do("review", {asked: {}}, by=REVIEWER)
    assert not Application.objects.exists() and not Payment.objects.exists()
    again = counter.reviewed(1, again="yes")
    assert again != asked and application(again).live
    assert counter.told(1).keys() == {again}, "the same form again is the same request"


def test_a_form_file_told_again_asks_for_nobody_anew_who_has_withdrawn_unless_that_is_said(counter: Counter) -> None:
    ref = counter.fill(0)
    assert counter.told(0).keys() == {ref}
    counter.withdraw(ref)
    with pytest.raises(Refused, match=r"第 2 行: 此申请已撤回; .*--fact again=yes") as caught:
        counter.told(0)
    assert person(0)["id_no"] not in str(caught.value) and person(0)["name"] not in str(caught.value)
    assert counter.told(0, again="no") == {} and counter.do("fill_form", {}) == 0
    again = counter.fill(0, again="yes")
    assert again != ref and counter.told(0).keys() == counter.told(0, again="yes").keys() == {again}
    counter.withdraw(again)
    with pytest.raises(Refused, match="已撤回"):
        counter.told(0)


def test_of_two_requests_only_the_one_named_is_withdrawn(counter: Counter) -> None:
    one, other = counter.ask(0), counter.ask(1)
    counter.withdraw(one)
    assert (request(one).state, request(other).state) == (Request.WITHDRAWN, Request.APPLIED)
    counter.do("review", {other: {}}, by=REVIEWER)
    assert application(other).live


def test_a_replacements_fee_is_given_back_with_a_voucher_and_asked_again_it_is_paid_again(counter: Counter) -> None:
    card = counter.old_card()
    ref = counter.ask_again(card)
    assert payment(ref).amount == FEE
    counter.withdraw(ref)
    refund = Refund.objects.get()
    assert (refund.payment.ref, refund.by, refund.reason, refund.payment.live) == (ref, "王芳", "本人不办了", False)
    assert vouchers(counter) == [f"{refund.voucher}.pdf"]
    assert withdrawing.said(counter.seat, ref) == [
        f"退 20.00 元, 凭证 files/slips/{refund.voucher}.pdf; 原收据请收回"
    ]  # fmt: skip
    with pytest.raises(Refused, match="不再审核"):
        counter.review_again(ref)
    again = counter.ask_again(card)
    assert again != ref and payment(again).live
    assert breaches() == []


def test_a_receipt_over_nothing_is_cancelled_without_a_voucher(counter: Counter) -> None:
    ref = counter.ask_again(counter.old_card(), exempt="low-income")
    counter.withdraw(ref)
    assert (payment(ref).amount, payment(ref).live, Refund.objects.count()) == (0, False, 1)
    assert vouchers(counter) == []
    assert "已作废" in withdrawing.said(counter.seat, ref)[0]
    assert breaches() == []


# After it, in no batch ------------------------------------------------------------------------------------------------


def test_after_the_review_the_application_ends_and_no_batch_takes_it(counter: Counter) -> None:
    one, other = counter.reviewed(0), counter.reviewed(1)
    counter.withdraw(one)
    assert not application(one).live
    batch = counter.form()
    assert [card.application_ref for card in batch.cards.all()] == [other]
    assert counter.reviewed(0, again="yes") != one


def test_a_pending_replacement_is_undone_and_the_old_card_stays_as_it_is(counter: Counter) -> None:
    card = counter.old_card()
    ref = counter.review_again(counter.ask_again(card))
    assert application(ref).pending
    counter.withdraw(ref)
    old = application(card.application_ref)
    assert (application(ref).pending, application(ref).live, old.live) == (False, False, True)
    assert account(old.ref).status == Account.ACTIVATED and not account(old.ref).closed_for_payment
    assert not hasattr(Card.objects.get(pk=card.pk), "block")
    assert application(counter.review_again(counter.ask_again(card))).pending


def test_whoever_forms_a_batch_at_that_moment_does_not_take_in_the_withdrawn(counter: Counter) -> None:
    ref = counter.reviewed(0)
    done = forming.form(counter.seat, f"urban-new/02/{forming.next_code('urban-new', '02', timezone.now())}",
                        timezone.now(), frozenset({"urban-new"}))  # fmt: skip
    counter.withdraw(ref)
    assert done.write
    with pytest.raises(NotReady, match="撤回"):
        done.write()
    assert application(ref).batch_code == ""


def test_requests_are_due_when_so_many_wait_or_one_is_old_enough(counter: Counter) -> None:
    refs = [counter.reviewed(n) for n in range(2)]
    assert list(forming.due_requests(counter.seat)) == []
    settings = counter.house.seat.batch
    counter.house.seat = Seat(**{**vars(counter.seat), "batch": replace(settings, request_size=len(refs))})
    assert [about.split("/")[1] for _, about, _ in forming.due_requests(counter.seat)] == [OFFICE]
    counter.house.seat = Seat(**{**vars(counter.seat), "batch": settings})
    Application.objects.filter(ref=refs[0]).update(made_at=timezone.now() - timedelta(days=settings.request_days))
    assert len(list(forming.due_requests(counter.seat))) == 1


def test_a_request_in_a_rush_is_no_longer_due(counter: Counter) -> None:
    ref = counter.reviewed(0, rush=True)
    assert [name for name, about, _ in forming.due_requests(counter.seat) if about.endswith(ref)] == ["form_requests"]
    counter.withdraw(ref)
    assert list(forming.due_requests(counter.seat)) == []


# In a batch -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("work", ["send_insured", "check_insured", "submit_production_data", "return_mapping"])
def test_in_a_batch_whose_card_is_not_made_the_card_leaves_and_its_number_is_closed(
    counter: Counter, work: str
) -> None:
    card = counter.old_card()
    ref = counter.review_again(counter.ask_again(card))
    batch = counter.form("replacement")
    counter.until(batch, work)
    counter.withdraw(ref)
    failure = Failure.objects.get()
    assert (failure.card.application_ref, failure.cause, failure.step) == (ref, "withdrawn", "withdraw")
    assert not application(ref).pending and application(card.application_ref).live
    assert payment(ref).live is False and len(vouchers(counter)) == 1
    numbered = {one.application_ref: one.status for one in Account.objects.all()}
    assert numbered.pop(card.application_ref) == Account.ACTIVATED
    assert numbered == ({ref: Account.CLOSED} if work == "return_mapping" else {})
    assert restarts.waiting() == [] and not CAUSES["withdrawn"].again
    assert breaches() == []


@pytest.mark.parametrize("scheme", ["urban", "rural"])
def test_a_card_that_is_made_can_only_be_collected_or_given_back(tmp_path: Path, db: None, scheme: str) -> None:
    counter = build(tmp_path, scheme)
    ref = counter.reviewed(0)
    batch = counter.form()
    counter.until(batch, "make_card")
    serial = batch.cards.get().serial
    with pytest.raises(NotAllowed, match=f"领取.*zhika do return_cards {serial} --fact cause=unclaimed"):
        counter.withdraw(ref)
    assert application(ref).live and request(ref).state == Request.REVIEWED and not Failure.objects.exists()


def test_the_others_of_the_batch_are_made_and_the_withdrawn_has_no_plastic(counter: Counter) -> None:
    gone, staying = counter.reviewed(0), counter.reviewed(1)
    batch = counter.form()
    counter.until(batch, "return_mapping")
    counter.withdraw(gone)
    counter.go_on()
    made = {card.application_ref: card.serial for card in batch.cards.all()}
    assert made[gone] is None and made[staying]
    assert breaches() == []


@pytest.mark.parametrize("work", ["", "submit_production_data", "return_mapping"])
def test_a_batch_that_everybody_has_left_ends(counter: Counter, work: str) -> None:
    ref = counter.reviewed(0, rush=True)
    batch = counter.form()
    if work:
        counter.until(batch, work)
    counter.withdraw(ref)
    counter.go_on()
    batch.refresh_from_db()
    assert batch.closed_at and batch.ended_at
    assert not Trouble.objects.exists() and breaches() == []


@pytest.mark.parametrize("acts_done", [1, 2, 4, 6, 8, 9, 10])
def test_what_a_worker_cut_off_has_made_of_the_withdrawn_goes_void_to_the_bank_or_was_no_card(
    counter: Counter, killed_after: Callable[[int], None], acts_done: int
) -> None:
    ref = counter.reviewed(0, rush=True)
    batch = counter.form()
    counter.until(batch, "return_mapping")
    killed_after(acts_done)
    with pytest.raises(Killed):
        counter.until(batch, "make_card")
    killed_after(0)
    counter.withdraw(ref)
    counter.go_on()
    card = Card.objects.get(batch=batch)
    batch.refresh_from_db()
    if card.serial:
        handed = desk.filed(Subject(Grain.BATCH, batch.code))
        (row,) = next(desk.read(counter.seat, paper) for paper in handed if paper.type == HANDOVER.code).to_dicts()
        assert (row["condition"], row["cause"], row["card_serial"]) == ("void", "withdrawn", card.serial)
    else:
        assert batch.ended_at
    holder = counter.seat.organisation(Lane.INTEGRATOR)
    assert acts.act(counter.seat, "count_stock", holder, by="周", second="郑洁")
    assert not Case.objects.exists() and not Trouble.objects.exists()
    assert breaches() == []


def test_a_new_start_that_waits_is_withdrawn_under_either_number(counter: Counter) -> None:
    card = counter.old_card()
    ref = counter.review_again(counter.ask_again(card))
    batch = counter.form("replacement")
    plastic.fail(batch, {ref: "misprint"}, step="make_card", source="house")
    assert acts.act(counter.seat, "restart", ref, by="周", reason="可以重做")
    again = Application.objects.get(restarts__ref=ref)
    assert counter.withdraw(again.ref)
    assert not application(again.ref).pending and request(ref).state == Request.WITHDRAWN
    assert Refund.objects.get().payment.ref == ref
    for number in (ref, again.ref):
        with pytest.raises(NotAllowed, match="已撤回"):
            counter.withdraw(number)


def test_whoever_waits_after_a_failure_may_withdraw_and_is_not_started_again(counter: Counter) -> None:
    ref = counter.reviewed(0)
    batch = counter.form()
    plastic.fail(batch, {ref: "misprint"}, step="make_card", source="house")
    assert [one.application.ref for one in restarts.waiting()] == [ref]
    counter.withdraw(ref)
    assert restarts.waiting() == [] and Failure.objects.get().cause == "misprint"
    with pytest.raises(NotReady):
        acts.act(counter.seat, "restart", ref, by="周", reason="可以重做")


# What is refused ------------------------------------------------------------------------------------------------------


def test_it_is_done_once_and_a_second_time_says_so(counter: Counter) -> None:
    ref = counter.ask_again(counter.old_card())
    counter.withdraw(ref)
    with pytest.raises(NotAllowed, match="已撤回"):
        counter.withdraw(ref, by="李敏")
    assert Refund.objects.count() == 1 and ActRecord.objects.filter(name="withdraw").count() == 1


def test_a_number_of_nobody_and_one_of_a_batch_are_refused_with_what_to_do(counter: Counter) -> None:
    with pytest.raises(Refused, match="没有这个申请; 请核对申请编号"):
        counter.withdraw("A99999999999999")
    card = counter.old_card()
    with pytest.raises(Refused, match="批量制卡的申请不能撤回"):
        counter.withdraw(card.application_ref)
    assert application(card.application_ref).live


def test_a_reason_is_wanted_that_fits_the_voucher(counter: Counter) -> None:
    ref = counter.ask_again(counter.old_card())
    for reason, said in (("", "须写明事由"), ("长" * 41, "最多 40 个字")):
        with pytest.raises(NotAllowed, match=said):
            counter.withdraw(ref, reason=reason)
    assert payment(ref).live


def test_a_refused_requests_fee_is_given_back_and_it_stays_refused(counter: Counter) -> None:
    ref = counter.ask_again(counter.old_card())
    counter.do("review_replacement", {ref: {"decision": "reject", "cause": "data-wrong"}}, by=REVIEWER)
    counter.withdraw(ref, reason="审核未通过")
    assert (request(ref).state, request(ref).cause) == (Request.REFUSED, "data-wrong")
    assert len(vouchers(counter)) == 1
    with pytest.raises(NotAllowed, match="也没有未退的费用"):
        counter.withdraw(ref)


@pytest.mark.parametrize("again", [False, True])
def test_the_fee_of_who_has_died_before_a_card_was_made_is_given_back_and_the_request_stays(
    counter: Counter, again: bool
) -> None:
    """Whether it was the first attempt or a new start."""
    ref = counter.review_again(counter.ask_again(counter.old_card()))
    if again:
        plastic.fail(counter.form("replacement"), {ref: "misprint"}, step="make_card", source="house")
        assert acts.act(counter.seat, "restart", ref, by="周", reason="可以重做")
    died(counter, HOLDER)
    assert todo_of(counter) == []
    about = forming.in_full(counter.seat, f"urban-replacement/{OFFICE}")
    assert acts.act(counter.seat, "form_requests", about, by=REVIEWER)
    assert owed(counter) == [(ref, "已终止而未退费")]
    counter.withdraw(ref, reason="本人已故")
    assert (request(ref).state, request(ref).cause) == (Request.REVIEWED, "")
    assert len(vouchers(counter)) == 1 and not payment(ref).live and owed(counter) == []
    with pytest.raises(NotAllowed, match="申请已终止"):
        counter.withdraw(ref)
    assert breaches() == []


def died(counter: Counter, n: int) -> None:
    key, day = id_key(counter.seat.home, person(n)["id_no"]), timezone.now()
    Death.objects.create(id_key=key, died_on=day.date(), source="0" * 64, loaded_at=day)


def owed(counter: Counter) -> list[tuple[str, str]]:
    """Fees that the list says are to be given back, with why."""
    found = [item for item in todo(counter.seat) if item.work == "withdraw"]
    assert all(item.needs == ["by", "reason"] for item in found)
    return [(item.subject, item.title) for item in found]


def test_the_fee_of_a_refused_request_stands_on_the_list_until_it_is_given_back(counter: Counter) -> None:
    card = counter.old_card()
    ref = counter.ask_again(card)
    assert owed(counter) == []
    counter.do("review_replacement", {ref: {"decision": "reject", "cause": "data-wrong"}}, by=REVIEWER)
    assert owed(counter) == [(ref, "已退回而未退费")]
    counter.withdraw(ref, reason="审核未通过")
    assert owed(counter) == []
    free = counter.ask_again(card, exempt="low-income")
    counter.do("review_replacement", {free: {"decision": "reject", "cause": "data-wrong"}}, by=REVIEWER)
    assert owed(counter) == [], "of a receipt over nothing there is nothing to give back"


def test_a_collected_card_is_cancelled_not_withdrawn(counter: Counter) -> None:
    ref = counter.reviewed(0)
    batch = counter.form()
    counter.until(batch, "make_card")
    card = batch.cards.get()
    card.events.create(kind="hand_out", happened_at=timezone.now(), booked_day=timezone.now().date(), by="吴芬")
    with pytest.raises(NotAllowed, match=f"zhika do cancel {card.serial}"):
        counter.withdraw(ref)


# At once --------------------------------------------------------------------------------------------------------------


def asked_at_once(counter: Counter, ref: str) -> Done:
    """What a clerk has computed, and not written yet."""
    work = ActWork(
        seat=counter.seat, act=BY_NAME["withdraw"], subject=ref, batch=withdrawing.batch_of(ref), by="李敏",
        reason="改主意",
    )  # fmt: skip
    return withdrawing.withdraw(work)


@pytest.mark.parametrize("state", ["applied", "reviewed", "batch"])
def test_of_two_clerks_at_once_one_withdraws_and_the_fee_is_given_back_once(counter: Counter, state: str) -> None:
    ref = counter.ask_again(counter.old_card())
    if state != "applied":
        counter.review_again(ref)
    if state == "batch":
        counter.form("replacement")
    second = asked_at_once(counter, ref)
    counter.withdraw(ref)
    assert second.write
    with pytest.raises(NotReady, match="刚刚有变动"):
        second.write()
    assert Refund.objects.count() == 1


def test_what_was_looked_at_before_a_review_or_a_batch_is_looked_at_again(counter: Counter) -> None:
    ref = counter.ask(0)
    before_review = asked_at_once(counter, ref)
    counter.do("review", {ref: {}}, by=REVIEWER)
    before_batch = asked_at_once(counter, ref)
    batch = counter.form()
    before_making = asked_at_once(counter, ref)
    counter.until(batch, "make_card")
    for late in (before_review, before_batch, before_making):
        assert late.write
        with pytest.raises(NotReady, match="刚刚有变动"):
            late.write()
    assert application(ref).live


# The fee --------------------------------------------------------------------------------------------------------------


def test_of_a_settled_payment_the_refund_goes_into_the_next_period(counter: Counter) -> None:
    ref = counter.ask_again(counter.old_card())
    taken = payment(ref)
    month = period_of(taken.day)
    first = settling.draw(taken.office, month, now=end(month)).take(by="周", at=timezone.now())
    counter.withdraw(ref)
    late = settling.draw(taken.office, after(month), now=end(after(month))).take(by="周", at=timezone.now())
    assert (first.taken, first.refunded, late.taken, late.refunded) == (FEE, 0, 0, FEE)
    assert breaches() == []


@pytest.fixture
def cut_off(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> tuple[Card, str]:
    """The clerk's machine dies between the fee's transaction and the request's: a card, and the number of nobody."""

    def dies(*_: object) -> None:
        raise Killed

    card = counter.old_card()
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dying.setattr(slips, "print_receipt", dies)
        counter.ask_again(card)
    (paid,) = Payment.objects.all()
    assert not Request.objects.exists()
    assert not todo_of(counter)  # somebody may be at it
    monkeypatch.setattr(requests, "CUT_OFF", timedelta())
    return card, paid.ref


def test_a_fee_whose_request_was_not_entered_is_that_of_the_request_told_again(
    counter: Counter, cut_off: tuple[Card, str]
) -> None:
    card, ref = cut_off
    (item,) = (item for item in todo(counter.seat) if item.work == "withdraw")
    assert (item.subject, item.needs, card.serial in item.hint) == (ref, ["by", "reason"], True)
    for other in ({"kind": "damaged"}, {"exempt": "low-income"}):
        with pytest.raises(Refused, match="先退该笔"):
            counter.ask_again(card, **other)
    assert counter.ask_again(card) == ref
    assert Payment.objects.count() == 1 and not [item for item in todo(counter.seat) if item.work == "withdraw"]


def test_or_it_is_given_back_and_asked_again_the_request_has_another_number(
    counter: Counter, cut_off: tuple[Card, str]
) -> None:
    card, ref = cut_off
    counter.withdraw(ref)
    old = application(card.application_ref)
    kept = request(ref)
    assert (kept.state, kept.kind, kept.old_card, kept.person_id, kept.entered_by, kept.payment_no) == (
        Request.WITHDRAWN, "face", card.serial, old.person_id, CLERK, payment(ref).receipt,
    )  # fmt: skip
    assert len(vouchers(counter)) == 1 and not todo_of(counter)
    with pytest.raises(NotAllowed, match="已撤回"):
        counter.withdraw(ref)
    again = counter.ask_again(card)
    assert again != ref and payment(again).live
    assert breaches() == []


def todo_of(counter: Counter) -> list[str]:
    return [item.subject for item in todo(counter.seat) if item.work == "withdraw"]


def test_entered_and_given_back_at_once_only_one_of_both_holds(counter: Counter, cut_off: tuple[Card, str]) -> None:
    card, ref = cut_off
    late = asked_at_once(counter, ref)
    assert counter.ask_again(card) == ref
    assert late.write
    with pytest.raises(NotReady, match="刚刚有变动"):
        late.write()
    counter.withdraw(ref)
    work = Work(
        seat=counter.seat, flow=FLOWS["urban-replacement"], step=FLOWS["urban-replacement"].step("apply_replacement"),
        subject=Subject(Grain.APPLICATION, ""), refs=(ref,),
    )  # fmt: skip
    with pytest.raises(NotReady, match="费用刚刚退还"):
        replacing.enter(work, [replacing.Asked(ref, application(card.application_ref), card.serial or "", {}, "")])


# How it is told -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["filled", "applied", "reviewed", "batch"])
def test_where_is_my_card_says_that_it_was_withdrawn(counter: Counter, state: str) -> None:
    ref = {"filled": counter.fill, "applied": counter.ask}.get(state, counter.reviewed)(0)
    if state == "batch":
        counter.form()
    counter.withdraw(ref)
    for asked in (ref, person(0)["id_no"]):
        (one,) = answer(counter.seat, asked).applications
        assert one.withdrawn and one.closed and not one.next and one.promise is None
        assert "已撤回" in lines(one)[0]
    told = "\n".join(lines(one))
    assert ("您的申请已撤回" in told, "(撤回申请," in told) == (state == "batch", state == "batch")


def test_whoever_asked_again_is_told_of_both(counter: Counter) -> None:
    ref = counter.reviewed(0)
    counter.withdraw(ref)
    again = counter.reviewed(0, again="yes")
    told = {one.ref: one.withdrawn for one in answer(counter.seat, again).applications}
    assert told == {again: False, ref: True}


def test_an_old_card_is_not_said_to_be_replaced_by_what_was_withdrawn(counter: Counter) -> None:
    card = counter.old_card()
    ref = counter.review_again(counter.ask_again(card))
    told = {one.ref: one for one in answer(counter.seat, card.serial or "").applications}
    assert told[card.application_ref].replaced_by == (ref,)
    counter.withdraw(ref)
    told = {one.ref: one for one in answer(counter.seat, card.serial or "").applications}
    assert told[card.application_ref].replaced_by == () and not told[card.application_ref].closed


def test_what_was_paid_and_given_back_is_told_with_its_papers(counter: Counter) -> None:
    card = counter.old_card()
    ref = counter.ask_again(card)
    (fee,) = fees(counter, ref)
    assert (fee.receipt, fee.voucher, fee.papers) == (RECEIPT, "", (f"files/slips/{RECEIPT}.pdf",))
    assert f"  费用: 20.00 元, 收据 {RECEIPT}" in told_of(counter, ref)
    counter.withdraw(ref)
    (fee,) = fees(counter, ref)
    assert fee.void_on == today() and fee.voucher == f"T{RECEIPT[1:]}" and len(fee.papers) == 2
    assert any(f"{today()} 已退, 退费凭证 {fee.voucher}" in line for line in told_of(counter, ref))
    assert f"城镇补换卡 · 补换 ({KINDS['face'].title})" in told_of(counter, ref)[0]


def test_who_withdraws_twice_is_told_of_no_money(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doing, "here", lambda: counter.seat)
    ref = counter.ask_again(counter.old_card())
    words = {"by": "王芳", "reason": "本人不办了", "subjects": [ref]}
    doing.do("withdraw", **words)
    assert "退 20.00 元, 凭证" in capsys.readouterr().out
    with pytest.raises(NotAllowed, match="已撤回"):
        doing.do("withdraw", **words)
    assert capsys.readouterr().out == ""


def test_a_receipt_over_nothing_becomes_void_and_says_not_why_it_was(counter: Counter) -> None:
    ref = counter.ask_again(counter.old_card(), exempt="low-income")
    assert f"  费用: 免收, 收据 {RECEIPT}" in told_of(counter, ref)
    counter.withdraw(ref)
    (fee,) = fees(counter, ref)
    assert (fee.amount, fee.voucher, fee.papers) == (0, "", (f"files/slips/{RECEIPT}.pdf",))
    said = told_of(counter, ref)
    assert any(f"免收, 收据 {RECEIPT}; {today()} 作废" in line for line in said)
    assert not any("低保" in line or "退费凭证" in line for line in said)


RECEIPT = f"S-02-{today().year}-000001"


def fees(counter: Counter, ref: str) -> tuple[Fee, ...]:
    (one,) = [one for one in answer(counter.seat, ref).applications if one.ref == ref]
    return one.fees


def told_of(counter: Counter, ref: str) -> list[str]:
    (one,) = [one for one in answer(counter.seat, ref).applications if one.ref == ref]
    return lines(one)

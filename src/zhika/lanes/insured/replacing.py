"""补换卡: whose card is to be replaced, for which reason, with which corrections; the fee is taken here.

A request is told by the card's serial, or as a file with a line a card. Its application number is made when it is told:
told again, it is the same request.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from zhika.card import idnumber
from zhika.craft import slips
from zhika.craft.requests import replacing
from zhika.engine import desk
from zhika.engine.check import id_key
from zhika.engine.work import Work
from zhika.errors import Fault, NotReady, Refused
from zhika.flows import requests
from zhika.flows.blocking import Standing
from zhika.flows.requests import OldCard
from zhika.ledger.blocks import blocked
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.paper.slips import Mistake
from zhika.people import fees
from zhika.people.models import Application, Payment, Request
from zhika.people.numbers import application_numbers
from zhika.people.requests import CORRECTED
from zhika.registers import intake
from zhika.registers.columns import REPLACEMENT as COLUMNS
from zhika.seat.config import Seat

TITLES = {"name": "姓名", "nation": "民族", "address": "地址", "phone": "电话", "postcode": "邮编"}
OPEN = (Request.FILLED, Request.APPLIED)


@dataclass(frozen=True)
class Asked:
    """One replacement asked for."""

    ref: str
    old: Application
    serial: str
    facts: Mapping[str, str]
    payment_no: str

    @property
    def row(self) -> dict[str, str]:
        """Of the document 补卡申请."""
        person = self.old.person
        return {
            "app_no": self.ref, "id_no": person.id_no, "name": person.name, "kind": self.facts["kind"],
            "reason": self.facts["reason"], "old_card": self.serial, "payment_no": self.payment_no,
        }  # fmt: skip


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """`zhika do apply_replacement FILE | SERIAL --fact kind=lost --fact reason=…`: an application number a card."""
    photos = Path(told["photos"]) if told.get("photos") else None
    rows = _lines(seat, path, told)
    cards = _cards(seat, path.name, rows)
    faults = [fault for number, row in rows.items() for fault in _faults(path.name, number, row, cards)]
    if faults:
        raise Refused(faults)
    for number, row in rows.items():
        card, old = cards[number]
        corrections = {name: row[name] for name in CORRECTED if row.get(name) and name != "photo"}
        if row.get("photo"):
            corrections["photo"] = desk.photo_file(seat, photos, row["photo"])
        yield _ref(seat, card), {
            "process": f"{old.process.split('-')[0]}-replacement", "old_card": card.serial or "", "kind": row["kind"],
            "reason": row["reason"], "exempt": row.get("exempt", ""), "rush": row.get("rush", ""),
            "corrections": json.dumps(corrections, ensure_ascii=False),
        }  # fmt: skip


def _lines(seat: Seat, path: Path, told: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """Row number → what was told; one card alone is row 0."""
    if path.is_file():
        rows = intake.read(path, COLUMNS).rows.iter_rows(named=True)
        return {int(row["row"]): {**told, **{name: value for name, value in row.items() if value}} for row in rows}
    return {0: {**told, "old_card": path.name}}


def _cards(
    seat: Seat, name: str, rows: Mapping[int, Mapping[str, str]]
) -> dict[int, tuple[Card, Application]]:  # fmt: skip
    """The live card that each line speaks of, by serial or by the person's ID number."""
    found: dict[int, tuple[Card, Application]] = {}
    by_serial = {row["old_card"]: number for number, row in rows.items() if row.get("old_card")}
    by_key = {
        id_key(seat.home, idnumber.clean(row["id_no"])): number
        for number, row in rows.items()
        if row.get("id_no") and not row.get("old_card")
    }
    for some in chunks(list(by_key)):
        for one in Application.objects.filter(live=True, person__id_key__in=some).select_related("person__office"):
            card = Card.objects.filter(application_ref=one.ref, serial__isnull=False).first()
            if card:
                found[by_key[one.person.id_key]] = (card, one)
    for some in chunks(list(by_serial)):
        cards = {card.application_ref: card for card in Card.objects.filter(serial__in=some)}
        for one in Application.objects.filter(ref__in=list(cards), live=True).select_related("person__office"):
            card = cards[one.ref]
            found[by_serial[card.serial or ""]] = (card, one)
    return found


def _faults(
    name: str, number: int, row: Mapping[str, str], cards: Mapping[int, tuple[Card, Application]]
) -> Iterator[Fault]:  # fmt: skip
    at = number or None
    if number not in cards:
        yield Fault(name, "没有这张有效的卡, 请核对卡序列号或证件号码", at, "原卡序列号")
        return
    card, old = cards[number]
    if not card.events.filter(kind="hand_out").exists():
        yield Fault(name, "原卡尚未领取, 不能补换; 有误的卡由发放单位退回", at, "原卡序列号")
    if row.get("kind") not in requests.KINDS or not requests.KINDS[row["kind"]].replaces:
        allowed = "、".join(f"{kind.code} {kind.title}" for kind in requests.KINDS.values() if kind.replaces)
        yield Fault(name, f"应为 {allowed}", at, "业务类型")
    elif requests.KINDS[row["kind"]].old_card is OldCard.BLOCKED and not _formally_lost(card):
        yield Fault(name, "遗失补卡须先书面挂失 (zhika do block --fact kind=formal)", at, "业务类型")
    if not row.get("reason"):
        yield Fault(name, "不可为空: 写明为何补换 (--fact reason=…, 办理表中 reason 列)", at, "原因")
    if Application.objects.filter(person_id=old.person_id, pending=True).exists():
        yield Fault(name, "此人已有补换卡在办", at, "原卡序列号")


def _formally_lost(card: Card) -> bool:
    block = getattr(card, "block", None)
    return block is not None and block.standing is Standing.FORMAL


def _ref(seat: Seat, card: Card) -> str:
    """The application number of a card's replacement: the open request's, else a new one."""
    known = Request.objects.filter(old_card=card.serial, state__in=OPEN).values_list("ref", flat=True).first()
    if known:
        return known
    times = Request.objects.filter(old_card=card.serial).count()
    day = f"{today():%y%m%d}"
    (ref,) = application_numbers(seat.integrator.application_prefix, day, replacing(card.serial or "", times), 1)
    return ref


def asked(work: Work) -> list[Asked]:
    """What the work's facts ask for, with the fee taken; a fee taken before a crash is not taken twice."""
    serials = {facts["old_card"]: ref for ref, facts in work.facts.items()}
    olds: dict[str, tuple[str, Application]] = {}
    for some in chunks(list(serials)):
        cards = dict(Card.objects.filter(serial__in=some).values_list("application_ref", "serial"))
        for one in Application.objects.filter(ref__in=list(cards)).select_related("person__office"):
            olds[serials[cards[one.ref] or ""]] = (cards[one.ref] or "", one)
    receipts = _charged(work, olds)
    return [Asked(ref, olds[ref][1], olds[ref][0], work.facts[ref], receipts[ref]) for ref in work.refs]


def _charged(work: Work, olds: Mapping[str, tuple[str, Application]]) -> dict[str, str]:
    """Receipt numbers; a first transaction of the row, so that the document can name them.

    Raises Refused where a fee that was taken before a crash is not the fee of what is asked for now.
    """
    with transaction.atomic():
        before = fees.paid(work.refs)
        rule = "已按另一业务类型或免收事由收费: 先退该笔 (zhika do withdraw), 再申请"
        if other := [ref for ref, payment in before.items() if not _fee_of(payment, work.facts[ref])]:
            raise Refused([Fault(f"申请 {ref}", rule) for ref in other])
        paid = {ref: payment.receipt for ref, payment in before.items()}
        for ref in work.refs:
            if ref not in paid:
                facts = work.facts[ref]
                office = olds[ref][1].person.office
                payment = fees.charge(
                    ref, office, facts["kind"], on=today(work.now), by=work.by, exempt=facts["exempt"]
                )
                paid[ref] = payment.receipt
    return paid


def _fee_of(payment: Payment, facts: Mapping[str, str]) -> bool:
    """Whether a payment is what is due for this kind of request, with this reason for taking nothing."""
    return payment.kind == facts["kind"] and payment.exempt in (facts["exempt"], *requests.UNCLAIMED)


def enter(work: Work, asked: Sequence[Asked]) -> None:
    """The requests, in the step's transaction; with the receipts, and the notice where the issuer erred.

    Raises NotReady where a fee was given back meanwhile.
    """
    payments = fees.paid(work.refs)
    if len(payments) != len(asked):
        raise NotReady("其中有申请的费用刚刚退还, 请重新办理")
    Request.objects.bulk_create(
        [
            Request(
                ref=one.ref, process=work.flow.name, kind=one.facts["kind"], office=one.old.person.office,
                person=one.old.person, fields=json.loads(one.facts["corrections"]), old_card=one.serial,
                reason=one.facts["reason"], payment_no=one.payment_no, rush=bool(one.facts["rush"]),
                photo=json.loads(one.facts["corrections"]).get("photo", ""), entered_by=work.by,
                entered_at=work.now, state=Request.APPLIED,
            )
            for one in asked
        ],
        batch_size=500,
    )  # fmt: skip
    for one in asked:
        slips.print_receipt(work.seat, payments[one.ref], one.old.person.name)
        if requests.KINDS[one.facts["kind"]].notice:
            _notice(work, one)


def _notice(work: Work, one: Asked) -> None:
    """勘误换卡通知单: what stands wrong on the card, and what is right."""
    person, right = one.old.person, json.loads(one.facts["corrections"])
    wrong = [Mistake(TITLES[name], getattr(person, name), value) for name, value in right.items() if name != "photo"]
    slips.print_notice(
        work.seat, one.ref, wrong, holder=person.name, old_card=one.serial, reason=one.facts["reason"],
        office=person.office, by=work.by, on=today(work.now),
        blocked=bool(blocked(Card.objects.filter(serial=one.serial).values_list("pk", flat=True))),
    )  # fmt: skip

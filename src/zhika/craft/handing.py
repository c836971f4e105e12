"""Hand-out 发卡: who stands at the counter, whose card it is, and that nobody's identity lies open in the chip.

Units do it for batches, offices for what was made for one person; the receipts are a table of each lane's own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from django.db import models

from zhika.card import idnumber
from zhika.card import tray as trays
from zhika.card.chip.public import public_area
from zhika.craft.barred import Barred
from zhika.engine.work import Done, Work
from zhika.errors import CardError, Fault, Refused
from zhika.flows.chart import Grain
from zhika.flows.documents import COLLECTION
from zhika.ledger import blocks
from zhika.ledger.places import today
from zhika.people import messages
from zhika.people.models import Application, Person
from zhika.people.texts import CALLS
from zhika.seat import things
from zhika.seat.config import Seat

SELF, PROXY = "self", "proxy"
PROXY_FACTS = {"proxy_name": "代领人姓名", "proxy_id": "代领人证件号码", "relation": "与持卡人关系"}


class Receipt(models.Model):
    """领卡签收: one row a card. A proxy is named with the relation to the holder."""

    card_serial = models.CharField(max_length=20, unique=True)
    parcel = models.CharField(max_length=80, db_index=True)
    """What the card lay in: a unit's parcel, or the batch at its office."""
    id_seen = models.BooleanField(default=False)
    """Whether the holder's ID was shown; not, where a whole parcel went out by its signing list."""
    by = models.CharField(max_length=5)
    """self | proxy"""
    proxy_name = models.CharField(max_length=50, blank=True)
    proxy_id = models.CharField(max_length=18, blank=True)
    relation = models.CharField(max_length=20, blank=True)
    evidence = models.CharField(max_length=200)
    """The signature: sheet and line, or the digest of its picture."""
    handed_by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Shown:
    """What was shown and signed for one card."""

    by: str
    id_no: str
    evidence: str
    proxy_name: str = ""
    proxy_id: str = ""
    relation: str = ""


def shown(told: Mapping[str, str], evidence: str) -> Shown:
    """The facts of one card as they were told; by the person where nothing else is said."""
    return Shown(
        told.get("by") or SELF, idnumber.clean(told.get("id_no", "")), told.get("signature") or evidence,
        told.get("proxy_name", "").strip(), idnumber.clean(told.get("proxy_id", "")), told.get("relation", "").strip(),
    )  # fmt: skip


def faults(said: Shown, person: Person, serial: str, *, id_needed: bool) -> list[Fault]:
    """Why this card may not be handed out to whoever stands there; faults name the card, never the person."""
    where, found = f"{COLLECTION.title} {serial}", []
    if id_needed and not said.id_no:
        rule = "须出示持卡人的身份证 (--fact id_no=…, 办理表中 id_no 列); 只有整包按签领表发放的不必"
        found.append(Fault(where, rule, column="公民身份号码"))
    if said.by not in (SELF, PROXY):
        found.append(Fault(where, f"应为 {SELF} (本人) 或 {PROXY} (代领)", column="by"))
    if said.id_no and said.id_no != person.id_no:
        found.append(Fault(where, "所示证件不是持卡人的", column="公民身份号码"))
    if said.by == PROXY:
        empty = [name for name in PROXY_FACTS if not getattr(said, name)]
        found += [Fault(where, "代领须登记此项", column=PROXY_FACTS[name]) for name in empty]
        if said.proxy_id and not idnumber.is_valid(said.proxy_id):
            found.append(Fault(where, "不是有效的公民身份号码", column=PROXY_FACTS["proxy_id"]))
        if said.proxy_id and said.proxy_id == person.id_no:
            found.append(Fault(where, "代领人不能是持卡人本人", column=PROXY_FACTS["proxy_id"]))
    if not said.evidence.strip():
        found.append(Fault(where, "须有签领凭证 (签领表编号, 或签名文件)", column="evidence"))
    return found


def card_faults(tray: trays.Tray, serial: str, person: Person, work: Work) -> list[Fault]:
    """Why the card itself may not be handed out: not here, another face, or a public area that is not empty."""
    where = f"{COLLECTION.title} {serial}"
    piece = tray.find(serial)
    if piece is None:
        return [Fault(where, "卡不在本单位的料盘中")]
    seen = tray.camera(piece, hidden=work.hidden)
    if (seen.get("id_no"), seen.get("name")) != (person.id_no, person.name):
        return [Fault(where, "卡面与持卡人不符, 不可发放")]
    with tray.chip(piece) as chip:
        try:
            empty = public_area(chip) is None
        except CardError:
            return [Fault(where, "芯片公共区读不出, 不可发放")]
    return [] if empty else [Fault(where, "芯片公共区未清空, 不可发放")]


def persons(refs: Mapping[str, object]) -> dict[str, Person]:
    """The persons of these applications."""
    rows = Application.objects.filter(ref__in=list(refs)).select_related("person")
    return {row.ref: row.person for row in rows}


def hand_out(work: Work, tray_path: Path, receipts: type[Receipt]) -> Done:
    """社保卡交接手续: the person, or a proxy with both IDs and the relation, signs and has the card.

    `tray_path` holds the cards of the work's people; what was signed is written into `receipts`, the lane's own table.
    Raises Refused with every fault of every card.
    """
    holders = persons(work.people)
    stands = blocks.blocked(card.pk for card in work.people.values())
    said = {app: shown(work.facts.get(app, {}), work.evidence) for app in work.people}
    found: list[Fault] = []
    with things.on_bench(work.seat.world, tray_path) as tray:
        for app, card in work.people.items():
            serial = card.serial or ""
            found += faults(said[app], holders[app], serial, id_needed=not _by_list(work, app))
            found += card_faults(tray, serial, holders[app], work)
            if card.pk in stands:
                found.append(Fault(f"{COLLECTION.title} {serial}", f"卡{stands[card.pk].title}, 不可发放"))
    barred = Barred.of(work, holders)
    found += barred.faults({app: one.proxy_name for app, one in said.items()}, work.people)
    if found:
        raise Refused(found)
    day = today(work.now).isoformat()
    rows = [
        (app, holders[app].id_no, holders[app].name, card.serial or "", day, said[app].by)
        for app, card in work.people.items()
    ]

    def write() -> None:
        barred.check_again()
        messages.withdraw(work.people, *CALLS)
        receipts.objects.bulk_create(  # type: ignore[attr-defined]
            [_signed(receipts, work, card.serial or "", said[app]) for app, card in work.people.items()],
            batch_size=100,
        )

    collected = pl.DataFrame(rows, schema=dict.fromkeys(COLLECTION.columns, pl.String), orient="row")
    return Done(documents={COLLECTION: collected}, write=write, after=work.subject.code)


def _by_list(work: Work, app: str) -> bool:
    """Whether this card goes out with its whole parcel by the signing list; any other needs its holder's ID."""
    parcel = work.subject.kind is Grain.PARCEL and work.facts.get(app, {}).get("subject") == work.subject.code
    return parcel and not work.seat.unit.id_always


def _signed(receipts: type[Receipt], work: Work, serial: str, said: Shown) -> Receipt:
    return receipts(
        card_serial=serial, parcel=work.subject.code, id_seen=bool(said.id_no), by=said.by,
        proxy_name=said.proxy_name, proxy_id=said.proxy_id,
        relation=said.relation, evidence=said.evidence[:200], handed_by=work.by, at=work.now,
    )  # fmt: skip


def by_proxy(receipts: type[Receipt], serials: Collection[str]) -> set[str]:
    """Of these cards those that somebody else signed for."""
    signed = receipts.objects.filter(card_serial__in=list(serials), by=PROXY)  # type: ignore[attr-defined]
    return set(signed.values_list("card_serial", flat=True))


def into_hands(seat: Seat, source: Path, parcel: str, receipts: type[Receipt]) -> None:
    """Every card of a parcel or batch that was signed for leaves its tray for good: WORLD/people.

    What has gone already stays gone; what a crash left lying goes now.
    """
    signed = receipts.objects.filter(parcel=parcel)  # type: ignore[attr-defined]
    target = seat.world / "people" / f"{parcel}.cards.tray"
    target.parent.mkdir(parents=True, exist_ok=True)
    trays.create(target, f"{parcel}.people", "cards")
    with things.on_bench(seat.world, source) as here, things.on_bench(seat.world, target) as hands:
        for serial in signed.values_list("card_serial", flat=True):
            if piece := here.find(serial):
                here.move(piece, hands)

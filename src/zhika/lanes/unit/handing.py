"""Hand-out 发卡: who stands at the counter, whose card it is, and that nobody's identity lies open in the chip."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zhika.card import idnumber
from zhika.card import tray as trays
from zhika.card.chip.public import public_area
from zhika.engine.parcels import unit_of
from zhika.engine.work import Work
from zhika.errors import CardError, Fault
from zhika.flows.documents import COLLECTION
from zhika.lanes.unit.models import Receipt
from zhika.people.models import Application, Person
from zhika.seat import things
from zhika.seat.config import Seat

SELF, PROXY = "self", "proxy"
PROXY_FACTS = {"proxy_name": "代领人姓名", "proxy_id": "代领人证件号码", "relation": "与持卡人关系"}


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


def faults(said: Shown, person: Person, serial: str) -> list[Fault]:
    """Why this card may not be handed out to whoever stands there; faults name the card, never the person."""
    where, found = f"{COLLECTION.title} {serial}", []
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


def parcel_tray(seat: Seat, parcel: str) -> Path:
    """Where the parcel's cards lie at its unit."""
    return seat.bench(unit_of(parcel), "bench") / f"{parcel}.cards.tray"


def into_hands(seat: Seat, parcel: str) -> None:
    """Every card of the parcel that was signed for leaves the unit's tray for good: WORLD/people.

    What has gone already stays gone; what a crash left lying goes now.
    """
    serials = Receipt.objects.filter(parcel=parcel).values_list("card_serial", flat=True)
    source, target = parcel_tray(seat, parcel), seat.world / "people" / f"{parcel}.cards.tray"
    target.parent.mkdir(parents=True, exist_ok=True)
    trays.create(target, f"{parcel}.people", "cards")
    with things.on_bench(seat.world, source) as here, things.on_bench(seat.world, target) as hands:
        for serial in serials:
            if piece := here.find(serial):
                here.move(piece, hands)

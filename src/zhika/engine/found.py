"""What differed turns up: a missing card is found and void or leaves again, a surplus one goes back."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from django.utils import timezone

from zhika.card import tray as trays
from zhika.engine import desk, plastic
from zhika.engine.booking import seats_of
from zhika.engine.carrying import MARK, arrived
from zhika.engine.lists import print_handover
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Done
from zhika.errors import CardError, NotReady
from zhika.flows.documents import CARD_LIST, EXCEPTIONS
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card, Failure
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Case, Handover, Place, State, group, place
from zhika.ledger.steps import Paper
from zhika.ledger.where import where
from zhika.seat import things
from zhika.seat.config import Seat

LOST = "missing"
"""Cause with which a person leaves whose card turns up too late."""


@engine_act
def found(work: ActWork) -> Done:
    """短少卡找回: before the bank has delivered it is void and its person has left; afterwards it is given anew.

    A card that was surplus goes back to the finder's tray of whoever gave it.
    """
    surplus = _surplus(work.subject)
    if surplus is not None:
        return _give_back(work, surplus)
    card = Card.objects.select_related("batch__office").filter(serial=work.subject).first()
    at = where([card.pk]).get(card.pk) if card else None
    lies = Place.objects.select_related("organisation", "group").filter(pk=at).first() if at else None
    if card is None or lies is None or lies.state != State.MISSING:
        raise NotReady(f"卡 {work.subject} 没有短少案或多出案")
    holder, batch = lies.organisation, card.batch
    listed = delivered(work.seat, batch, [work.subject])
    bench = work.seat.bench(holder.code, "bench")
    if listed is None:
        _lay(work, holder.code, bench / f"{batch.code}.cards.tray")
        return _void(work, card, lies)
    nth = Handover.objects.filter(batch=batch, document=CARD_LIST.code).count() + 1
    code = f"{batch.code}~{CARD_LIST.code}+{nth}"
    taker = organisation(batch.parties.get(lane=Lane.CENTRE).organisation.code)
    name = _laid(batch.code, work.subject)
    _lay(work, holder.code, bench / name)

    def write() -> None:
        within = plastic.batch_group(batch)
        facts = {
            "from_organisation": holder, "to_organisation": taker, "group": within, "batch": batch, "given": 1,
            "document": CARD_LIST.code, "subject_kind": "batch", "subject": batch.code, "given_at": timezone.now(),
            "trays": [name],
        }  # fmt: skip
        handover, new = Handover.objects.get_or_create(code=code, defaults=facts)
        if not new:
            raise NotReady(f"交接 {code} 刚由另一人开出, 请再办一次")
        print_handover(work.seat, CARD_LIST, listed, code, holder, taker, work.now)
        again = group(f"{batch.code}/again{nth}", "batch", batch.code)
        move(lies, place(holder, State.GIVEN, again), Cards([card.pk]), cause="give", by=work.by, handover=handover)
        Case.objects.filter(card=card, closed_at=None).update(closed_at=timezone.now(), closing=f"找回: {work.reason}")

    return Done(documents={CARD_LIST: listed}, handover=code, write=write)


def _void(work: ActWork, card: Card, lies: Place) -> Done:
    """Its person leaves the batch with it, unless that is so already, and every other seat of the batch is told."""
    batch = card.batch
    here = not Failure.objects.filter(card=card).exists()

    def write() -> None:
        said = {card.application_ref: work.reason}
        plastic.fail(batch, dict.fromkeys(said, LOST), step=work.act.name, source=work.seat.name, texts=said)
        target = place(lies.organisation, State.VOID, plastic.batch_group(batch))
        move(lies, target, Cards([card.pk]), cause="found", by=work.by)
        closing = f"找回作废: {work.reason}"
        Case.objects.filter(card=card, closed_at=None).update(closed_at=timezone.now(), closing=closing)

    others = frozenset(batch.parties.exclude(seat=work.seat.name).values_list("seat", flat=True))
    if not here or not others:
        return Done(write=write)
    person = desk.persons(work.seat, batch.code, {card.application_ref})[card.application_ref]
    row = {"document": "", "row": "", "card_serial": work.subject, "step": work.act.name, "cause": LOST,
           "text": work.reason}  # fmt: skip
    told = pl.DataFrame([person | row], schema=dict.fromkeys(EXCEPTIONS.columns, pl.String))
    return Done(documents={EXCEPTIONS: told}, to={EXCEPTIONS: others}, write=write)


def delivered(seat: Seat, batch: Batch, serials: Sequence[str]) -> pl.DataFrame | None:
    """These cards' rows of the first card list that this seat sent of each, once a card.

    None where it sent none of them: the bank hasn't delivered, or isn't here.
    """
    papers = Paper.objects.filter(batch_code=batch.code, type=CARD_LIST.code, sender=seat.name).order_by("pk")
    found = [desk.read(seat, paper).filter(pl.col("card_serial").is_in(list(serials))) for paper in papers]
    rows = pl.concat(found).unique("card_serial", keep="first", maintain_order=True) if found else None
    return rows if rows is not None and rows.height else None


def _lay(work: ActWork, holder: str, target: Path) -> None:
    """The found card goes from the finder's tray onto the bench; where a worker cut off has laid it, it stays."""
    source = found_tray(work.seat, holder)
    if not target.exists():
        trays.create(target, target.stem, "cards")
    with things.on_bench(work.seat.world, target) as new:
        if source.exists():
            with things.on_bench(work.seat.world, source) as old:
                piece = old.find(work.subject)
                if piece:
                    old.move(piece, new)
        if new.find(work.subject) is None:
            raise CardError(f"卡 {work.subject} 不在 {source} 中。{where_to_lay(work.seat, holder)}, 再办一次")


def _laid(batch_code: str, serial: str) -> str:
    """Name on the bench of a found card's own tray; on its way it is named after its handover."""
    return f"{serial}{MARK}{batch_code}.good.tray"


def _surplus(serial: str) -> Case | None:
    """The oldest open case of a card that nobody listed."""
    cases = Case.objects.filter(kind="surplus", serial=serial, closed_at=None).order_by("pk")
    return cases.select_related(
        "organisation", "handover__batch", "handover__from_organisation", "handover__to_organisation"
    ).first()


def _give_back(work: ActWork, case: Case) -> Done:
    """多出卡退回: out of the taker's trays, if they lie on this seat, and the case is closed.

    What a stock count found goes to whom the books name, or to the organisation told (fact `to`).
    """
    handover, seat = case.handover, work.seat
    if handover is None:
        giver, taker, here, came = _owner(work, case), case.holder, True, ""
    else:
        giver, taker, came = handover.from_organisation.code, handover.to_organisation, handover.code
        here = handover.batch is not None and seat.name in seats_of(seat, handover.batch, taker)
    if here:
        back = seat.bench(taker.code, "out") / giver / found_tray(seat, giver).name
        lying = [*seat.bench(taker.code, "bench").glob("*.tray"), *(arrived(seat, taker.code, came) if came else ())]
        for path in sorted(lying):
            with things.on_bench(seat.world, path) as tray:
                if piece := tray.find(work.subject):
                    back.parent.mkdir(parents=True, exist_ok=True)
                    trays.create(back, back.stem, "cards")
                    with things.on_bench(seat.world, back) as going:
                        tray.move(piece, going)

    def write() -> None:
        Case.objects.filter(pk=case.pk).update(closed_at=timezone.now(), closing=f"退回: {work.reason}")

    return Done(write=write)


def _owner(work: ActWork, case: Case) -> str:
    """Whose a card is that a count found: as told, or where the books have it. Raises NotReady where neither says."""
    at = where([case.card_id]).get(case.card_id) if case.card_id else None
    lies = Place.objects.select_related("organisation").filter(pk=at).first() if at else None
    owner = work.facts.get("to", "") or (lies.organisation.code if lies else "")
    if not owner or owner == case.holder.code:
        raise NotReady(f"卡 {work.subject}: 账上不知归谁, 写明退往何处 (--fact to=机构编号)")
    return owner


def found_tray(seat: Seat, holder: str) -> Path:
    """Where a card that was missing lies when somebody finds it: among what comes in at its giver's."""
    return seat.bench(holder, "in") / "found.tray"


def where_to_lay(seat: Seat, holder: str) -> str:
    """What whoever finds a missing card is told."""
    return f"找到后放入 {found_tray(seat, holder)}"


def turned_up(seat: Seat, holder: str, batch_code: str, serial: str) -> bool:
    """Whether a missing card lies in the finder's tray, or where a worker cut off has laid it already."""
    bench = seat.bench(holder, "bench")
    for path in (found_tray(seat, holder), bench / f"{batch_code}.cards.tray", bench / _laid(batch_code, serial)):
        if path.exists():
            try:
                with things.on_bench(seat.world, path) as tray:
                    if tray.find(serial):
                        return True
            except CardError:  # busy, or just carried away: one looks again later
                continue
    return False

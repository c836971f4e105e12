"""The giver books an acceptance: what was accepted moves to the taker, what is missing or surplus gets a case."""

import polars as pl

from zhika.engine import plastic
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Done
from zhika.errors import NotAllowed, NotReady
from zhika.flows.documents import MATERIAL
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, Quantity, close, move
from zhika.ledger.places import Handover, Place, State, count, place
from zhika.ledger.where import where
from zhika.seat.config import Seat


@engine_act
def book_acceptance(work: ActWork) -> Done:
    """交接回执入账: accepted cards move to the taker, what is missing stands with the giver, with a case each."""
    assert work.rows is not None
    handover, rows = answered(work), work.rows

    def write() -> None:
        if not Handover.objects.filter(pk=handover.pk, accepted=None).exists():
            return
        _book(work, handover, rows)

    return Done(write=write)


def answered(work: ActWork) -> Handover:
    """The handover that an acceptance closes.

    Raises NotReady where this seat gave none of this code, NotAllowed where the acceptance isn't its taker's, speaks
    of another batch, or of several handovers.
    """
    assert work.rows is not None and work.paper is not None
    code, paper = work.rows["handover"][0], work.paper
    handover = (
        Handover.objects.select_related("from_organisation", "to_organisation", "batch").filter(code=code).first()
    )
    if handover is None:
        raise NotReady(f"交接回执所指的交接 {code} 不是本席位移交的")
    batch, taker = handover.batch, handover.to_organisation
    if batch is None or paper.batch_code != batch.code or work.rows["handover"].n_unique() > 1:
        raise NotAllowed(paper.sender, f"回执交接 {code}", "回执与交接不属同一批次, 请接收方重开回执")
    if paper.sender not in seats_of(work.seat, batch, taker):
        raise NotAllowed(paper.sender, f"回执交接 {code}", f"接收方是 {taker.code}, 只有接收方可回执")
    return handover


def seats_of(seat: Seat, batch: Batch, one: Organisation) -> set[str]:
    """Where an organisation sits in a batch; who is no party to it (a unit) sits with us."""
    return set(batch.parties.filter(organisation=one).values_list("seat", flat=True)) or {seat.name}


def cards_of(batch: Batch, serials: list[str]) -> list[Card]:
    """A batch's cards with these serials, as far as these books know them."""
    return list(Card.objects.filter(batch=batch, serial__in=serials))


def _book(work: ActWork, handover: Handover, rows: pl.DataFrame) -> None:
    giver, taker, batch = handover.from_organisation, handover.to_organisation, handover.batch
    assert batch is not None
    told = {row["kind"]: int(row["accepted"]) for row in rows.iter_rows(named=True) if not row["serial"]}
    named = {row["serial"]: row["kind"] for row in rows.iter_rows(named=True) if row["serial"]}
    given = {m.to_place_id for m in handover.movements.filter(cause="give")}
    cards = cards_of(batch, [*named])
    lying = where([card.pk for card in cards])
    ours = {card.serial: card for card in cards if lying.get(card.pk) in given}
    # A given card that the list left out is told as surplus too, but isn't one.
    foreign = sorted(serial for serial, kind in named.items() if kind == "surplus" and serial not in ours)
    material = handover.document == MATERIAL.code
    if min(told.values(), default=0) < 0 or not (material or sum(told.values()) + len(ours) == handover.given):
        raise _does_not_add_up(work, handover)
    accepted, missing = len(foreign), list[Card | str]()
    for source in Place.objects.filter(pk__in=given).select_related("group"):
        if material:
            kind = source.group.code.rsplit(":", 1)[1]
            n = told.get(kind, 0)
            rest = count(source) - n
            if rest < 0:
                raise _does_not_add_up(work, handover)
            if n:
                target = place(taker, State.BLANK, source.group)
                move(source, target, Quantity(n), cause="accepted", by=work.by, handover=handover)
            if rest:
                move(source, place(giver, State.MISSING, source.group), Quantity(rest), cause="missing", by=work.by,
                     handover=handover)  # fmt: skip
                missing += [kind] * rest
            accepted += n
            continue
        gone = [card for s, card in ours.items() if named[s or ""] == "missing" and lying[card.pk] == source.pk]
        if gone:
            target = place(giver, State.MISSING, plastic.batch_group(batch))
            move(source, target, Cards([card.pk for card in gone]), cause="missing", by=work.by, handover=handover)
            missing += gone
        void = source.group.kind == "void"
        parcel = source.group.kind == "parcel"
        within = source.group if parcel else plastic.batch_group(batch)
        if n := count(source):
            target = place(taker, State.VOID if void else State.GOOD, within)
            move(source, target, WHOLE, cause="accepted", by=work.by, handover=handover)
            accepted += n
    close(handover, accepted=accepted, missing=missing, surplus=foreign)
    plastic.void_failed(batch, by=work.by)


def _does_not_add_up(work: ActWork, handover: Handover) -> NotAllowed:
    assert work.paper is not None
    rule = f"实收与短少合计不等于移交的 {handover.given}, 请接收方重新清点后回执"
    return NotAllowed(work.paper.sender, f"回执交接 {handover.code}", rule)

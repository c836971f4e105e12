"""The giver books an acceptance: what was accepted moves to the taker, what is missing or surplus gets a case."""

import polars as pl

from zhika.engine import plastic
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Done
from zhika.errors import NotAllowed, NotReady
from zhika.flows.documents import MATERIAL
from zhika.ledger import material
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card, Failure
from zhika.ledger.custody import WHOLE, Cards, Quantity, Short, close, move
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
    if handover.document == MATERIAL.code:
        _book_material(work, handover, rows)
        return
    told = {row["kind"]: int(row["accepted"]) for row in rows.iter_rows(named=True) if not row["serial"]}
    named = {row["serial"]: row["kind"] for row in rows.iter_rows(named=True) if row["serial"]}
    given = {m.to_place_id for m in handover.movements.filter(cause="give")}
    cards = cards_of(batch, [*named])
    lying = where([card.pk for card in cards])
    ours = {card.serial: card for card in cards if lying.get(card.pk) in given}
    # A given card that the list left out is told as surplus too, but isn't one.
    foreign = sorted(serial for serial, kind in named.items() if kind == "surplus" and serial not in ours)
    if min(told.values(), default=0) < 0 or sum(told.values()) + len(ours) != handover.given:
        raise _does_not_add_up(work, handover)
    accepted, missing = len(foreign), list[Card]()
    for source in Place.objects.filter(pk__in=given).select_related("group"):
        gone = [card for s, card in ours.items() if named[s or ""] == "missing" and lying[card.pk] == source.pk]
        if gone:
            target = place(giver, State.MISSING, plastic.batch_group(batch))
            move(source, target, Cards([card.pk for card in gone]), cause="missing", by=work.by, handover=handover)
            missing += gone
        if source.group.kind == "return":
            accepted += _take_back(source, handover, batch, {card.pk for card in gone}, work.by)
            continue
        void = source.group.kind == "void"
        parcel = source.group.kind == "parcel"
        within = source.group if parcel else plastic.batch_group(batch)
        if n := count(source):
            target = place(taker, State.VOID if void else State.GOOD, within)
            move(source, target, WHOLE, cause="accepted", by=work.by, handover=handover)
            accepted += n
    close(handover, accepted=accepted, missing=missing, surplus=foreign)
    plastic.void_failed(batch, by=work.by)


def _book_material(work: ActWork, handover: Handover, rows: pl.DataFrame) -> None:
    """A row answers each row of the document, in its order: lot by lot as it was given."""
    legs = list(handover.movements.filter(cause="give").select_related("to_place__group").order_by("pk"))
    answers = list(rows.select("kind", "accepted").iter_rows())
    kinds = [material.named(leg.to_place.group.code).kind for leg in legs]
    if kinds != [kind for kind, _ in answers] or any(int(n) < 0 for _, n in answers):
        raise _does_not_add_up(work, handover)
    giver, taker = handover.from_organisation, handover.to_organisation
    short, over, accepted = list[Short](), list[Short](), 0
    for leg, kind, (_, told) in zip(legs, kinds, answers, strict=True):
        source, within, n = leg.to_place, leg.to_place.group, min(int(told), leg.n)
        if n:
            target = place(taker, State.BLANK, within)
            move(source, target, Quantity(n), cause="accepted", by=work.by, handover=handover)
        if n < leg.n:
            lost = place(giver, State.MISSING, within)
            move(source, lost, Quantity(leg.n - n), cause="missing", by=work.by, handover=handover)
            short.append(Short(within, kind, leg.n - n))
        if n < int(told):
            over.append(Short(within, kind, int(told) - n))
        accepted += int(told)
    close(handover, accepted=accepted, short=short, over=over)


def _take_back(source: Place, handover: Handover, batch: Batch, gone: set[int], by: str) -> int:
    """Returned cards that were accepted: who has failed is void at the taker's, the others are kept there."""
    ids = set(handover.movements.filter(cause="give").values_list("card_id", flat=True)) - gone
    void = set(Failure.objects.filter(card__in=ids).values_list("card_id", flat=True))
    for some, is_void in ((ids - void, False), (void, True)):
        if some:
            target = plastic.returned(handover.to_organisation, batch, void=is_void)
            move(source, target, Cards(sorted(some)), cause="accepted", by=by, handover=handover)
    return len(ids)


def _does_not_add_up(work: ActWork, handover: Handover) -> NotAllowed:
    assert work.paper is not None
    rule = f"实收与短少合计不等于移交的 {handover.given}, 请接收方重新清点后回执"
    return NotAllowed(work.paper.sender, f"回执交接 {handover.code}", rule)

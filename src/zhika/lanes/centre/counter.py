"""The office's own counter: its finished cards go into their holders' hands, and old ones come back for new ones."""

from collections.abc import Mapping
from pathlib import Path

from zhika.card import tray as trays
from zhika.craft import blocking, handing
from zhika.engine import plastic
from zhika.engine.work import Done, Work
from zhika.errors import Fault, Refused
from zhika.flows.documents import COLLECTION
from zhika.lanes.centre.models import Receipt
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Place, State, place
from zhika.ledger.where import where
from zhika.people import succession
from zhika.seat import things
from zhika.seat.config import Seat

COLLECTED = "补换卡已领取"
"""Why an old card is cancelled when the new one is in its holder's hand."""

OLD_CARD, LOST = "old_card", "lost"
"""Fact with which the counter says that a holder has lost the old card while waiting for the new one."""

ONE_BY_ONE = "柜台逐张发放, 不能整批办理: 按卡序列号并出示持卡人的身份证 (--fact id_no=…); zhika todo 列出命令"


def tray(seat: Seat, batch_code: str) -> Path:
    """A batch's good cards on its office's bench."""
    return seat.bench(_office(batch_code), "bench") / f"{batch_code}.good.tray"


def back_tray(seat: Seat, office: str) -> Path:
    """Where the counter lays an old card that its holder has brought."""
    return seat.bench(office, "in") / "back.tray"


def hand_out(work: Work) -> Done:
    """社保卡交接手续: one by one, each to who shows the holder's ID; with a replacement the old card comes back, void.

    Raises Refused where a whole batch is told, or where an old card that is not lost was not brought (laid into
    WORLD/OFFICE/in/back.tray).
    """
    assert work.batch is not None
    if any(facts.get("subject") == work.batch.code for facts in work.facts.values()):
        raise Refused([Fault(f"{COLLECTION.title} {work.batch.code}", ONE_BY_ONE)])
    done = handing.hand_out(work, tray(work.seat, work.batch.code), Receipt)
    olds = succession.olds(work.people)
    path = back_tray(work.seat, work.batch.office.code)
    here = _lying(work.seat, path)
    # A lost card may be in its holder's hand all the same: one that was found again.
    lost = _lost(work, olds)
    brought = {ref: card for ref, card in olds.items() if ref not in lost or card.serial in here}
    rule = (
        f"须交回原卡: 放入 {path.parent.parent.name}/in/{path.name}; "
        f"等候期间遗失的, 先办书面挂失 (zhika do block), 发卡时写明 --fact {OLD_CARD}={LOST}"
    )
    if faults := [
        Fault(f"{COLLECTION.title} {work.people[ref].serial}", rule)
        for ref, card in brought.items()
        if card.serial not in here
    ]:
        raise Refused(faults)

    def write() -> None:
        if done.write:
            done.write()
        succession.taken_over(olds)
        _take_back(work, list(brought.values()))

    return Done(documents=done.documents, write=write, after=done.after)


def into_hands(seat: Seat, batch_code: str) -> None:
    """What becomes of the things once the receipts are written; and the end of the cards that were replaced."""
    handing.into_hands(seat, tray(seat, batch_code), batch_code, Receipt)
    _put_away(seat, batch_code)
    refs = Card.objects.filter(batch__code=batch_code, events__kind="hand_out")
    ended = succession.still_standing(set(refs.values_list("application_ref", flat=True)))
    blocking.cancel_cards(seat, ended, by=None, reason=COLLECTED)


def _office(batch_code: str) -> str:
    return Batch.objects.select_related("office").get(code=batch_code).office.code


def _lost(work: Work, olds: Mapping[str, Card]) -> set[str]:
    """Applications whose old card need not be brought: blocked, and lost as the request or the counter says."""
    blocked = {ref for ref, card in olds.items() if _blocked(card)}
    told = {ref for ref in blocked if work.facts.get(ref, {}).get(OLD_CARD) == LOST}
    return told | succession.lost(blocked)


def _blocked(card: Card) -> bool:
    block = getattr(card, "block", None)
    return block is not None and block.standing.blocked


def _lying(seat: Seat, path: Path) -> set[str]:
    if not path.exists():
        return set()
    with things.on_bench(seat.world, path) as lying:
        return {piece.serial for piece in lying if piece.serial}


def _take_back(work: Work, cards: list[Card]) -> None:
    """Out of the holder's hand, void, at the office, in the group of the batch that it came from."""
    lying = where([card.pk for card in cards])
    places = {at.pk: at for at in Place.objects.filter(pk__in=set(lying.values()))}
    assert work.batch is not None
    for card in cards:
        target = place(work.batch.office, State.VOID, plastic.batch_group(card.batch))
        move(places[lying[card.pk]], target, Cards([card.pk], seen=True), cause="back", by=work.by)


def _put_away(seat: Seat, batch_code: str) -> None:
    """Old cards that were brought go from the counter into the office's tray of their own batch."""
    office = _office(batch_code)
    path = back_tray(seat, office)
    here = _lying(seat, path)
    void = Card.objects.filter(serial__in=sorted(here)).select_related("batch")
    lying = where([card.pk for card in void])
    ours = set(Place.objects.filter(organisation__code=office, state=State.VOID).values_list("pk", flat=True))
    for card in void:
        if lying.get(card.pk) in ours:
            target = seat.bench(office, "bench") / f"{card.batch.code}.good.tray"
            if not target.exists():
                trays.create(target, target.stem, "cards")
            with things.on_bench(seat.world, path) as counter, things.on_bench(seat.world, target) as bench:
                if piece := counter.find(card.serial or ""):
                    counter.move(piece, bench)

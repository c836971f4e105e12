"""Cards that came back 退卡: accounts of the void ones closed, the others kept, given out again, and at last closed."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from django.db.models import Max
from django.utils import timezone

from zhika.engine import laying, plastic
from zhika.engine.found import delivered
from zhika.engine.lists import print_handover
from zhika.engine.todo import SECOND, Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, NotReady, Refused
from zhika.flows.causes import CLOSED, title
from zhika.flows.documents import CARD_LIST, RETURNED
from zhika.flows.lanes import Lane
from zhika.lanes.bank import accounts
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, give
from zhika.ledger.places import Handover, Movement, Place, State, count, group, place, today
from zhika.ledger.where import lying_at, where
from zhika.seat.config import Seat


def kept(bank: Organisation, batch: Batch) -> Place:
    """Where the bank keeps what nobody collected."""
    return plastic.returned(bank, batch, void=False)


def give_again(work: ActWork) -> Done:
    """重新发放: kept cards leave for their office once more, with a handover, and there a parcel, of their own.

    Raises Refused for a card that the bank doesn't keep, or whose card list it never sent.
    """
    assert work.batch is not None
    batch = work.batch
    bank = batch.parties.select_related("organisation").get(lane=Lane.BANK).organisation
    source = kept(bank, batch)
    cards = {card.serial or "": card for card in work.people.values()}
    lying = where([card.pk for card in cards.values()])
    rows = delivered(work.seat, batch, list(cards))
    known = set(rows["card_serial"]) if rows is not None else set()
    faults = [
        Fault(f"卡 {serial}", "不在代管的卡中, 不能重新发放")
        for serial, card in cards.items()
        if lying.get(card.pk) != source.pk or serial not in known
    ]
    missing = [] if faults else laying.lacking(work.seat, bank.code, batch, list(cards))
    faults += [Fault(f"卡 {serial}", "不在料盘中, 找到后再发放") for serial in missing]
    if faults or rows is None:
        raise Refused(faults)
    nth = Handover.objects.filter(batch=batch, document=CARD_LIST.code).count() + 1
    code = f"{batch.code}~{CARD_LIST.code}+{nth}"

    def write() -> None:
        if Handover.objects.filter(code=code).exists():
            raise NotReady(f"交接 {code} 刚由另一人开出, 请再办一次")
        given = place(bank, State.GIVEN, group(f"{batch.code}/again{nth}", "batch", batch.code))
        give(
            code, [(source, given, Cards([card.pk for card in cards.values()]))], giver=bank, taker=batch.office,
            within=given.group, batch=batch, document=CARD_LIST.code, subject_kind="batch", subject=batch.code,
            by=work.by, step=None, trays=[laying.travelling(code, f"{batch.code}.good.tray")],
        )  # fmt: skip
        print_handover(work.seat, CARD_LIST, rows, code, bank, batch.office, work.now)

    return Done(documents={CARD_LIST: rows}, handover=code, write=write, after=code)


def overdue(seat: Seat, bank: Organisation, batch: Batch, on: date) -> dict[str, int]:
    """Serial → primary key of kept cards that came back so many days ago that both sides are closed."""
    place_ = kept(bank, batch)
    if not count(place_):
        return {}
    came = Movement.objects.filter(to_place=place_, card__in=lying_at(place_)).values("card")
    last = on - timedelta(days=seat.distribution.close_days)
    late = came.annotate(day=Max("booked_day")).filter(day__lte=last).values_list("card", flat=True)
    return {str(serial): pk for pk, serial in Card.objects.filter(pk__in=list(late)).values_list("pk", "serial")}


def close(batch: Batch, cards: Sequence[int], *, source: str) -> None:
    """Kept cards (primary keys) whose time is over: they leave the batch, and their accounts are closed for ever."""
    refs = Card.objects.filter(pk__in=cards).values_list("application_ref", flat=True)
    plastic.fail(batch, dict.fromkeys(refs, CLOSED), step="destroy", source=source)
    accounts.close(batch, ())


def todo(seat: Seat) -> Iterator[Todo]:
    """Kept cards that nobody asked for; where void ones wait for destruction anyway, they go with those."""
    places = Place.objects.filter(state=State.HELD, balance__n__gt=0, group__kind="return")
    for place_ in places.select_related("organisation", "group"):
        batch = Batch.objects.select_related("office").get(code=place_.group.ref)
        bank = batch.parties.select_related("organisation").filter(lane=Lane.BANK, seat=seat.name).first()
        if bank is None or bank.organisation_id != place_.organisation_id:
            continue
        if count(place(bank.organisation, State.VOID, plastic.batch_group(batch))):
            continue
        if late := overdue(seat, bank.organisation, batch, today()):
            since = Handover.objects.filter(batch=batch, to_organisation=bank.organisation, document=RETURNED.code)
            yield Todo(
                Lane.BANK, "destroy", f"销毁{title('unclaimed')}的卡", batch.code, len(late),
                since.order_by("pk").values_list("accepted_at", flat=True).first() or timezone.now(),
                bank.organisation.name, command("destroy", batch.code, SECOND), "act",
            )  # fmt: skip

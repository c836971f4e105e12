"""Plans loaded, and batches in the books as they stand when a bank has delivered and units have handed out."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from zhika.engine import batches, plastic
from zhika.engine.acts import act
from zhika.engine.registry import FROM_FILE
from zhika.engine.work import Bound
from zhika.flows import FLOWS
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Unit, organisation
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import State, place, today
from zhika.ledger.steps import StepRecord
from zhika.rehearsal.offices import OFFICES
from zhika.seat.config import Seat

EXAMPLES = Path(__file__).parents[2] / "examples"
SUPPLIER = "supplier"


def offices() -> None:
    """The city's centres and county offices, under the document's names."""
    for office in OFFICES:
        organisation(office.code, name=office.name, kind="centre")


def load(seat: Seat, name: str, path: Path, **facts: str) -> bool:
    """Type `zhika do NAME FILE`."""
    ((subject, told),) = FROM_FILE[name](seat, path, facts)
    return act(seat, name, subject, by="周", facts=told)


def lines(path: Path) -> list[list[str]]:
    """The cells of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def delivered(
    seat: Seat, code: str, office: str, units: Mapping[str, tuple[str, int]], process: str = "urban-batch"
) -> Batch:
    """A batch that the bank has delivered: unit code → category and number of cards, which lie at the office."""
    at = organisation(office, kind="centre")
    for unit, (category, _) in units.items():
        one = organisation(unit, kind="unit", parent=at)
        Unit.objects.get_or_create(organisation=one, defaults={"office": at, "category": category})
    people = [
        (f"{code}{unit}{n:04d}"[-20:], f"{unit}{n:04d}", "陈阿山", unit) for unit, (_, size) in units.items()
        for n in range(size)
    ]  # fmt: skip
    parties = {Lane.CENTRE: (office, seat.name), Lane.BANK: ("icbc", "icbc"), Lane.INTEGRATOR: ("ylz", seat.name)}
    first = Card.objects.count()
    batch = batches.create(seat, code, process, at, people, parties)
    bound = {app: Bound(f"S{first + n:012d}", f"{first + n:016X}") for n, (app, *_) in enumerate(people)}
    source = place(organisation(SUPPLIER), State.OUTSIDE, plastic.batch_group(batch))
    plastic.bind(batch, at, bound, source, by="test", step=None)
    told(batch, FLOWS[process].closing.work)
    return batch


def told(batch: Batch, work: str, *, days_ago: float = 0) -> None:
    """A notice that a row was done."""
    at: datetime = timezone.now() - timedelta(days=days_ago)
    step = FLOWS[batch.process].step(work)
    StepRecord.objects.create(
        subject_kind="batch", subject=batch.code, batch=batch, process=batch.process, number=step.number,
        lane=step.lane, function=work, happened_at=at, booked_at=at, by="icbc", source="notice",
    )  # fmt: skip


def cards(batch: Batch, unit: str) -> list[Card]:
    return list(Card.objects.filter(batch=batch, bundle__unit__code=unit).order_by("line"))


def hand_out(batch: Batch, unit: str, some: Sequence[Card]) -> None:
    """Passed on to the unit, and into the holders' hands."""
    at, group = organisation(unit), plastic.parcel_group(batch, unit)
    ids = Cards([card.pk for card in some])
    move(plastic.good(batch.office, batch), place(at, State.GOOD, group), ids, cause="accepted", by="test")
    move(place(at, State.GOOD, group), place(at, State.ISSUED, group), ids, cause="issue", by="test")
    signed(some)


def at_the_counter(batch: Batch, some: Sequence[Card]) -> None:
    """From the centre's own counter into the holders' hands: walk-ins have no unit."""
    source = plastic.good(batch.office, batch)
    target = place(batch.office, State.ISSUED, source.group)
    move(source, target, Cards([card.pk for card in some]), cause="issue", by="test")
    signed(some)


def signed(some: Sequence[Card]) -> None:
    CardEvent.objects.bulk_create(
        CardEvent(card=card, kind="hand_out", happened_at=timezone.now(), booked_day=today(), by="test")
        for card in some
    )

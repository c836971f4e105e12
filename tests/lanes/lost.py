"""Cards in their holders' hands, on any seat: a batch with its plastic, and whose it is."""

from datetime import UTC, datetime

from tests.lanes.house import NAMES, OFFICE, UNIT, person
from zhika.engine import batches, desk
from zhika.engine.check import id_key
from zhika.engine.work import ActWork
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import BLOCK_NOTICE
from zhika.flows.lanes import Lane
from zhika.ledger.batches import organisation
from zhika.ledger.cards import Card
from zhika.ledger.steps import Paper
from zhika.people.models import Application, Person
from zhika.seat.config import Seat

CODE = "A1-02-261123-01"
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""2026-11-23 12:00 in Shanghai."""


def cards(seat: Seat, n: int = 3, *, code: str = CODE, process: str = "urban-batch", first: int = 0) -> list[Card]:
    """A batch of n people with a serial each; all its parties sit on this seat."""
    people = [
        (f"A{code[-2:]}1123{at + 1:08}", person(first + at)["id_no"], NAMES[(first + at) % 6], UNIT) for at in range(n)
    ]
    parties = {lane: (str(lane), seat.name) for lane in (Lane.INTEGRATOR, Lane.CENTRE, Lane.BANK)}
    batch = batches.create(seat, code, process, organisation(OFFICE, kind="centre"), people, parties)
    for card in Card.objects.filter(batch=batch):
        card.serial = f"QZ{batch.pk:02}{card.line:09}"
        card.save()
    return list(Card.objects.filter(batch=batch).select_related("batch").order_by("line"))


def applied(seat: Seat, made: list[Card], *, first: int = 0, phone: str = "13900001234") -> list[Application]:
    """The persons of these cards on a platform, with their live applications."""
    office, unit = organisation(OFFICE, name="丰泽中心"), organisation(UNIT, name="闽达小学")
    found = []
    for at, card in enumerate(made, first):
        form = person(at)
        who = Person.objects.create(
            id_key=id_key(seat.home, form["id_no"]), id_no=form["id_no"], name=form["name"], sex="1", birth="19900101",
            scheme="urban", category="职工", photo="0" * 64, phone=phone, unit=unit, office=office,
        )  # fmt: skip
        found.append(
            Application.objects.create(
                ref=card.application_ref,
                person=who,
                process=card.batch.process,
                batch_code=card.batch.code,
                made_at=NOON,
            )
        )
    return found


def work(seat: Seat, name: str, subject: str = "", now: datetime = NOON, **told: object) -> ActWork:
    """An act as its function sees it."""
    return ActWork(seat=seat, act=BY_NAME[name], subject=subject, now=now, by="王芳", **told)  # type: ignore[arg-type]


def notices(seat: Seat) -> list[dict[str, str]]:
    """Rows of every block notice that left, in order."""
    papers = Paper.objects.filter(type=BLOCK_NOTICE.code).order_by("pk")
    return [row for paper in papers for row in desk.read(seat, paper).iter_rows(named=True)]

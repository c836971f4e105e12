"""What lies at an office to go on to the bank: cards that came back."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Max

from zhika.craft import overdue
from zhika.engine.todo import REASON, Todo, command
from zhika.flows.documents import RETURNED
from zhika.flows.lanes import Lane
from zhika.ledger.places import Handover, Place, State
from zhika.seat.config import Seat


def todo(seat: Seat) -> Iterator[Todo]:
    """Returned cards, batch by batch; then what the office itself has handed out to nobody."""
    here = Place.objects.filter(
        group__kind="return", state__in=[State.HELD, State.VOID], balance__n__gt=0, organisation__kind="centre"
    )
    rows = list(here.values_list("group__ref", "organisation__name", "balance__n"))
    n: Counter[str] = Counter()
    for code, _, some in rows:
        n[code] += some
    came = Handover.objects.filter(document=RETURNED.code, batch__code__in=list(n), accepted_at__isnull=False)
    since = dict(came.values_list("batch__code").annotate(at=Max("accepted_at")))
    for code, name in {code: name for code, name, _ in rows}.items():
        yield Todo(
            Lane.CENTRE, overdue.WORK, "退回银行", code, n[code], since[code], name,
            command(overdue.WORK, code, REASON), "act",
        )  # fmt: skip
    yield from overdue.todo(seat, Lane.CENTRE)

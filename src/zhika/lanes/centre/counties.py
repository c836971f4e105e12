"""The office's entry on the to-do list: what is late or open in its county, as one thing to look at."""

from collections.abc import Iterator

from zhika.annexes.county import matters, rising
from zhika.engine.todo import Todo
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Organisation
from zhika.ledger.places import today
from zhika.seat.config import Seat

WORK = "county"


def todo(seat: Seat) -> Iterator[Todo]:
    """One entry an office with lots overdue, differences open, or batches and exceptions that stand too long."""
    found = matters(today(), seat.annex.stuck_days)
    names = dict(Organisation.objects.filter(code__in=found).values_list("code", "name"))
    for code, mine in sorted(found.items()):
        if (told := rising(mine, seat.annex.stuck_days)) is None:
            continue
        n, since = told
        yield Todo(
            Lane.CENTRE, WORK, f"逾期、差异、停滞: {names.get(code, code)}", code, n, since,
            f"{names.get(code, code)}; 查看: zhika county {code}", (), "look",
        )  # fmt: skip

"""No one ever has two live cards, over both schemes."""

from collections.abc import Iterator

from django.db.models import Count

from zhika.ledger.laws import Books, Breach
from zhika.people.models import Application


def one_live_card(books: Books) -> Iterator[Breach]:
    """At most one live application a person, whatever its scheme."""
    doubled = Application.objects.filter(live=True).values("person_id").annotate(n=Count("pk")).filter(n__gt=1)
    for row in doubled:
        yield Breach("one_live_card", f"person {row['person_id']}", f"{row['n']} 张有效卡")

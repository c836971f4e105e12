"""The laws of the books, as one list. `zhika books`, the close of a batch and the property tests call this one."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from zhika.ledger.batches import Batch, Bundle
from zhika.ledger.cards import Card
from zhika.ledger.places import Balance, Case, Group, Handover, Movement, Place, State, Tally
from zhika.ledger.where import where


@dataclass(frozen=True)
class Books:
    """What the laws look at: the whole seat, or one batch."""

    batch: Batch | None = None
    prove: bool = True
    """Recount from the movements; without it only balances and tallies are read."""


@dataclass(frozen=True)
class Breach:
    """One law broken, at one place. Never holds a person's data."""

    law: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.law}: {self.where}: {self.what}"


Law: TypeAlias = Callable[[Books], Iterator[Breach]]


def conserved(books: Books) -> Iterator[Breach]:
    """What the movements say lies at a place is what its balance and its tallies say; nothing comes from nowhere."""
    if not books.prove:
        return
    recounted: Counter[int] = Counter()
    for source, target, n in Movement.objects.values_list("from_place_id", "to_place_id").annotate(n=Sum("n")):
        recounted[target] += n
        recounted[source] -= n
    tallied: Counter[int] = Counter()
    for source, target, n in Tally.objects.values_list("from_place_id", "to_place_id").annotate(n=Sum("n")):
        tallied[target] += n
        tallied[source] -= n
    for at, n in Balance.objects.values_list("place_id", "n"):
        if recounted[at] != n:
            yield Breach("conserved", place_name(at), f"余额 {n}, 按明细重算 {recounted[at]}")
        if tallied[at] != n:
            yield Breach("conserved", place_name(at), f"余额 {n}, 按日计 {tallied[at]}")


def nothing_negative(books: Books) -> Iterator[Breach]:
    """No place but the outside holds less than nothing."""
    for at, n in Balance.objects.filter(n__lt=0).exclude(place__state=State.OUTSIDE).values_list("place_id", "n"):
        yield Breach("nothing_negative", place_name(at), f"余额 {n}")


def every_card_somewhere(books: Books) -> Iterator[Breach]:
    """Card by card, walking the movements: each place holds just the cards its balance counts."""
    if not books.prove:
        return
    batches = [books.batch] if books.batch else Batch.objects.all()
    for batch in batches:
        cards = list(Card.objects.filter(batch=batch, serial__isnull=False).values_list("pk", flat=True))
        walked = Counter(where(cards).values())
        groups = Group.objects.filter(ref=batch.code).exclude(kind="consignment").values_list("pk", flat=True)
        counted = dict(
            Balance.objects.filter(place__group__in=list(groups))
            .exclude(place__state__in=[State.OUTSIDE, State.BLANK, State.USED, State.WORK])
            .values_list("place_id", "n")
        )
        for at in set(walked) | {p for p, n in counted.items() if n}:
            if walked[at] != counted.get(at, 0):
                yield Breach("every_card_somewhere", place_name(at), f"账面 {counted.get(at, 0)}, 逐卡 {walked[at]}")
        plastic = sum(n for n in walked.values())
        sizes = Bundle.objects.filter(batch=batch, birth_movement__isnull=False).aggregate(n=Sum("birth_movement__n"))
        if plastic != (sizes["n"] or 0):
            yield Breach("every_card_somewhere", batch.code, f"成卡 {sizes['n'] or 0}, 在册 {plastic}")


def one_place_a_serial(books: Books) -> Iterator[Breach]:
    """No chip is in two cards."""
    if not books.prove:
        return
    doubled = (
        Card.objects.filter(chip_serial__isnull=False).values("chip_serial").annotate(n=Count("pk")).filter(n__gt=1)
    )
    for row in doubled:
        yield Breach("one_place_a_serial", row["chip_serial"], f"芯片出现在 {row['n']} 张卡上")


def nothing_missing_unexplained(books: Books) -> Iterator[Breach]:
    """Every missing card and piece has an open case, a handover's or a count's, and every such case what is missing."""
    held = Balance.objects.filter(place__state=State.MISSING, n__gt=0)
    cases = Case.objects.filter(kind=Case.MISSING, closed_at=None).annotate(
        ref=Coalesce("group__ref", "handover__batch__code")
    )
    missing = dict(held.values_list("place__group__ref").annotate(Sum("n")))
    explained = dict(cases.values_list("ref").annotate(Sum("n")))
    for ref in sorted(missing.keys() | explained.keys()):
        n, of_cases = missing.get(ref, 0), explained.get(ref, 0)
        if n != of_cases and (books.batch is None or ref == books.batch.code):
            yield Breach("nothing_missing_unexplained", ref, f"短少 {n}, 有案 {of_cases}")


def given_once(books: Books) -> Iterator[Breach]:
    """A closed handover accounts for all it gave."""
    closed = Handover.objects.filter(accepted__isnull=False)
    if books.batch:
        closed = closed.filter(batch=books.batch)
    for code, given, accepted, difference in closed.values_list("code", "given", "accepted", "difference"):
        if given != (accepted or 0) + (difference or 0):
            yield Breach("given_once", code, f"移交 {given}, 实收 {accepted}, 差异 {difference}")


def born_or_surplus(books: Books) -> Iterator[Breach]:
    """Of new plastic every card that was accepted is in the books, or stands as surplus with a case."""
    births = Movement.objects.filter(cause="born", handover__isnull=False)
    if books.batch:
        births = births.filter(handover__batch=books.batch)
    surplus = dict(Case.objects.filter(kind="surplus").values_list("handover").annotate(n=Sum("n")))
    sums = births.values_list("handover", "handover__code", "handover__accepted").annotate(n=Sum("n"))
    for pk, code, accepted, n in sums:
        if accepted != n + surplus.get(pk, 0):
            yield Breach("born_or_surplus", code, f"实收 {accepted}, 在册 {n}, 多出 {surplus.get(pk, 0)}")


LAWS: list[Law] = [
    conserved, nothing_negative, every_card_somewhere, one_place_a_serial, nothing_missing_unexplained, given_once,
    born_or_surplus,
]  # fmt: skip
"""Rooms above add theirs (one live card: people; one number: integrator and bank) when their app is ready."""


def breaches(books: Books | None = None) -> list[Breach]:
    """All of them, from every law."""
    scope = books or Books()
    return [breach for law in LAWS for breach in law(scope)]


def place_name(at: int) -> str:
    found = Place.objects.select_related("organisation", "group").get(pk=at)
    return f"{found.organisation.code}/{State(found.state).label}/{found.group.code}"

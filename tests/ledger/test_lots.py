"""A lot of material adds up, whatever is bought, drawn, delivered, used, brought back, counted and settled."""

from collections import Counter, defaultdict
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zhika.engine import booking, counting, incoming, plastic
from zhika.engine.comparing import compare
from zhika.engine.expected import Expected, Shelf, expected
from zhika.engine.reading import Seen
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.custody import Quantity, give, move
from zhika.ledger.laws import breaches
from zhika.ledger.lots import lots
from zhika.ledger.material import drawn, material_group, stock_group
from zhika.ledger.places import Case, Handover, State, count, place
from zhika.ledger.steps import Paper

pytestmark = pytest.mark.django_db
LOTS, BATCHES = ("L1", "L2"), ("B1", "B2")
KIND = "blank"


class City:
    """The platform's books of two lots and two batches, and the truth beside them, piece by piece of each lot."""

    def __init__(self) -> None:
        self.own, self.supplier = organisation("ylz", kind="integrator"), organisation("supplier", kind="supplier")
        office, self.maker = organisation("02", kind="centre"), organisation("outside", kind="outside")
        self.batches = {
            code: Batch.objects.create(
                code=code, process="urban-batch", office=office, size=9, formed_at=timezone.now()
            )
            for code in BATCHES
        }
        self.truth: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.at_supplier: defaultdict[str, list[list[Any]]] = defaultdict(list)
        """Batch → [lot, pieces] that lie at the supplier, in the order in which lots were drawn."""
        self.cases: list[list[Any]] = []
        """[shelf that was counted, or None for a handover's, lot, pieces missing], as the cases were opened."""
        self.counts = 0

    def buy(self, lot: str, n: int) -> None:
        within = stock_group(lot, KIND)
        move(place(self.maker, State.OUTSIDE, within), place(self.own, State.BLANK, within), Quantity(n),
             cause="load", by="t")  # fmt: skip
        self.truth[lot].update(bought=n, stock=n)

    def deliver(self, batch: str, n: int, lost: int) -> None:
        """Drawn from the oldest lots, given, and accepted by the supplier's own seat, which misses some."""
        if Handover.objects.filter(code=f"{batch}~material").exists():
            return
        wanted = n
        for lot in LOTS:
            source = place(self.own, State.BLANK, stock_group(lot, KIND))
            take = min(wanted, count(source))
            if take:
                move(source, place(self.own, State.BLANK, material_group(batch, KIND, lot)), Quantity(take),
                     cause="draw", by="t")  # fmt: skip
                wanted -= take
        laid = drawn(batch, self.own)
        if not laid:
            return
        handover = self._give(f"{batch}~material", batch, laid, self.own, self.supplier)
        lost = min(lost, handover.given)
        answers, left = [], handover.given - lost
        for row in laid:
            came = min(left, row.n)
            left -= came
            answers.append((KIND, str(came)))
            self._lost(row.lot, row.n - came)
            self.truth[row.lot].update(stock=-row.n, drawn=came)
            if came:
                self.at_supplier[batch].append([row.lot, came])
        answer = pl.DataFrame(answers, schema=["kind", "accepted"], orient="row")
        booking._book_material(SimpleNamespace(by="t", paper=None), handover, answer)  # type: ignore[arg-type]

    def _lost(self, lot: str, n: int) -> None:
        """On the way: its case is a handover's."""
        if n:
            self.truth[lot].update(missing=n)
            self.cases.append([None, lot, n])

    def _give(self, code: str, batch: str, laid: Any, giver: Organisation, taker: Organisation) -> Handover:
        return give(
            code, plastic.material_legs(laid), giver=giver, taker=taker, within=material_group(batch, KIND),
            batch=self.batches[batch], document="material", subject_kind="batch", subject=batch, by="t", step=None,
        )  # fmt: skip

    def make(self, batch: str, n: int) -> None:
        lying = self.at_supplier[batch]
        n = min(n, sum(left for _, left in lying))
        plastic.consume(batch, self.supplier, n, by="t", step=None)
        for row in lying:
            take = min(n, row[1])
            row[1] -= take
            n -= take
            self.truth[row[0]].update(drawn=-take, used=take)

    def bring_back(self, batch: str, lost: int, void: int) -> None:
        """The supplier returns what it has left; the platform accepts what came, some of it void."""
        code = f"{batch}~material-return"
        lying = [row for row in self.at_supplier[batch] if row[1]]
        if not lying or Handover.objects.filter(code=code).exists():
            return
        handover = Handover.objects.create(
            code=code, from_organisation=self.supplier, to_organisation=self.own, batch=self.batches[batch],
            group=material_group(batch, KIND), document="material", subject_kind="batch", subject=batch,
            given=sum(n for _, n in lying), given_at=timezone.now(), shipped=True,
        )  # fmt: skip
        arrived = []
        for row in lying:
            lot, told = row
            gone = min(lost, told)
            lost -= gone
            bad = min(void, told - gone)
            void -= bad
            arrived.append(incoming.Came(lot, KIND, told, told - gone - bad, bad))
            self._lost(lot, gone)
            self.truth[lot].update(drawn=-told, stock=told - gone - bad, void=bad)
            row[1] = 0
        paper = Paper(sender_lane=Lane.SUPPLIER, batch_code=batch)
        incoming.book(paper, handover, arrived, here=False, by="t")

    def count(self, holder: Organisation, shelf: Shelf, change: int) -> None:
        """Somebody counts: on one shelf so many pieces more or fewer than before lie there."""
        books = expected(holder)
        seen = self._lying(books)
        seen.fit[shelf] = max(0, seen.fit[shelf] + change)
        compared = compare(holder, books, seen)
        self.counts += 1
        counting.book(holder, compared, code=f"PD-{self.counts}", by="t")
        self._less(shelf, -change) if change < 0 else self._again(shelf, change)
        # The very same trays once more: nothing new.
        books = expected(holder)
        assert compare(holder, books, seen).differences == [] and compare(holder, books, seen).again == []

    def _less(self, shelf: Shelf, n: int) -> None:
        """Pieces are missing: of the lot that was drawn last, then of the one before it."""
        lying = self.at_supplier[shelf.batch] if shelf.batch else [[shelf.lot, self.truth[shelf.lot]["stock"]]]
        for row in reversed(lying):
            take = min(n, row[1])
            row[1] -= take
            n -= take
            if take:
                self.truth[row[0]].update({"missing": take, "drawn" if shelf.batch else "stock": -take})
                self.cases.append([shelf, row[0], take])

    def _again(self, shelf: Shelf, n: int) -> None:
        """Pieces that a count missed are there again: what was missed first comes back first."""
        for case in self.cases:
            if case[0] != shelf:
                continue
            take = min(n, case[2])
            case[2] -= take
            n -= take
            if take:
                self.truth[case[1]].update({"missing": -take, "drawn" if shelf.batch else "stock": take})
                for row in self.at_supplier[shelf.batch] if shelf.batch else ():
                    row[1] += take if row[0] == case[1] else 0
        self.cases = [case for case in self.cases if case[2]]

    def _lying(self, books: Expected) -> Seen:
        """What lies there by the books, and what a count found too many."""
        seen = Seen()
        for into, shelves in ((seen.fit, books.fit), (seen.void, books.void)):
            into.update({shelf: sum(row.n for row in rows) for shelf, rows in shelves.items()})
        return seen

    def settle(self) -> None:
        """Two people settle the oldest missing material."""
        case = Case.objects.filter(kind=Case.MISSING, closed_at=None).order_by("pk").first()
        if case is None:
            return
        assert case.group
        holder = case.holder
        move(place(holder, State.MISSING, case.group), place(holder, State.WRITTEN_OFF, case.group), Quantity(case.n),
             cause="settle", by="t")  # fmt: skip
        Case.objects.filter(pk=case.pk).update(closed_at=timezone.now())
        _, lot, n = self.cases.pop(0)
        self.truth[lot].update(missing=-n, written_off=n)


acts = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(LOTS), st.integers(1, 6)),
    st.tuples(st.just("deliver"), st.sampled_from(BATCHES), st.integers(1, 7), st.integers(0, 2)),
    st.tuples(st.just("make"), st.sampled_from(BATCHES), st.integers(1, 4)),
    st.tuples(st.just("bring_back"), st.sampled_from(BATCHES), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("count"), st.sampled_from([*LOTS, *BATCHES]), st.integers(-2, 2)),
    st.tuples(st.just("settle")),
)


@example([("count", "L1", -2), ("count", "L1", 1), ("settle",)])
@example([("count", "L1", 1), ("count", "L1", -1), ("count", "L1", 2)])
@example(
    [("deliver", "B1", 7, 0), ("count", "B1", -3), ("make", "B1", 4), ("count", "B1", 1), ("bring_back", "B1", 1, 1)]
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(acts, max_size=14))
def test_every_lot_adds_up_to_what_was_bought_and_lies_where_the_truth_says(told: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        city = City()
        for name, *facts in [("buy", "L1", 5), ("buy", "L2", 3), *told]:
            if name == "count":
                what, change = facts
                holder = city.supplier if what in BATCHES else city.own
                shelf = Shelf(what, "", KIND) if what in BATCHES else Shelf("", what, KIND)
                city.count(holder, shelf, change)
            else:
                getattr(city, name)(*facts)
            for one in lots():
                truth = city.truth[one.lot]
                assert one.difference == 0
                shown = ("stock", "drawn", "given", "used", "void", "missing", "written_off")
                assert (one.bought, {w: one.n(w) for w in shown}) == (truth["bought"], {w: truth[w] for w in shown})
        assert breaches() == []
        transaction.set_rollback(True)

"""Where the pieces of a lot of material 来料批 are: bought = stock + drawn + on the way + used + void + …"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Sum

from zhika.ledger.material import CONSIGNMENT, KINDS, STOCK, Named, named
from zhika.ledger.places import Group, Place, State, Tally

TITLES = {
    "stock": "库存", "drawn": "领用", "given": "移交中", "used": "已制卡", "void": "作废", "missing": "短少",
    "written_off": "已核销", "destroyed": "已销毁",
}  # fmt: skip
"""Where a piece may be, in the order shown; `drawn` lies for a batch at the integrator or supplier."""
_OF_STATE = {
    State.GIVEN: "given", State.USED: "used", State.VOID: "void", State.MISSING: "missing",
    State.WRITTEN_OFF: "written_off", State.DESTROYED: "destroyed",
}  # fmt: skip


@dataclass
class Holding:
    """Pieces of a lot at one organisation, by where they are."""

    organisation: str
    name: str
    where: str
    n: int


@dataclass
class Lot:
    """One kind of one lot: what was bought, and where it is."""

    lot: str
    kind: str
    bought: int = 0
    holdings: list[Holding] = field(default_factory=list)

    def put(self, organisation: str, name: str, where: str, n: int) -> None:
        """So many more pieces at an organisation."""
        for one in self.holdings:
            if (one.organisation, one.where) == (organisation, where):
                one.n += n
                return
        self.holdings.append(Holding(organisation, name, where, n))

    @property
    def title(self) -> str:
        return KINDS[self.kind].title if self.kind in KINDS else self.kind

    def n(self, where: str) -> int:
        return sum(one.n for one in self.holdings if one.where == where)

    def held(self, organisation: str) -> int:
        """Drawn for batches and lying at an organisation."""
        return sum(one.n for one in self.holdings if one.where == "drawn" and one.organisation == organisation)

    @property
    def difference(self) -> int:
        """Bought less all that can be named: 0, or the books are broken."""
        return self.bought - sum(one.n for one in self.holdings)


def lots(*, lot: str = "", kind: str = "", on: date | None = None) -> list[Lot]:
    """Every lot and kind, or one of them; `on`: at the end of that day. Where none is bought, bought is received."""
    groups = dict(_groups(lot, kind))
    places = {
        pk: (organisation, name, State(state), groups[group])
        for pk, organisation, name, state, group in Place.objects.filter(group__in=list(groups)).values_list(
            "pk", "organisation__code", "organisation__name", "state", "group"
        )
    }
    lying = dict.fromkeys(places, 0)
    found: dict[tuple[str, str], Lot] = {}
    cards: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for source, target, n in _sums(on):
        if source in places:
            lying[source] -= n
        if target in places:
            lying[target] += n
        if source in places and target not in places:  # a blank that became a card is its lot's no longer
            code, name, _, about = places[source]
            made = cards.setdefault((about.lot, about.kind), {})
            made[code, name] = made.get((code, name), 0) + n
    for pk, n in lying.items():
        code, name, state, about = places[pk]
        one = found.setdefault((about.lot, about.kind), Lot(about.lot, about.kind))
        if state is State.OUTSIDE:
            one.bought -= n
        elif n:
            one.put(code, name, _where(state, about), n)
    for key, made in cards.items():
        for (code, name), n in made.items():
            found[key].put(code, name, "used", n)
    kinds = list(KINDS)
    return sorted((one for one in found.values() if one.bought), key=lambda one: (one.lot, kinds.index(one.kind)))


def _where(state: State, about: Named) -> str:
    if state is State.BLANK:
        return "drawn" if about.batch else "stock"
    return _OF_STATE[state]


def _groups(lot: str, kind: str) -> Iterator[tuple[int, Named]]:
    """Groups in which a lot is counted by itself (primary keys)."""
    for pk, code in Group.objects.filter(kind__in=[STOCK, CONSIGNMENT]).values_list("pk", "code"):
        about = named(code)
        if about.lot and lot in ("", about.lot) and kind in ("", about.kind):
            yield pk, about


def _sums(on: date | None) -> Iterator[tuple[int, int, int]]:
    """Pieces moved from place to place where a lot is on either side, up to that day."""
    groups = [STOCK, CONSIGNMENT]
    tallies = Tally.objects.filter(from_place__group__kind__in=groups)
    tallies = tallies.filter(booked_day__lte=on) if on else tallies
    yield from tallies.values_list("from_place_id", "to_place_id").annotate(n=Sum("n"))

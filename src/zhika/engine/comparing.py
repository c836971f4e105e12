"""Books against trays: what is missing, surplus or in a wrong state, and what an earlier count missed and is there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from zhika.engine.expected import Expected, Shelf
from zhika.engine.reading import Seen
from zhika.ledger.batches import Organisation
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.material import CONSIGNMENT, STOCK, Lying, named
from zhika.ledger.places import Case, Group, Movement, Place, State
from zhika.ledger.where import where

COUNTED = "count"
"""Cause of a movement that a stock count books."""


@dataclass(frozen=True)
class Difference:
    """One difference that has no case yet."""

    kind: str
    what: str
    """Card serial, or kind of material."""
    n: int
    batch: str
    lot: str
    tray: str
    books: str
    """What the books say."""
    group: Group | None = None
    at: Place | None = None
    """From where it leaves, if it is missing."""
    card: Card | None = None
    shelf: Shelf | None = None
    """Of material."""


@dataclass(frozen=True)
class Again:
    """Pieces that an earlier count missed: back to where they were."""

    case: Case
    n: int
    back: Place


@dataclass
class Compared:
    """What a count came to."""

    differences: list[Difference] = field(default_factory=list)
    again: list[Again] = field(default_factory=list)
    known: int = 0
    """Differences that have an open case of an earlier count."""


def compare(holder: Organisation, books: Expected, seen: Seen) -> Compared:
    """Hold the books of a holder against what was read. Changes nothing."""
    open_cases = list(
        Case.objects.filter(organisation=holder, closed_at=None).select_related("card", "group", "batch").order_by("pk")
    )
    found = Compared()
    _missing_cards(holder, books, seen, found)
    _seen_cards(holder, books, seen, open_cases, found)
    for shelf in sorted({*books.fit, *books.void, *seen.fit, *seen.void}):
        _material(holder, shelf, books, seen, open_cases, found)
    return found


def _missing_cards(holder: Organisation, books: Expected, seen: Seen, found: Compared) -> None:
    for serial, (card, at) in sorted(books.cards.items()):
        if serial not in seen.cards:
            found.differences.append(
                Difference(Case.MISSING, serial, 1, card.batch.code, "", "", _told(at, holder), at=at, card=card)
            )


def _seen_cards(
    holder: Organisation, books: Expected, seen: Seen, open_cases: Sequence[Case], found: Compared
) -> None:  # fmt: skip
    known = {case.serial for case in open_cases if case.kind != Case.MISSING and case.group is None}
    lost = {case.card_id: case for case in open_cases if case.kind == Case.MISSING and case.card_id}
    strange = [serial for serial in seen.cards if serial not in books.cards]
    cards = {str(card.serial): card for card in _with_serials(strange)}
    lying = where([card.pk for card in cards.values()])
    places = Place.objects.select_related("organisation", "group").in_bulk(set(lying.values()))
    for serial, sightings in sorted(seen.cards.items()):
        tray = "、".join(sorted({sighting.tray for sighting in sightings}))
        card, at = books.cards.get(serial, (None, None))
        if card is None and serial in cards:
            card = cards[serial]
            at = places[lying[card.pk]] if card.pk in lying else None
        if at is not None and card is not None and card.pk in lost and at.state == State.MISSING:
            found.again.append(Again(lost[card.pk], 1, _before(card)))
            continue
        kind = _strange(holder, serial in books.cards, at, [sighting.condition for sighting in sightings])
        if not kind:
            continue
        if serial in known:
            found.known += 1
            continue
        batch = card.batch.code if card else tray.split(".")[0]
        said = _told(at, holder) if at else "账上没有此卡"
        found.differences.append(Difference(kind, serial, 1, batch, "", tray, said, card=card))


def _strange(holder: Organisation, expected: bool, at: Place | None, conditions: Sequence[str]) -> str:
    """Kind of difference of a card that lies here; '' where it may."""
    if len(conditions) > 1:
        return Case.SURPLUS
    if expected:
        assert at is not None
        return Case.WRONG if conditions[0] and at.state == State.GOOD else ""
    if at is None or at.organisation_id != holder.pk:
        return Case.SURPLUS
    return "" if at.state == State.GIVEN else Case.WRONG


def _with_serials(serials: Sequence[str]) -> Iterable[Card]:
    for some in chunks(serials):
        yield from Card.objects.filter(serial__in=some).select_related("batch")


def _before(card: Card) -> Place:
    """From where a count moved a card to *missing*."""
    last = Movement.objects.filter(card=card, cause=COUNTED).select_related("from_place__group").order_by("-pk").first()
    assert last is not None
    return last.from_place


def _told(at: Place, holder: Organisation) -> str:
    """What the books say of a card; of whom only where it is somebody else's."""
    state = str(State(at.state).label)
    return state if at.organisation_id == holder.pk else f"{at.organisation.name} {state}"


# Material ------------------------------------------------------------------------------------------------------------


def _material(
    holder: Organisation, shelf: Shelf, books: Expected, seen: Seen, open_cases: Sequence[Case], found: Compared
) -> None:  # fmt: skip
    """One shelf: fit pieces and void ones. A fit one that is marked void is in a wrong state, not missing."""
    fit, void = books.fit.get(shelf, []), books.void.get(shelf, [])
    cases = [case for case in open_cases if case.group and shelf_of(case.group) == shelf]
    known = Counter[str]()
    for case in cases:
        known[case.kind] += case.n
    lacking, marked = _sum(fit) - seen.fit[shelf], seen.void[shelf] - _sum(void)
    wrong = max(0, min(lacking, marked))
    lacking, marked = lacking - wrong, marked - wrong
    surplus = max(0, -lacking) + max(0, marked)
    found.known += min(wrong, known[Case.WRONG])
    if wrong > known[Case.WRONG]:
        found.differences.append(_piece(Case.WRONG, shelf, wrong - known[Case.WRONG], fit, "账上为空白料"))
    found.differences += [*_short(shelf, lacking, fit), *_short(shelf, -marked, void)]
    for case in cases:
        if case.kind == Case.MISSING and surplus:
            n = min(case.n, surplus)
            found.again.append(Again(case, n, _where_from(holder, case)))
            surplus -= n
    found.known += min(surplus, known[Case.SURPLUS])
    surplus -= min(surplus, known[Case.SURPLUS])
    if surplus:
        found.differences.append(_piece(Case.SURPLUS, shelf, surplus, fit or void, "账上没有"))


def shelf_of(within: Group) -> Shelf | None:
    """The shelf on which a group's pieces lie; None for a group of cards."""
    if within.kind not in (STOCK, CONSIGNMENT):
        return None
    batch, lot, kind = named(within.code)
    return Shelf(batch, "" if batch else lot, kind)


def _sum(lying: Sequence[Lying]) -> int:
    return sum(row.n for row in lying)


def _short(shelf: Shelf, lacking: int, lying: Sequence[Lying]) -> Iterator[Difference]:
    """What is missing, the last drawn lot first: the first drawn is used first."""
    for row in reversed(lying):
        n = min(lacking, row.n)
        if n > 0:
            books = f"{State(row.at.state).label} {row.n:,}"
            yield Difference(
                Case.MISSING, shelf.kind, n, shelf.batch, row.lot, "", books, group=row.at.group, at=row.at, shelf=shelf
            )
            lacking -= n


def _piece(kind: str, shelf: Shelf, n: int, lying: Sequence[Lying], books: str) -> Difference:
    """Pieces that lie there and shouldn't, or shouldn't so; they are counted with the lot that was drawn last."""
    last = lying[-1] if lying else None
    return Difference(
        kind, shelf.kind, n, shelf.batch, last.lot if last else shelf.lot, "", books,
        group=last.at.group if last else None, shelf=shelf,
    )  # fmt: skip


def _where_from(holder: Organisation, case: Case) -> Place:
    """From where a count moved pieces of a group to *missing*."""
    counted = Movement.objects.filter(to_place__organisation=holder, to_place__group=case.group, cause=COUNTED)
    last = counted.filter(to_place__state=State.MISSING).select_related("from_place").order_by("-pk").first()
    assert last is not None
    return last.from_place

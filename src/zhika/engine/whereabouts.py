"""Where the plastic of cards lies, in whose hands, since when, and which paper brought it there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from zhika.flows.chart import Step
from zhika.flows.documents import BY_CODE
from zhika.ledger.chunks import chunks
from zhika.ledger.places import Handover, Movement, Place, State
from zhika.ledger.steps import Paper
from zhika.ledger.where import lies, where
from zhika.seat.config import Seat

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Moved:
    """The paper that brought something where it is."""

    document: str
    handover: str = ""
    paper_list: str = ""
    """The list on paper, below the seat's home."""
    evidence: str = ""
    """What was signed, or when and before whom, where no handover moved it."""


@dataclass(frozen=True)
class Held:
    """In whose hands a card is, as what."""

    holder: str
    code: str
    """Of the holder."""
    state: State
    parcel: str = ""
    kind: str = ""
    """Of the holder: unit, centre …"""

    def __str__(self) -> str:
        return f"{self.holder} {self.state.label}"


@dataclass(frozen=True)
class Whereabouts(Held):
    """And since when, on whose way, by which paper."""

    since: datetime = NEVER
    taker: str = ""
    """To whom it is on its way."""
    moved: Moved | None = None


def held(cards: Collection[int]) -> dict[int, Held]:
    """By card (primary key), of those that have plastic in these books; for many cards at once."""
    at = where(cards)
    places, wanted = dict[int, Held](), sorted(set(at.values()))
    for some in chunks(wanted):
        rows = Place.objects.filter(pk__in=some)
        columns = ("pk", "organisation__name", "organisation__code", "organisation__kind", "state")
        for pk, name, code, kind, state, group_kind, group in rows.values_list(*columns, "group__kind", "group__code"):
            places[pk] = Held(name, code, State(state), group if group_kind == "parcel" else "", kind)
    return {card: places[place] for card, place in at.items()}


def whereabouts(seat: Seat, cards: Collection[int]) -> dict[int, Whereabouts]:
    """The same of a person's few cards, with the movement that brought each where it is."""
    at = lies(cards)
    related = ("to_place__organisation", "to_place__group", "handover__to_organisation")
    movements = Movement.objects.select_related(*related).in_bulk({x.movement for x in at.values()})
    return {card: _moved(seat, movements[x.movement]) for card, x in at.items()}


def _moved(seat: Seat, movement: Movement) -> Whereabouts:
    place, handover = movement.to_place, movement.handover
    state, holder = State(place.state), place.organisation
    taker = handover.to_organisation.name if handover and state is State.GIVEN else ""
    parcel = place.group.code if place.group.kind == "parcel" else ""
    moved = moved_with(seat, handover) if handover else None
    return Whereabouts(holder.name, holder.code, state, parcel, holder.kind, movement.happened_at, taker, moved)


def moved_with(seat: Seat, handover: Handover) -> Moved:
    """The document of a handover, with its list on paper where this seat printed it."""
    return Moved(BY_CODE[handover.document].title, handover.code, _list(seat, handover.code))


def papers_of(seat: Seat, row: Step, process: str, codes: Sequence[str]) -> Moved | None:
    """The newest document here that a row sent or awaited, for a lot, application or batch of these codes."""
    types = [document.code for document in (*row.sends, *row.awaits)]
    known = Paper.objects.filter(subject__in=codes, process=process, type__in=types)
    rank = {code: place for place, code in enumerate(reversed(types))}
    papers = sorted(known, key=lambda paper: (rank[paper.type], paper.pk))
    if not papers:
        return None
    code = papers[-1].handover_code
    return Moved(BY_CODE[papers[-1].type].title, code, _list(seat, code) if code else "")


def _list(seat: Seat, code: str) -> str:
    path = seat.home / "files" / "lists" / f"{code}.pdf"
    return str(path.relative_to(seat.home)) if path.exists() else ""

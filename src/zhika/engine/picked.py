"""Acts on picked cards: told by serial, by parcel or by batch; what lies together is done together, as one subject."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from zhika.engine import acts, parcels, plastic
from zhika.errors import Fault, NotReady, Refused
from zhika.flows.acts import BY_NAME
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import Group, Place, State
from zhika.ledger.where import lying_at, where
from zhika.seat.config import Seat

Told = Mapping[str, Mapping[str, str]]


@dataclass
class Together:
    """Cards of one batch that lie with one holder here, in one parcel or in none."""

    lane: Lane
    batch: Batch
    subject: str
    people: dict[str, Card] = field(default_factory=dict)
    told: dict[str, Mapping[str, str]] = field(default_factory=dict)


def do(seat: Seat, name: str, told: Told, *, by: str, second: str = "", reason: str = "") -> int:
    """Do an act for all cards that are told; returns for how many. Refuses what it doesn't know before all else.

    A parcel stands for what lies in it, a batch for the cards of it that came back and lie here.
    """
    found = _cards(seat, told, BY_NAME[name].lanes)
    count = 0
    for some in _together(seat, name, found):
        done = acts.act(
            seat, name, some.subject, by=by, second=second, reason=reason, batch=some.batch,
            process=some.batch.process, lane=some.lane, people=some.people, told=some.told,
        )  # fmt: skip
        count += len(some.people) if done else 0
    if not count:
        raise NotReady("没有要办理的卡")
    return count


def _cards(seat: Seat, told: Told, lanes: Set[Lane]) -> dict[int, tuple[Card, Mapping[str, str]]]:
    """The cards by primary key, each with what was told of its subject."""
    subjects, known = list(told), Card.objects.select_related("batch__office", "bundle")
    found: dict[str, list[Card]] = {}
    for some in chunks(subjects):
        found |= {card.serial or "": [card] for card in known.filter(serial__in=some)}
        for code in Group.objects.filter(code__in=some, kind="parcel").values_list("code", flat=True):
            found[code] = list(known.filter(pk__in=parcels.inside(code)))
        for batch in Batch.objects.filter(code__in=some).select_related("office"):
            found[batch.code] = list(known.filter(pk__in=_came_back(seat, batch, lanes)))
    if missing := [subject for subject in subjects if not found.get(subject)]:
        rule = "没有这张卡, 或其中没有可办的卡; 请核对编号"
        raise Refused([Fault(f"对象 {subject}", rule) for subject in missing])
    return {card.pk: (card, told[subject]) for subject in subjects for card in found[subject]}


def _came_back(seat: Seat, batch: Batch, lanes: Set[Lane]) -> set[int]:
    """Cards (primary keys) of a batch that were returned and lie, kept or void, with who stands on these lanes here."""
    here = [holder for holder, lane in _holders(seat, batch).items() if lane in lanes]
    within = Group.objects.filter(code=plastic.return_code(batch))
    places = Place.objects.filter(group__in=within, organisation__in=here, state__in=[State.HELD, State.VOID])
    return {card for place in places.filter(balance__n__gt=0).select_related("group") for card in lying_at(place)}


def _holders(seat: Seat, batch: Batch) -> dict[int, Lane]:
    """Organisations (primary keys) that hold cards of a batch on this seat, with the lane they stand on."""
    units = batch.bundles.exclude(unit=None).values_list("unit", flat=True) if Lane.UNIT in seat.lanes else ()
    parties = batch.parties.filter(seat=seat.name).values_list("organisation", "lane")
    return dict.fromkeys(units, Lane.UNIT) | {pk: Lane(lane) for pk, lane in parties if lane in seat.lanes}


def _together(
    seat: Seat, name: str, cards: Mapping[int, tuple[Card, Mapping[str, str]]]
) -> Sequence[Together]:  # fmt: skip
    """Cards by where they lie. Raises Refused for each that lies with nobody here who may do this act."""
    lying = where(cards)
    places = {p.pk: p for p in Place.objects.filter(pk__in=set(lying.values())).select_related("group")}
    holders: dict[int, dict[int, Lane]] = {}
    groups: dict[tuple[int, int, str], Together] = {}
    faults = []
    for pk, (card, facts) in sorted(cards.items()):
        batch, place = card.batch, places.get(lying.get(pk, 0))
        if batch.pk not in holders:
            holders[batch.pk] = _holders(seat, batch)
        lane = holders[batch.pk].get(place.organisation_id) if place else None
        if place is None or lane is None or lane not in BY_NAME[name].lanes:
            faults.append(Fault(f"卡 {card.serial}", "不在可办此事的机构手中"))
            continue
        subject = place.group.code if place.group.kind == "parcel" else batch.code
        key = (batch.pk, place.organisation_id, subject)
        some = groups.setdefault(key, Together(lane, batch, subject))
        some.people[card.application_ref], some.told[card.application_ref] = card, facts
    if faults:
        raise Refused(faults)
    return [groups[key] for key in sorted(groups)]

"""Parcels: what one unit receives of one batch, as the centre passes it on."""

from zhika.engine import plastic
from zhika.flows.chart import Grain
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card
from zhika.ledger.places import Group, Place, State
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import lying_at


def prepare(batch: Batch, office: Organisation) -> list[str]:
    """Make a parcel for every unit whose good cards lie at the office and that has none waiting; returns the codes."""
    waiting = {code for code in open_codes(batch) if not _passed(code)}
    units = set(
        Card.objects.filter(pk__in=lying_at(plastic.good(office, batch)), bundle__unit__isnull=False)
        .values_list("bundle__unit__code", flat=True)
    )  # fmt: skip
    made = []
    for unit in sorted(units - {unit_of(code) for code in waiting}):
        rounds = sum(unit_of(code) == unit for code in open_codes(batch))
        made.append(plastic.parcel_group(batch, unit, rounds + 1).code)
    return made


def open_codes(batch: Batch) -> list[str]:
    """Every parcel of a batch, passed on or not."""
    return list(Group.objects.filter(kind="parcel", ref=batch.code).order_by("pk").values_list("code", flat=True))


def unit_of(code: str) -> str:
    """The unit that a parcel is for.

    >>> unit_of("A1-02-261123-01.100000+2")
    '100000'
    """
    return code.rsplit(".", 1)[1].split("+")[0]


def inside(code: str) -> set[int]:
    """Cards (primary keys) of a parcel: at the office before it is passed on, at the unit afterwards."""
    parcel = Group.objects.get(code=code)
    batch = Batch.objects.select_related("office").get(code=parcel.ref)
    if not _passed(code):
        at = lying_at(plastic.good(batch.office, batch))
        return set(Card.objects.filter(pk__in=at, bundle__unit__code=unit_of(code)).values_list("pk", flat=True))
    unit_places = Place.objects.filter(group=parcel, state=State.GOOD).select_related("group")
    return {card for place in unit_places for card in lying_at(place)}


def _passed(code: str) -> bool:
    return StepRecord.objects.filter(subject_kind=Grain.PARCEL, subject=code, function="pass_on").exists()

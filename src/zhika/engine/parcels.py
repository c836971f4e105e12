"""Parcels: what one unit receives of one batch, as the centre passes it on."""

from collections import Counter
from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from zhika.engine import plastic
from zhika.flows.chart import Grain
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.chunks import chunks
from zhika.ledger.places import Group, Place, State
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import by_bundle, lying_at


def prepare(batch: Batch, office: Organisation) -> list[str]:
    """Make a parcel for every unit whose good cards lie at the office and that has none waiting; returns the codes."""
    waiting = {unit_of(group.code, batch.code) for group in not_passed([batch.code])}
    rounds = Counter(unit_of(code, batch.code) for code in open_codes(batch))
    units = sorted(set(lying(batch, office)) - waiting)
    made = [plastic.parcel_group(batch, unit, rounds[unit] + 1).code for unit in units]
    if made:  # of a batch that had ended, when a lost card has come after all
        Batch.objects.filter(pk=batch.pk).update(ended_at=None)
    return made


def open_codes(batch: Batch) -> list[str]:
    """Every parcel of a batch, passed on or not."""
    return list(Group.objects.filter(kind="parcel", ref=batch.code).order_by("pk").values_list("code", flat=True))


def not_passed(batches: Sequence[str], code: str = "") -> list[Group]:
    """Parcels of these batches (by code) that are still to be passed on, or the one of this code."""
    passed = StepRecord.objects.filter(subject_kind=Grain.PARCEL, subject=OuterRef("code"), function="pass_on")
    found: list[Group] = []
    for some in chunks(batches):
        groups = Group.objects.filter(~Exists(passed), kind="parcel", ref__in=some)
        found += groups.filter(**({"code": code} if code else {})).order_by("ref", "code")
    return found


def unit_of(code: str, batch: str = "") -> str:
    """The unit that a parcel is for; its batch is looked up where it isn't told.

    >>> unit_of("A1-02-261123-01.100000+2", "A1-02-261123-01")
    '100000'
    """
    batch = batch or Group.objects.get(code=code, kind="parcel").ref
    return code.removeprefix(f"{batch}.").partition("+")[0]


def lying(batch: Batch, office: Organisation) -> Counter[str]:
    """How many good cards of each unit (by code) lie at the office, none passed on yet."""
    units = dict(batch.bundles.exclude(unit=None).values_list("pk", "unit__code"))
    counted = by_bundle(plastic.good(office, batch), list(units)) if units else {}
    return Counter({units[bundle]: n for bundle, n in counted.items()})


def inside(code: str) -> set[int]:
    """Cards (primary keys) of a parcel: at the office before it is passed on, at the unit afterwards."""
    parcel = Group.objects.get(code=code)
    batch = Batch.objects.select_related("office").get(code=parcel.ref)
    bundles = list(batch.bundles.filter(unit__code=unit_of(code, batch.code)).values_list("pk", flat=True))
    places = Place.objects.filter(group=parcel, state=State.GOOD).select_related("group")
    at = places if _passed(code) else [plastic.good(batch.office, batch)]
    return {card for place in at for card in lying_at(place, bundles=bundles)} if bundles else set()


def _passed(code: str) -> bool:
    return StepRecord.objects.filter(subject_kind=Grain.PARCEL, subject=code, function="pass_on").exists()

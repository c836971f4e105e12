"""Entering `people`: persons and applications written from what the centre signed, set-based."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from zhika.ledger.batches import Organisation, Unit, organisation
from zhika.ledger.chunks import chunks
from zhika.people.models import Application, Person

CATEGORIES = {"职工": "worker", "居民": "resident", "大学生": "student", "参合": "rural"}
COPIED = (
    "nation", "address", "postcode", "phone", "district", "category", "person_no", "certificate_no", "member_no",
    "relation", "household_attribute", "village_group", "photo",
)  # fmt: skip
"""Fields that a person has as the form gives them; sex and birth follow from the ID number."""
_BATCH_SIZE = 900


def enter(people: Mapping[str, Person], *, process: str, now: datetime, lot: str = "") -> None:
    """Write persons, by application number, with an application each, in the caller's transaction.

    A person known from before gets the confirmed values.
    """
    persons = list(people.values())
    fields = [field.name for field in Person._meta.concrete_fields if field.name not in ("id", "id_key")]
    Person.objects.bulk_create(
        persons, batch_size=_BATCH_SIZE, update_conflicts=True, unique_fields=["id_key"], update_fields=fields
    )
    pks = keyed([person.id_key for person in persons])
    Application.objects.bulk_create(
        [
            Application(ref=ref, person_id=pks[person.id_key], process=process, lot=lot, live=True, made_at=now)
            for ref, person in people.items()
        ],
        batch_size=_BATCH_SIZE,
    )


def keyed(keys: Sequence[str]) -> dict[str, int]:
    """Primary keys of the persons with these keyed hashes."""
    found: dict[str, int] = {}
    for some in chunks(keys):
        found |= dict(Person.objects.filter(id_key__in=some).values_list("id_key", "pk"))
    return found


def held(keys: Iterable[str]) -> set[str]:
    """Keyed hashes, among these, of persons who have a live application: a card, or one under way."""
    found: set[str] = set()
    for some in chunks(sorted(set(keys))):
        known = Person.objects.filter(id_key__in=some, applications__live=True)
        found |= set(known.values_list("id_key", flat=True))
    return found


def end(refs: Iterable[str]) -> None:
    """Applications that end without another card, by number: the person has none, and none under way."""
    for some in chunks(sorted(set(refs))):
        Application.objects.filter(ref__in=some).update(live=False, pending=False)


def organisations(forms: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], tuple[Organisation, Organisation]]:
    """(office code, unit code) → office and unit, made on first mention, a unit below its office."""
    found: dict[tuple[str, str], tuple[Organisation, Organisation]] = {}
    for form in forms:
        key = (form["centre"], form["unit_no"])
        if key not in found:
            office = organisation(key[0], kind="centre")
            unit = organisation(key[1], name=form["unit_name"], kind="unit", parent=office)
            category = CATEGORIES.get(form["category"], form["category"])
            Unit.objects.get_or_create(organisation=unit, defaults={"office": office, "category": category})
            found[key] = (office, unit)
    return found

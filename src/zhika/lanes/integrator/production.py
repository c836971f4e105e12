"""生产数据库: the people of a batch as production sees them, what may not go into production, numbers that came."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
from django.db.models import Q
from PIL import Image

from zhika.card import pan as bank_numbers
from zhika.card.chip.files import name_fault
from zhika.engine import desk
from zhika.engine.work import Work
from zhika.exchange.archive import PHOTO_LIMIT
from zhika.lanes.integrator.models import Mapping as MappingRow
from zhika.lanes.integrator.models import Production
from zhika.ledger.cards import Card
from zhika.ledger.places import today
from zhika.paper.typeface import missing_glyphs
from zhika.people.models import Application
from zhika.seat.config import Seat

PHOTO_SIZE = (358, 441)
"""制证用数字相片, in pixels."""


@dataclass(frozen=True)
class Subject:
    """One application of a batch with its person."""

    ref: str
    application: Application

    @property
    def row(self) -> dict[str, str]:
        """Every field of the documents that the person's own record fills."""
        person, unit, office = self.application.person, self.application.person.unit, self.application.person.office
        return {
            "app_no": self.ref, "id_no": person.id_no, "name": person.name, "sex": person.sex, "birth": person.birth,
            "address": person.address, "postcode": person.postcode, "phone": person.phone, "centre": office.code,
            "unit_no": unit.code, "unit_name": unit.name, "flag": self.application.kind, "photo": person.photo,
        }  # fmt: skip


def of_batch(batch_code: str, refs: Sequence[str] | None = None) -> dict[str, Subject]:
    """The batch's applications with their persons, by application number, in the order of `refs` where given."""
    rows = Application.objects.filter(batch_code=batch_code).select_related("person__unit", "person__office")
    found = {row.ref: Subject(row.ref, row) for row in rows}
    return found if refs is None else {ref: found[ref] for ref in refs}


def unfit(seat: Seat, people: Mapping[str, Subject]) -> dict[str, str]:
    """Who can't be made, with the cause: asked before production, never found in the middle of it."""
    found = {}
    for ref, one in people.items():
        person = one.application.person
        if missing_glyphs(person.name):
            found[ref] = "glyph-missing"
        elif name_fault(person.name):
            found[ref] = "name-too-long"
        elif not photo_good(desk.photo_of(seat, person.photo)):
            found[ref] = "photo-bad"
    return found


def photo_good(path: Path) -> bool:
    """A whole JPEG of the photo's size that a package takes: decoded to its end, for its header proves nothing."""
    try:
        if path.stat().st_size > PHOTO_LIMIT:
            return False
        with Image.open(path, formats=["JPEG"]) as image:
            if image.format != "JPEG" or image.size != PHOTO_SIZE:
                return False
            image.load()
    except (OSError, Image.DecompressionBombError):
        return False
    return True


def day(now: datetime) -> str:
    """A day as cards carry it, YYYYMMDD, Asia/Shanghai."""
    return f"{today(now):%Y%m%d}"


def valid_until(issue_date: str, years: int) -> str:
    """Last day of validity: the day before the issue date, so many years on.

    >>> valid_until("20261123", 10), valid_until("20280229", 10)
    ('20361122', '20380228')
    """
    issued = date.fromisoformat(issue_date)
    try:
        last = issued.replace(year=issued.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        last = date(issued.year + years, 2, 28)
    return f"{last:%Y%m%d}"


# Numbers that came ---------------------------------------------------------------------------------------------------


def matched(people: Mapping[str, Card], frames: Sequence[pl.DataFrame], known: Mapping[str, str]) -> "Matched":
    """Match numbers with applications, person by person.

    `frames` hold app_no and pan, `known` is pan → application of what was imported before. A number that fails its
    check digit, an application with a second number, a number of two applications, an application without one: cause.
    """
    told: dict[str, set[str]] = {}
    for rows in frames:
        for app_no, number in rows.select("app_no", "pan").iter_rows():
            told.setdefault(app_no, set()).add(number)
    held = {app_no: number for number, app_no in known.items()}
    uses = Counter(number for numbers in told.values() for number in numbers)
    pans, failed = dict[str, str](), dict[str, str]()
    for app_no in people:
        numbers = told.get(app_no, set())
        number = next(iter(numbers), "")
        before = (known.get(number, app_no), held.get(app_no, number))
        if not numbers:
            failed[app_no] = "row-missing"
        elif len(numbers) > 1 or uses[number] > 1 or before != (app_no, number):
            failed[app_no] = "second-number"
        elif not bank_numbers.is_valid(number):
            failed[app_no] = "number-bad"
        else:
            pans[app_no] = number
    return Matched(pans, failed)


@dataclass(frozen=True)
class Matched:
    """What a file of numbers came to."""

    pans: Mapping[str, str]
    failed: Mapping[str, str]


def known_numbers(frames: Sequence[pl.DataFrame], people: Mapping[str, Card]) -> dict[str, str]:
    """Numbers already imported, of these files or of these people: PAN → application, over both databases."""
    wanted, refs = {number for rows in frames for number in rows["pan"]}, list(people)
    found: dict[str, str] = {}
    for produced in Production.objects.filter(Q(pan__in=wanted) | Q(app_no__in=refs), pan__isnull=False):
        found[produced.pan or ""] = produced.app_no
    for mapped in MappingRow.objects.filter(Q(pan__in=wanted) | Q(app_no__in=refs)):
        found[mapped.pan] = mapped.app_no
    return found


def ssc_of_batch(work: Work, made: Sequence[str]) -> dict[str, str]:
    """Social security card numbers by line of the batch: the same person gets the same one on every run."""
    return {app: made[card.line - 1] for app, card in work.people.items()}

"""From a confirmed lot to persons and applications: who goes on, with which values, under which number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from zhika.card import idnumber
from zhika.engine import desk
from zhika.engine.check import id_key
from zhika.engine.work import Subject
from zhika.errors import NotReady
from zhika.flows.documents import CHECK_LIST, COLLECTED, Document
from zhika.ledger.batches import Organisation, Unit, organisation
from zhika.people.models import Application, Person
from zhika.registers.columns import COLLECTED as COLUMNS
from zhika.registers.tidy import tidy
from zhika.seat.config import Seat

ACCEPT, REGISTER, REJECT = "accept", "register", "reject"
"""The centre's decisions: right as given, right as the register has it, back to be mended."""
REGISTERED = {"姓名": "name", "公民身份号码": "id_no"}
"""What the check list's found values may put in place of the given ones; sex and birth follow from the ID number."""
CATEGORIES = {"职工": "worker", "居民": "resident", "大学生": "student", "参合": "rural"}
_COPIED = (
    "nation", "address", "postcode", "phone", "district", "category", "person_no", "certificate_no", "member_no",
    "relation", "household_attribute", "village_group", "photo",
)  # fmt: skip
_CHUNK = 900


@dataclass(frozen=True)
class Applicant:
    """One accepted line, ready to become a person and an application."""

    line: str
    id_no: str
    name: str
    values: Mapping[str, str]
    """The form's fields, tidied."""

    @property
    def sex(self) -> str:
        """GB/T 2261.1, as the ID number says it."""
        return idnumber.parts(self.id_no).sex

    @property
    def birth(self) -> str:
        return f"{idnumber.parts(self.id_no).birth:%Y%m%d}"


def on_desk(seat: Seat, subject: Subject, document: Document) -> pl.DataFrame:
    """The newest paper of this kind on the lot's desk."""
    papers = [paper for paper in desk.filed(subject) if paper.type == document.code]
    if not papers:
        raise NotReady(f"{subject}: 没有{document.title}")
    return desk.read(seat, papers[-1])


def found_values(found: str) -> dict[str, str]:
    """The register's values that a check list's found column tells, by field.

    >>> found_values("姓名=陈阿珊；号码性别=女；公民身份号码=350502199001010018")
    {'name': '陈阿珊', 'id_no': '350502199001010018'}
    """
    cells = [cell.partition("=") for cell in found.split("；")]
    return {REGISTERED[title]: value for title, _, value in cells if title in REGISTERED}


def accepted(seat: Seat, subject: Subject, confirmation: pl.DataFrame) -> list[Applicant]:
    """The lines that the centre passed, in line order, with the values that it confirmed."""
    decisions = dict(confirmation.filter(pl.col("decision") != REJECT).select("line", "decision").iter_rows())
    collected = on_desk(seat, subject, COLLECTED).filter(pl.col("line").is_in(list(decisions)))
    checked = on_desk(seat, subject, CHECK_LIST).select("line", "found")
    found = dict(checked.iter_rows())
    numbered = collected.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
    rows, _ = tidy(numbered, COLUMNS, number="at")
    people = []
    for row in rows.iter_rows(named=True):
        if decisions[row["line"]] == REGISTER:
            row |= found_values(found.get(row["line"], ""))
        people.append(Applicant(row["line"], idnumber.clean(row["id_no"]), row["name"], row))
    return people


def sifted(seat: Seat, people: Sequence[Applicant]) -> tuple[list[Applicant], dict[str, str]]:
    """Who may become an application; and by line why others may not (codes of `registers.rules`).

    Valid ID number, name and photo, nobody twice, nobody with a live application over both schemes.
    """
    keys = {person.line: id_key(seat.home, person.id_no) for person in people}
    live = _live(keys.values())
    going, left, seen = [], dict[str, str](), set[str]()
    for person in people:
        reason = _reason(person, seen, live=keys[person.line] in live)
        if reason:
            left[person.line] = reason
        else:
            seen.add(person.id_no)
            going.append(person)
    return going, left


def _live(keys: object) -> set[str]:
    wanted = sorted(set(keys))  # type: ignore[call-overload]
    held: set[str] = set()
    for start in range(0, len(wanted), _CHUNK):
        known = Person.objects.filter(id_key__in=wanted[start : start + _CHUNK], applications__live=True)
        held |= set(known.values_list("id_key", flat=True))
    return held


def _reason(person: Applicant, seen: set[str], *, live: bool) -> str:
    if not person.name:
        return "no-name"
    if not idnumber.is_valid(person.id_no):
        return "id-check"
    if person.id_no in seen:
        return "duplicate-line"
    if live:
        return "has-card"
    return "" if person.values["photo"] else "no-photo"


def enter(seat: Seat, people: Mapping[str, Applicant], *, scheme: str, process: str, lot: str, now: datetime) -> None:
    """Write persons and applications, by application number, in the step's transaction; set-based.

    A person known from before gets the confirmed values.
    """
    where = _organisations(list(people.values()))
    persons = []
    for one in people.values():
        office, unit = where[one.values["centre"], one.values["unit_no"]]
        person = Person(
            id_key=id_key(seat.home, one.id_no), id_no=one.id_no, name=one.name, sex=one.sex, birth=one.birth,
            scheme=scheme, unit=unit, office=office, **{name: one.values[name] for name in _COPIED},
        )  # fmt: skip
        persons.append(person)
    fields = [field.name for field in Person._meta.concrete_fields if field.name not in ("id", "id_key")]
    Person.objects.bulk_create(
        persons, batch_size=_CHUNK, update_conflicts=True, unique_fields=["id_key"], update_fields=fields
    )
    pks = dict(_pks([person.id_key for person in persons]))
    Application.objects.bulk_create(
        [
            Application(ref=ref, person_id=pks[person.id_key], process=process, lot=lot, live=True, made_at=now)
            for ref, person in zip(people, persons, strict=True)
        ],
        batch_size=_CHUNK,
    )


def _pks(keys: Sequence[str]) -> Iterator[tuple[str, int]]:
    for start in range(0, len(keys), _CHUNK):
        yield from Person.objects.filter(id_key__in=keys[start : start + _CHUNK]).values_list("id_key", "pk")


def _organisations(people: Sequence[Applicant]) -> dict[tuple[str, str], tuple[Organisation, Organisation]]:
    """Office and unit of each person, made on first mention, a unit below its office."""
    found: dict[tuple[str, str], tuple[Organisation, Organisation]] = {}
    for one in people:
        key = (one.values["centre"], one.values["unit_no"])
        if key not in found:
            office = organisation(key[0], kind="centre")
            unit = organisation(key[1], name=one.values["unit_name"], kind="unit", parent=office)
            category = CATEGORIES.get(one.values["category"], one.values["category"])
            Unit.objects.get_or_create(organisation=unit, defaults={"office": office, "category": category})
            found[key] = (office, unit)
    return found

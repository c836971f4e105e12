"""From a confirmed lot to persons and applications: who goes on, with which values, under which number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from zhika.card import idnumber
from zhika.engine import desk
from zhika.engine.check import id_key
from zhika.engine.work import Subject
from zhika.errors import NotReady
from zhika.flows.documents import CHECK_LIST, COLLECTED, Document
from zhika.people import deaths, entry
from zhika.people.models import Person
from zhika.registers.columns import COLLECTED as COLUMNS
from zhika.registers.tidy import tidy
from zhika.seat.config import Seat

ACCEPT, REGISTER, REJECT = "accept", "register", "reject"
"""The centre's decisions: right as given, right as the register has it, back to be mended."""
REGISTERED = {"姓名": "name", "公民身份号码": "id_no"}
"""What the check list's found values may put in place of the given ones; sex and birth follow from the ID number."""


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

    Valid ID number, name and photo, nobody twice, nobody with a live application over both schemes, nobody dead.
    """
    keys = {person.line: id_key(seat.home, person.id_no) for person in people}
    held, going, left, seen = entry.held(keys.values()), [], dict[str, str](), set[str]()
    dead = deaths.among(keys.values())
    for person in people:
        reason = _reason(person, seen, live=keys[person.line] in held, dead=keys[person.line] in dead)
        if reason:
            left[person.line] = reason
        else:
            seen.add(person.id_no)
            going.append(person)
    return going, left


def _reason(person: Applicant, seen: set[str], *, live: bool, dead: bool) -> str:
    if not person.name:
        return "no-name"
    if not idnumber.is_valid(person.id_no):
        return "id-check"
    if person.id_no in seen:
        return "duplicate-line"
    if dead:
        return "deceased"
    if live:
        return "has-card"
    return "" if person.values["photo"] else "no-photo"


def enter(seat: Seat, people: Mapping[str, Applicant], *, scheme: str, process: str, lot: str, now: datetime) -> None:
    """Write persons and applications, by application number, in the step's transaction."""
    where = entry.organisations(one.values for one in people.values())
    persons = {}
    for ref, one in people.items():
        office, unit = where[one.values["centre"], one.values["unit_no"]]
        persons[ref] = Person(
            id_key=id_key(seat.home, one.id_no), id_no=one.id_no, name=one.name, sex=one.sex, birth=one.birth,
            scheme=scheme, unit=unit, office=office, **{name: one.values[name] for name in entry.COPIED},
        )  # fmt: skip
    entry.enter(persons, process=process, lot=lot, now=now)

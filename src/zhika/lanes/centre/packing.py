"""装箱 of a parcel: its cards in the order in which their unit works, and the lists that go with them.

Villages work by households (group, certificate, head first), schools and employers by name or personal number; which
category is packed how, seat.toml says.
"""

import re
from collections.abc import Mapping

from zhika.engine import desk
from zhika.engine.work import Work
from zhika.ledger.batches import Organisation, Unit
from zhika.ledger.places import today
from zhika.paper.packing import PACKING, SIGNING, Packed, document, workbook
from zhika.paper.typeset import Party
from zhika.people.models import Application, Person

HEADS = ("户主", "本人", "02", "01")
"""与户主关系 of a household's head, as forms write it (GB/T 4761: 01, 02)."""
_NUMBERS = re.compile(r"(\d+)")


def order(work: Work, taker: Organisation, applications: Mapping[str, Application]) -> list[str]:
    """The parcel's application numbers as it is packed; the same people are packed the same way."""
    unit = Unit.objects.filter(organisation=taker).first()
    how = work.seat.distribution.order(unit.category if unit else "")
    return sorted(work.people, key=lambda app: _key(how, applications[app].person, work.people[app].line))


def print_lists(work: Work, taker: Organisation, apps: list[str], applications: Mapping[str, Application]) -> None:
    """装箱单 and 签领表, PDF and XLSX, beside the passing-on list; the same step writes the same paper."""
    assert work.batch is not None
    households = _by_household(work, taker)
    rows = [_packed(applications[app], work.people[app].serial or "", households=households) for app in apps]
    code, office, on = work.subject.code, work.batch.office, today(work.now)
    for name, form in (("packing", PACKING), ("signing", SIGNING)):
        for suffix, made in ((".pdf", document), (".xlsx", workbook)):
            paper = made(
                form, rows, code=code, given=Party(office.name, office.code), taken=Party(taker.name, taker.code),
                on=on,
            )  # fmt: skip
            desk.write_once(work.seat.home / "files" / "lists" / f"{code}~{name}{suffix}", paper)


def _by_household(work: Work, taker: Organisation) -> bool:
    unit = Unit.objects.filter(organisation=taker).first()
    return work.seat.distribution.order(unit.category if unit else "") == "household"


def _key(how: str, person: Person, line: int) -> tuple[object, ...]:
    spelled = person.name.encode("gb18030")  # its first level is in the order of pinyin
    match how:
        case "household":
            family = _natural(person.village_group), _natural(person.certificate_no)
            return *family, person.relation not in HEADS, _natural(person.member_no), spelled, line
        case "person_no":
            return _natural(person.person_no), spelled, line
        case _:
            return spelled, _natural(person.person_no), line


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers in a text by their value, what is empty last.

    >>> sorted(["12组", "3组", ""], key=_natural)
    ['3组', '12组', '']
    """
    if not text:
        return ((2, 0, ""),)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _NUMBERS.split(text) if part)


def _packed(application: Application, serial: str, *, households: bool) -> Packed:
    person = application.person
    return Packed(
        person.name, person.id_no, serial, application.kind, person.certificate_no if households else "",
        person.village_group, person.certificate_no, person.relation, person.person_no,
    )  # fmt: skip

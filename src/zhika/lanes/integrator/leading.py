"""领导小组名单: the files of annex 7, one or several counties in one, checked before anything is written."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils import timezone

from zhika.engine.work import Done
from zhika.errors import Fault, Refused
from zhika.lanes.integrator import dated
from zhika.lanes.integrator.dated import Row
from zhika.ledger.batches import Organisation
from zhika.people import offices
from zhika.people.leaders import GROUP, HEAD, OFFICE, TITLES, Leader, LeaderList
from zhika.registers import intake
from zhika.registers.columns import Column, Kind
from zhika.seat.config import Seat

COLUMNS = (
    Column("county", "县（市、区）", aliases=("县(市、区)", "县市区"), required=True),
    Column("body", "机构", required=True),
    Column("role", "职务", required=True),
    Column("name", "姓名", Kind.NAME, required=True),
    Column("organisation", "单位", required=True),
    Column("post", "单位职务", aliases=("行政职务",), required=True),
    Column("phone", "联系电话", Kind.DIGITS, ("电话",)),
)
_BY_NAME = {column.name: column for column in COLUMNS}
BODIES = {GROUP: "领导小组", OFFICE: "办公室"}
WIDTHS = {"name": 50, "organisation": 80, "post": 60}


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """`zhika do load_leaders FILE`, with `--fact from=2026-04-01` where it does not hold from today."""
    return dated.subject("leaders", path, told)


def load(seat: Seat, told: Mapping[str, str], by: str) -> Done:
    """Read the lists of all counties in a file and write them beside the older ones; facts path and from.

    Raises Refused with row and column of every fault: an unknown county, body or role, somebody twice in one body, a
    body that has not exactly one head.
    """
    source = dated.source(told)
    faults: list[Fault] = []
    lists: dict[int, LeaderList] = {}
    leaders: list[Leader] = []
    for cells in intake.read(source.path, COLUMNS).rows.iter_rows(named=True):
        row = Row(source.path.name, cells["row"], cells, _BY_NAME, faults)
        office, one = row.office("county"), _leader(row)
        if office is None or one is None:
            continue
        one.list = lists.setdefault(
            office.pk, LeaderList(office=office, county=_county(cells["county"], office), valid_from=source.valid_from,
                                  sha256=source.sha256, loaded_at=timezone.now(), by=by),
        )  # fmt: skip
        _beside(row, one, [other for other in leaders if other.list is one.list and other.body == one.body])
        leaders.append(one)
    faults += [fault for held in lists.values() for fault in _headless(source.path.name, held, leaders)]
    if faults or not leaders:
        raise Refused(faults or [Fault(source.path.name, "名单是空的")])

    def write() -> None:
        for held in lists.values():
            held.save()
        for one in leaders:
            one.list_id = one.list.pk
        Leader.objects.bulk_create(leaders)

    return Done(write=write, n_in=len(leaders), n_out=len(leaders))


def _county(told: str, office: Organisation) -> str:
    """The county as the list names it, where it does not give the code of its office."""
    return offices.county(office) if told == office.code else told


def _leader(row: Row) -> Leader | None:
    """One row's person; None where it names no body or role that there is."""
    body = _meant(row, "body", BODIES)
    role = _meant(row, "role", TITLES[body]) if body else ""
    texts = {name: row.text(name, width) for name, width in WIDTHS.items()}
    phone = row.text("phone", 30, empty=True)
    return Leader(place=row.number, body=body, role=role, phone=phone, **texts) if body and role else None


def _meant(row: Row, column: str, words: Mapping[str, str]) -> str:
    """The code of a cell that holds a code or its Chinese word; "" with a fault for another."""
    told = row.cells[column]
    for code, word in words.items():
        if told in (code, word):
            return code
    row.fault(column, f"应为 {'、'.join(f'{code} ({word})' for code, word in words.items())}")
    return ""


def _beside(row: Row, one: Leader, others: list[Leader]) -> None:
    """Against those who stand in the same body already."""
    if any((one.name, one.organisation) == (other.name, other.organisation) for other in others):
        row.fault("name", "同一机构中已有此人")
    if one.role == HEAD and any(other.role == HEAD for other in others):
        row.fault("role", f"{BODIES[one.body]}只可有一位{one.title}")


def _headless(file: str, held: LeaderList, leaders: list[Leader]) -> Iterator[Fault]:
    for body, title in BODIES.items():
        mine = [one for one in leaders if one.list is held and one.body == body]
        if not any(one.role == HEAD for one in mine):
            row = min(one.place for one in leaders if one.list is held)
            yield Fault(file, f"本县{title}没有{TITLES[body][HEAD]}", row, _BY_NAME["role"].title)

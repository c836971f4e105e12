"""死亡名单 in: read whole, kept as a file named by content, and written into the books as keyed hashes alone."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import polars as pl

from zhika.card import idnumber
from zhika.engine import desk
from zhika.engine.check import id_key
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, Refused
from zhika.ledger import audit
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.people.deaths import Death
from zhika.registers import intake
from zhika.registers.columns import DEATHS
from zhika.seat.config import Seat

ACT = "load_deaths"


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
    """`zhika do load_deaths FILE`: the same list again is the same subject."""
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    return [(hashlib.sha256(path.read_bytes()).hexdigest()[:16], {**told, "path": str(path)})]


def load(work: ActWork) -> Done:
    """Keep a list as Parquet; who is on it stands in the books from now on, by keyed hash.

    A row without a date takes an earlier entry back: the person lives. Raises Refused with every fault of the file.
    """
    path = Path(work.facts.get("path", ""))
    if not path.is_file():
        raise Refused([Fault(ACT, "须写明文件, 且文件存在", column="path")])
    rows = intake.read(path, DEATHS).rows
    if faults := list(_faults(path, rows, today(work.now))):
        raise Refused(faults)
    digest = _keep(work.seat, rows.drop("row"))
    keys = {id_key(work.seat.home, number): day for number, day in rows.select("id_no", "died_on").iter_rows()}
    dead = {key: date.fromisoformat(day) for key, day in keys.items() if day}
    living = sorted(keys.keys() - dead.keys())

    def write() -> None:
        for some in chunks(living):
            Death.objects.filter(id_key__in=some).delete()
        Death.objects.bulk_create(
            [Death(id_key=key, died_on=day, source=digest, loaded_at=work.now) for key, day in dead.items()],
            batch_size=200, ignore_conflicts=True,
        )  # fmt: skip
        audit.note(work.by, ACT, digest[:16], f"{len(dead)} 人, 撤销 {len(living)} 人, SHA-256 {digest}")

    return Done(write=write, n_in=rows.height, n_out=len(dead))


def _keep(seat: Seat, rows: pl.DataFrame) -> str:
    out = BytesIO()
    rows.write_parquet(out)
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    kept = seat.home / "files" / "registers" / f"{digest}.parquet"
    if not kept.exists():
        desk.write_once(kept, out.getvalue())
    return digest


def _faults(path: Path, rows: pl.DataFrame, today_: date) -> Iterator[Fault]:
    seen: set[str] = set()
    for row, number, day in rows.select("row", "id_no", "died_on").iter_rows():
        if not idnumber.is_valid(number):
            yield Fault(path.name, "不是有效的公民身份号码", row, "公民身份号码")
        elif number in seen:
            yield Fault(path.name, "此号码出现两次", row, "公民身份号码")
        seen.add(number)
        if day and not _past(day, today_):
            yield Fault(path.name, "应为不晚于今天的日期, 如 20261123; 留空表示撤销登记", row, "死亡日期")


def _past(day: str, today_: date) -> bool:
    try:
        return date.fromisoformat(day) <= today_
    except ValueError:
        return False

"""Fee rates in 装载收费标准: the file is kept by its content, its rates are written, both are in the audit."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from zhika.engine import desk
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, Refused
from zhika.ledger import audit
from zhika.people import rate_table
from zhika.seat.config import Seat


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
    """`zhika do load_rates FILE`: a file with another content is another subject."""
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    return [(f"rates/{_digest(path)[:12]}", {**told, "path": str(path)})]


def load(work: ActWork) -> Done:
    """Raises Refused with every fault of the file, told by fact `path`."""
    path = Path(work.facts.get("path", ""))
    if not path.is_file():
        raise Refused([Fault(work.act.name, "须写明文件, 且文件存在", column="path")])
    table, digest = rate_table.read(path, by=work.by, at=work.now), _digest(path)
    desk.write_once(work.seat.home / "files" / "rates" / f"{digest}{path.suffix.lower()}", path.read_bytes())

    def write() -> None:
        table.write()
        counted = f"新增 {len(table.added)} 条, 补填失效日期 {len(table.ended)} 条, SHA-256 {digest}"
        audit.note(work.by, work.act.name, work.subject, counted)

    return Done(write=write, n_in=len(table.added) + len(table.ended))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

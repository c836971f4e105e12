"""Registers in: extracts of the insurance systems and the household register, as they are loaded and compared."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import polars as pl
from django.utils import timezone

from zhika.card import idnumber
from zhika.engine import desk
from zhika.engine.check import id_key
from zhika.engine.todo import Todo, command
from zhika.engine.work import Done
from zhika.errors import Fault, NotReady, Refused
from zhika.flows.chart import Grain
from zhika.flows.lanes import Lane
from zhika.lanes.integrator.models import Register
from zhika.ledger import audit
from zhika.ledger.chunks import chunks
from zhika.ledger.steps import Paper
from zhika.people import deaths
from zhika.people.models import Person
from zhika.registers import intake
from zhika.registers.columns import HOUSEHOLD, INSURANCE
from zhika.registers.comparison import compare
from zhika.seat.config import Seat

URBAN, RURAL = "urban", "rural"
KINDS = {"insurance": INSURANCE, "household": HOUSEHOLD}
NEEDED = {URBAN: ("insurance",), RURAL: ("insurance", "household")}
"""What each scheme's people are compared with."""
TITLES = {
    (URBAN, "insurance"): "城镇参保库", (RURAL, "insurance"): "新农合参合库", (RURAL, "household"): "户籍库",
}  # fmt: skip


def scheme_of(process: str) -> str:
    """The scheme of a process.

    >>> scheme_of("rural-batch")
    'rural'
    """
    return process.split("-")[0]


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
    """`zhika do load_register FILE --fact scheme=… --fact kind=…`: a newer extract is another subject."""
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    facts = {**told, "path": str(path)}
    return [(f"{told.get('scheme', '')}/{told.get('kind', '')}/{digest[:8]}", facts)]


def load(seat: Seat, told: Mapping[str, str], by: str) -> Done:
    """Read an extract whole, keep it as Parquet named by content, and write it into the books.

    Raises Refused for another register than those of `TITLES`, and with every fault of the file.
    """
    scheme, kind = told.get("scheme", ""), told.get("kind", "")
    if (scheme, kind) not in TITLES:
        allowed = "、".join(f"{s} {k} ({title})" for (s, k), title in TITLES.items())
        raise Refused([Fault("load_register", f"没有这种登记库, 可用 scheme 与 kind: {allowed}")])
    path = Path(told.get("path", ""))
    if not path.is_file():
        raise Refused([Fault("load_register", "须写明文件, 且文件存在", column="path")])
    rows = intake.read(path, KINDS[kind]).rows.drop("row")
    out = BytesIO()
    rows.write_parquet(out)
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    kept = Path("files", "registers", f"{digest}.parquet")
    if not (seat.home / kept).exists():
        desk.write_once(seat.home / kept, out.getvalue())

    def write() -> None:
        Register.objects.create(
            scheme=scheme, kind=kind, sha256=digest, rows=rows.height, path=str(kept), loaded_at=timezone.now(), by=by
        )
        audit.note(by, "load_register", f"{scheme}/{kind}", f"{rows.height} 行, SHA-256 {digest}")

    return Done(write=write, n_in=rows.height, n_out=rows.height)


def latest(seat: Seat, scheme: str, kind: str) -> pl.DataFrame | None:
    """The newest extract that was loaded, None where there is none."""
    row = Register.objects.filter(scheme=scheme, kind=kind).order_by("-pk").first()
    return None if row is None else _read(seat.home / row.path)


@lru_cache(maxsize=4)
def _read(path: Path) -> pl.DataFrame:
    """A register is named by its content: once read it stays right."""
    return pl.read_parquet(path)


def checked(seat: Seat, process: str, collected: pl.DataFrame) -> pl.DataFrame:
    """The check list of a lot's rows. Raises NotReady while a register of its scheme is not loaded."""
    scheme = scheme_of(process)
    found = {kind: latest(seat, scheme, kind) for kind in NEEDED[scheme]}
    lacking = [TITLES[scheme, kind] for kind, rows in found.items() if rows is None]
    insurance = found["insurance"]
    if lacking or insurance is None:
        raise NotReady(f"尚未装载{'、'.join(lacking)} (zhika do load_register)")
    other = latest(seat, RURAL if scheme == URBAN else URBAN, "insurance")
    keys = _keys(seat, collected, insurance)
    dead = pl.Series("id_no", [keys[key] for key in deaths.among(keys)], dtype=pl.String)
    return compare(collected, insurance, found.get("household"), other, taken(list(keys)), dead)


def _keys(seat: Seat, collected: pl.DataFrame, insurance: pl.DataFrame) -> dict[str, str]:
    """Keyed hash → ID number of this lot's people, as given or as the insurance has them."""
    mine = insurance.filter(pl.col("person_no").is_in(collected["person_no"].unique().implode()))["id_no"]
    numbers = {idnumber.clean(number) for number in [*collected["id_no"], *mine] if number}
    return {id_key(seat.home, number): number for number in sorted(numbers)}


def taken(keys: Sequence[str]) -> pl.Series:
    """ID numbers, of the persons with these keyed hashes, of those who already have a live application."""
    held: list[str] = []
    for some in chunks(keys):
        known = Person.objects.filter(id_key__in=some, applications__live=True)
        held += known.values_list("id_no", flat=True)
    return pl.Series("id_no", held, dtype=pl.String)


def todo(seat: Seat) -> Iterator[Todo]:
    """A register that lots wait for."""
    lots = Paper.objects.filter(type="collected", state=Paper.FILED, subject_kind=Grain.LOT).order_by("pk")
    waiting: dict[str, Paper] = {}
    for paper in lots:
        waiting.setdefault(scheme_of(paper.process), paper)
    for scheme, paper in waiting.items():
        for kind in NEEDED[scheme]:
            if not Register.objects.filter(scheme=scheme, kind=kind).exists():
                facts = ("--fact", f"scheme={scheme}", "--fact", f"kind={kind}")
                yield Todo(
                    Lane.INTEGRATOR, "load_register", f"装载登记库: {TITLES[scheme, kind]}", f"{scheme}/{kind}",
                    1, paper.made_at, Lane.INTEGRATOR.title,
                    (*command("load_register", "<path>"), *facts), "act",
                )  # fmt: skip

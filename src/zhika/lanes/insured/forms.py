"""参保、参合申请表: what people fill in at their own office, read from a file and numbered."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from zhika.card import idnumber
from zhika.engine import desk
from zhika.errors import Fault, Refused
from zhika.exchange.manifest import CODE, CODE_RULE
from zhika.flows.documents import FORM, PAYMENT_NO
from zhika.ledger.batches import Organisation
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.people.models import Request
from zhika.people.numbers import application_numbers, given
from zhika.registers import intake
from zhika.registers.columns import FORM as COLUMNS
from zhika.seat.config import Seat

NEW = ("urban-new", "rural-new")
SCATTERED = "零散人员"
"""Unit of somebody who belongs to none: a unit of the office's own."""
YES = ("是", "1", "y", "yes", "true")
NO = ("否", "0", "n", "no", "false")
WITHDRAWN = "此申请已撤回; 本人再次申请的加 --fact again=yes, 不再申请的加 --fact again=no, 即略去"
_WIDTHS = {field.name: field for field in (*FORM, PAYMENT_NO)}


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """`zhika do fill_form FILE --fact process=urban-new --fact photos=FOLDER`: an application number a line.

    The same file gives the same numbers. Of whoever has withdrawn it must be told (fact `again`) whether they ask
    again, under another number, or are left out. Raises Refused with row and column of every fault.
    """
    process = told.get("process", "")
    if process not in NEW or process not in seat.processes:
        raise Refused([Fault(path.name, f"须写明流程: --fact process={'|'.join(NEW)}")])
    rows = forms(seat, path, Path(told["photos"]) if told.get("photos") else None)
    content = hashlib.sha256(rows.drop("row").write_csv().encode()).hexdigest()
    day = f"{today():%y%m%d}"
    prefix = seat.integrator.application_prefix
    refs = application_numbers(prefix, day, f"F-{content[:32]}", rows.height)
    asked = dict(zip(_latest(refs), rows.iter_rows(named=True), strict=True))
    gone, again = _withdrawn(asked), told.get("again", "").lower()
    if gone and again not in (*YES, *NO):
        raise Refused([Fault(path.name, WITHDRAWN, int(row["row"])) for ref, row in asked.items() if ref in gone])
    for ref, row in asked.items():
        if ref in gone and again in NO:
            continue
        number = application_numbers(prefix, day, _after(ref), 1)[0] if ref in gone else ref
        yield number, {"process": process} | {name: value for name, value in row.items() if name != "row"}


def forms(seat: Seat, path: Path, photos: Path | None) -> pl.DataFrame:
    """The lines of a file of forms, complete and tidy; keeps the photos that stand below `photos`."""
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    rows = intake.read(path, COLUMNS).rows
    lacking = [column.name for column in COLUMNS if column.name not in rows.columns]
    rows = rows.with_columns(pl.lit("").alias(name) for name in lacking)
    offices = set(Organisation.objects.filter(kind="centre").values_list("code", flat=True))
    faults = [fault for row in rows.iter_rows(named=True) for fault in _faults(path.name, row, offices)]
    if not rows.height:
        faults = [Fault(path.name, "没有申请: 表头下面没有内容")]
    if faults:
        raise Refused(faults)
    digests = {name: desk.photo_file(seat, photos, name) for name in rows["photo"].unique()}
    own = pl.col("unit_no") == ""
    return rows.with_columns(
        pl.col("photo").replace_strict(digests, return_dtype=pl.String),
        pl.Series("id_no", [idnumber.clean(number) for number in rows["id_no"]], dtype=pl.String),
        pl.when(own).then(pl.concat_str("centre", pl.lit("-0"))).otherwise("unit_no").alias("unit_no"),
        pl.when(own | (pl.col("unit_name") == "")).then(pl.lit(SCATTERED)).otherwise("unit_name").alias("unit_name"),
    )


def _latest(refs: Sequence[str]) -> list[str]:
    """The numbers that these forms have now: in place of one that was withdrawn the next, where they asked again."""
    now = dict(zip(refs, refs, strict=True))
    gone = _withdrawn(refs)
    while following := {ref: number for ref in gone for number in given(_after(ref))}:
        now = {first: following.get(ref, ref) for first, ref in now.items()}
        gone = _withdrawn(following.values())
    return list(now.values())


def _after(ref: str) -> str:
    """What the number is drawn for under which somebody asks again who has withdrawn this one."""
    return f"F-{ref}"


def _withdrawn(refs: Iterable[str]) -> set[str]:
    return {
        ref
        for some in chunks(list(refs))
        for ref in Request.objects.filter(ref__in=some, state=Request.WITHDRAWN).values_list("ref", flat=True)
    }


def _faults(name: str, row: Mapping[str, str], offices: set[str]) -> Iterator[Fault]:
    number = int(row["row"])
    for column in COLUMNS:
        value = row[column.name]
        if column.required and not value:
            yield Fault(name, "不可为空", number, column.title)
        elif column.name in _WIDTHS and len(value) > _WIDTHS[column.name].width:
            yield Fault(name, f"超过 {_WIDTHS[column.name].width} 个字符", number, column.title)
    if row["id_no"] and not idnumber.is_valid(idnumber.clean(row["id_no"])):
        yield Fault(name, "不是有效的公民身份号码, 请对照身份证", number, "公民身份号码")
    if row["centre"] and row["centre"] not in offices:
        yield Fault(name, "没有这个经办机构 (zhika organisations)", number, "经办机构")
    if row["unit_no"] and not re.fullmatch(CODE, row["unit_no"]):
        yield Fault(name, f"{CODE_RULE}; 无单位的留空", number, "单位（村）编号")

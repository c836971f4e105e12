"""采集: what a unit hands in, read from a file as it comes and cut into lots, one a unit."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhika.engine import desk
from zhika.errors import Fault, Refused
from zhika.exchange.manifest import CODE, CODE_RULE
from zhika.flows.documents import COLLECTED, PHOTO
from zhika.registers import intake
from zhika.registers.columns import COLLECTED as COLUMNS
from zhika.seat.config import Seat

SCHEMES = {"urban": "城镇", "rural": "农村"}
"""险种 as files name it, by the first part of a process's name."""
FACTS = {"process": "流程", "photos": "照片目录"}
"""What may be told with a collected file."""
LACKING = 0.1
"""Part of the photos that may lack; beyond it the folder is wrong. Few that lack are their persons' faults."""
SHOWN = 5
"""Most rows that are named."""
_NEEDED = (("unit_no", "单位（村）编号"), ("centre", "经办机构"))


@dataclass(frozen=True)
class Lot:
    """What one unit hands in at a time."""

    code: str
    """Made from what it holds: the same rows are the same lot."""
    rows: pl.DataFrame
    """采集信息, with the photos' SHA-256."""


def lots(seat: Seat, process: str, path: Path, photos: Path | None = None) -> list[Lot]:
    """Read a collected file and cut it by unit; keeps the photos that stand below `photos`.

    A line's number is its row in the file. A photo that is named and not there is left empty: the comparison says so.
    Raises Refused with file, row and column for everything that can't be read, names no unit or office or one by a
    code that no batch or parcel could bear, is too wide for the document, or belongs to the other scheme.
    """
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    scheme = process.split("-")[0]
    rows = intake.read(path, COLUMNS).rows
    faults = [*_empty(path, rows), *_miscoded(path, rows), *_wide(path, rows), *_strange(path, rows, scheme)]
    if faults:
        raise Refused(sorted(faults, key=lambda fault: fault.row or 0))
    told = rows["photo"] if "photo" in rows.columns else pl.Series("photo", [""] * rows.height)
    digests = {name: desk.photo_file(seat, photos, name) for name in told.unique()}
    rows = rows.with_columns(told.replace_strict(digests, return_dtype=pl.String).alias("photo"))
    rows = rows.with_columns(pl.lit("").alias(name) for name in COLLECTED.columns if name not in rows.columns)
    parts = rows.partition_by("unit_no", "centre", maintain_order=True)
    return [_lot(scheme, part) for part in parts]


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """`zhika do collect FILE --fact process=… --fact photos=FOLDER`: a lot a unit, its rows kept by content."""
    if unknown := sorted(set(told) - set(FACTS)):
        raise Refused([Fault(f"--fact {name}", f"采集没有这一项。可用: {'、'.join(FACTS)}") for name in unknown])
    process = told.get("process", "")
    if process not in seat.processes:
        raise Refused([Fault(path.name, f"须写明流程: --fact process={'|'.join(seat.processes)}")])
    photos = Path(told["photos"]) if told.get("photos") else None
    if path.is_file() and (faults := list(photo_faults(path, photos))):
        raise Refused(faults)
    for lot in lots(seat, process, path, photos):
        yield lot.code, {"process": process, "digest": desk.freeze(seat, COLLECTED, lot.rows)}


def photo_faults(path: Path, photos: Path | None) -> Iterator[Fault]:
    """Why the photos can't be where they are said to be: none told, none there, or more than a tenth not there.

    A few of the rows are named, never the files: units name photos after people.
    """
    rows = intake.read(path, COLUMNS).rows
    named = rows.filter(pl.col("photo") != "") if "photo" in rows.columns else rows.clear()
    if named.is_empty():
        return
    if photos is None:
        yield Fault(path.name, f"写有 {named.height} 张照片, 须指明照片所在的目录: --fact photos=目录")
        return
    gone = [row["row"] for row in named.iter_rows(named=True) if not (photos / row["photo"]).is_file()]
    if len(gone) > named.height * LACKING:
        where = "目录不存在" if not photos.is_dir() else f"所写 {named.height} 张照片有 {len(gone)} 张不在其中"
        yield Fault(f"--fact photos={photos}", f"{where}; 照片的路径从这个目录起算, 请核对")
        yield from (Fault(path.name, "照片不在所指目录中", row, PHOTO.title) for row in gone[:SHOWN])


def _lot(scheme: str, part: pl.DataFrame) -> Lot:
    content = part.select(name for name in COLLECTED.columns if name not in ("lot", "line"))
    digest = hashlib.sha256(content.write_csv().encode()).hexdigest()
    code = f"L-{scheme}-{part.item(0, 'unit_no')}-{digest[:8]}"
    rows = part.with_columns(pl.lit(code).alias("lot"), pl.col("row").cast(pl.String).alias("line"))
    return Lot(code, rows.select(COLLECTED.columns))


def _empty(path: Path, rows: pl.DataFrame) -> Iterator[Fault]:
    for name, title in _NEEDED:
        for number in rows.filter(pl.col(name) == "")["row"]:
            yield Fault(path.name, "不可为空, 否则不知属于哪个单位", number, title)


def _miscoded(path: Path, rows: pl.DataFrame) -> Iterator[Fault]:
    """Codes that would become part of a batch's or a parcel's, and could not travel in a manifest."""
    for name, title in _NEEDED:
        for number in rows.filter((pl.col(name) != "") & ~pl.col(name).str.contains(f"^(?:{CODE})$"))["row"]:
            yield Fault(path.name, f"{CODE_RULE}; 请改为机构表中的编号", number, title)


def _wide(path: Path, rows: pl.DataFrame) -> Iterator[Fault]:
    for field in COLLECTED.fields:
        if field.name in rows.columns and field.name != PHOTO.name:
            for number in rows.filter(pl.col(field.name).str.len_chars() > field.width)["row"]:
                yield Fault(path.name, f"超过 {field.width} 个字符", number, field.title)


def _strange(path: Path, rows: pl.DataFrame, scheme: str) -> Iterator[Fault]:
    if "scheme" in rows.columns:
        for number in rows.filter(~pl.col("scheme").is_in(["", SCHEMES[scheme]]))["row"]:
            yield Fault(path.name, f"本流程只收{SCHEMES[scheme]}人员", number, "险种")

"""People who come to their own office by themselves: forms and photos, drawn from the same registers as the city."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhika.registers.comparison import compare
from zhika.rehearsal.people import City, pool
from zhika.rehearsal.photos import sit

TITLES = ("姓名", "公民身份号码", "民族", "人员类别", "经办机构", "地址", "电话", "邮编", "照片", "缴费单号", "加急")
_FROM = ("name", "id_no", "nation", "category", "centre", "address", "phone", "postcode", "photo")


@dataclass(frozen=True)
class Forms:
    """One file of forms: for a process, to be entered with the photos that stand below `photos`."""

    process: str
    path: Path
    photos: Path
    rows: pl.DataFrame


def draw(registers: Path, city: City, each: int, seed: int, folder: Path) -> list[Forms]:
    """`each` people of each scheme, of the city's offices and not among those who were collected; one in a hurry."""
    made = []
    for scheme in city.collected:
        chance = random.Random(f"{seed}/{scheme}/walk-in")
        lines = pool(registers, scheme)
        offices = city.collected[scheme]["centre"].unique().to_list()
        gone = city.collected[scheme]["person_no"].to_list()
        free = lines.filter(pl.col("centre").is_in(offices) & ~pl.col("person_no").is_in(gone))
        checked = compare(
            free.with_columns(pl.lit("").alias("lot"), pl.int_range(pl.len()).cast(pl.String).alias("line")),
            city.register(scheme, "insurance"),
        )
        clean = free.filter(checked["reasons"] == "").unique("id_no", maintain_order=True)
        picked = clean[sorted(chance.sample(range(clean.height), min(each, clean.height)))]
        made.append(_write(scheme, picked, folder))
    return made


def _write(scheme: str, picked: pl.DataFrame, folder: Path) -> Forms:
    process, path = f"{scheme}-new", folder / scheme / "forms.csv"
    rows = picked.select(
        *_FROM,
        pl.format("P{}", pl.int_range(1, pl.len() + 1)).alias("payment_no"),
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("是")).otherwise(pl.lit("")).alias("rush"),
    )
    rows.rename(dict(zip(rows.columns, TITLES, strict=True))).write_csv(path)
    for row in picked.iter_rows(named=True):
        sit(row, folder)
    return Forms(process, path, folder, rows)


def numbers(forms: list[Forms]) -> Iterator[str]:
    """ID numbers of everybody who came."""
    for one in forms:
        yield from one.rows["id_no"]

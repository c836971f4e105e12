"""The demo's people: drawn from register files, whole units and households, faults and all."""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import polars as pl

from zhika.errors import Fault, Refused
from zhika.registers import intake
from zhika.registers.columns import HOUSEHOLD, INSURANCE
from zhika.registers.comparison import compare
from zhika.rehearsal.offices import OFFICES, RURAL, SCHEMES, URBAN, Office, Unit, units

FILES = {URBAN: ("insurance.csv",), RURAL: ("insurance.csv", "household.csv")}
"""The registers with which each scheme's people are compared."""
KNOWN_SHARE = 0.15
"""Of the people in a demo batch, how many a bank knows already."""
_SMALLEST_SHARE = 0.3
"""A second office gets at least this part of its scheme's people, where the registers have it."""


@dataclass(frozen=True)
class City:
    """What was drawn. `collected` and the files below `folder` hold the same rows as the registers, untouched."""

    folder: Path
    """`<scheme>/collected.csv`, `<scheme>/insurance.csv` and `rural/household.csv`."""
    offices: tuple[Office, ...]
    units: tuple[Unit, ...]
    collected: Mapping[str, pl.DataFrame]
    """For each scheme the drawn lines, as they stand in its collected.csv."""

    def register(self, scheme: str, name: str) -> pl.DataFrame:
        """A register of the city, read and tidied: name is insurance, or for rural people household."""
        columns = HOUSEHOLD if name == "household" else INSURANCE
        return intake.read(self.folder / scheme / f"{name}.csv", columns).rows

    def checked(self, scheme: str) -> pl.DataFrame:
        """What a comparison of the scheme's drawn lines with the registers finds; the lot is the unit."""
        other = RURAL if scheme == URBAN else URBAN
        household = self.register(scheme, "household") if scheme == RURAL else None
        lines = self.collected[scheme].with_columns(
            pl.col("unit_no").alias("lot"), pl.int_range(2, pl.len() + 2).alias("line")
        )
        return compare(lines, self.register(scheme, "insurance"), household, self.register(other, "insurance"))


def draw(registers: Path, people: int, seed: int, folder: Path, *, offices: int = 2) -> City:
    """Draw about `people` persons, half of them urban, from `offices` offices of each scheme, into `folder`.

    Urban people come unit by unit (the last one cut), rural people household by household of one village after the
    other. Where the urban register is too small the rest is rural. The same seed draws the same people. Raises
    Refused if the registers can't give them.
    """
    chance = random.Random(seed)
    lines = {scheme: pool(registers, scheme) for scheme in SCHEMES}
    drawn: dict[str, pl.DataFrame] = {}
    for scheme in SCHEMES:
        wanted = people // 2 if scheme == URBAN else people - drawn[URBAN].height
        shares = _shares(lines[scheme], wanted, offices, chance)
        picked = [_pick(lines[scheme].filter(centre=centre), share, chance) for centre, share in shares]
        drawn[scheme] = pl.concat(picked)
        (folder / scheme).mkdir(parents=True, exist_ok=True)
        drawn[scheme].write_csv(folder / scheme / "collected.csv")
        for name in FILES[scheme]:
            shutil.copyfile(registers / scheme / name, folder / scheme / name)
    if drawn[RURAL].height + drawn[URBAN].height < people:
        raise Refused([Fault(registers.name, f"所选 {offices} 个经办机构的人数不足 {people}，请减少人数")])
    present = {(scheme, centre) for scheme in SCHEMES for centre in drawn[scheme]["centre"].unique()}
    return City(
        folder=folder,
        offices=tuple(office for office in OFFICES if office[:2] in present),
        units=tuple(unit for scheme in SCHEMES for unit in units(scheme, drawn[scheme])),
        collected=drawn,
    )


def customers(city: City, scheme: str, seed: int) -> pl.DataFrame:
    """A bank's customer file: id_no, name, standing (good or refused), sorted by ID number.

    Most of the batch are unknown to the bank. Of those it knows, one stands under another name (name differs) and
    one is refused (account refused); all are lines against which a comparison found nothing.
    """
    chance = random.Random(f"{scheme}:{seed}")
    clean = city.checked(scheme).filter(pl.col("reasons") == "").select("id_no", "name").sort("id_no")
    count = max(3, round(clean.height * KNOWN_SHARE))
    known = [clean.row(at) for at in chance.sample(range(clean.height), count)]
    number, name = known[0]
    rows = [(number, _renamed(name, chance), "good"), (*known[1], "refused"), *((*row, "good") for row in known[2:])]
    return pl.DataFrame(rows, schema=["id_no", "name", "standing"], orient="row").sort("id_no")


def renamed(city: City, scheme: str, number: str, name: str) -> City:
    """The city with another name for one person, wherever it is written."""
    called = pl.when(pl.col("id_no") == number).then(pl.lit(name)).otherwise(pl.col("name")).alias("name")
    for file in ("collected.csv", *FILES[scheme]):
        path = city.folder / scheme / file
        _raw(path).with_columns(called).write_csv(path)
    return replace(city, collected={**city.collected, scheme: city.collected[scheme].with_columns(called)})


def reconciled(known: pl.DataFrame, city: City, scheme: str) -> pl.DataFrame:
    """A bank's customer file after everybody has shown the own ID: the right names, and nobody refused."""
    right = city.collected[scheme].select("id_no", pl.col("name").alias("right")).unique("id_no", keep="first")
    named = known.join(right, on="id_no", how="left")
    return named.select("id_no", pl.coalesce("right", "name").alias("name"), pl.lit("good").alias("standing"))


def pool(registers: Path, scheme: str) -> pl.DataFrame:
    """Everybody whom a scheme's register files have collected."""
    return _raw(registers / scheme / "collected.csv")


def _raw(path: Path) -> pl.DataFrame:
    """The file as it stands: faults are not to be tidied away before the unit hands them in."""
    return pl.read_csv(path, infer_schema=False).fill_null("")


def _shares(pool: pl.DataFrame, wanted: int, count: int, chance: random.Random) -> list[tuple[str, int]]:
    """Offices that together have enough people, and how many each gives: equal parts as far as its people go."""
    sizes = dict(pool.group_by("centre").len().sort("centre").iter_rows())
    chosen = list(combinations(sizes, count))
    enough = [pair for pair in chosen if sum(sizes[centre] for centre in pair) >= wanted]
    floor = wanted * _SMALLEST_SHARE * 2 / count
    balanced = [pair for pair in enough if min(sizes[centre] for centre in pair) >= floor]
    largest = max(chosen, key=lambda pair: sum(sizes[centre] for centre in pair))
    pair = chance.choice(balanced or enough or [largest])
    shares: dict[str, int] = {}
    for left, centre in zip(range(count, 0, -1), sorted(pair, key=sizes.__getitem__), strict=True):
        shares[centre] = min(sizes[centre], -(-(wanted - sum(shares.values())) // left))
    return sorted(shares.items())


def _pick(rows: pl.DataFrame, wanted: int, chance: random.Random) -> pl.DataFrame:
    """Whole units, the larger the likelier and so the fewer; of the last unit as many households as are wanted."""
    sizes = list(rows.group_by("unit_no").len().sort("unit_no").iter_rows())
    order = sorted(sizes, key=lambda unit: chance.random() ** (1 / unit[1] ** 2), reverse=True)
    taken: list[pl.DataFrame] = []
    for unit, _ in order:
        missing = wanted - sum(part.height for part in taken)
        if missing <= 0:
            break
        taken.append(_households(rows.filter(unit_no=unit), missing))
    return pl.concat(taken)


def _households(unit: pl.DataFrame, wanted: int) -> pl.DataFrame:
    """The unit's first lines, the last household whole. Who has no certificate (urban) is a household of one."""
    if unit.height <= wanted:
        return unit
    homes: Sequence[str] = unit["certificate_no"].head(wanted).unique().to_list()
    if homes == [""]:
        return unit.head(wanted)
    return unit.filter(pl.col("certificate_no").is_in(homes))


def _renamed(name: str, chance: random.Random) -> str:
    """The same family name with another given name."""
    return name[0] + chance.choice([given for given in ("阿明", "阿珍", "志远") if given != name[1:]])

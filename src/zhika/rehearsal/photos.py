"""The photos of a rehearsal's people: one invented portrait a collected line, where the line says it lies."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from zhika.rehearsal.offices import SCHEMES
from zhika.rehearsal.people import City
from zhika.rehearsal.portraits import portrait

YEAR = 2026
"""Ages are counted to this year, so that a face never changes."""
_CHUNK = 50


def take(city: City, folder: Path) -> int:
    """Write a portrait for every drawn line at `folder`/<its column photo>; returns how many."""
    sittings = [sitting for scheme in SCHEMES for sitting in _sittings(city, scheme, folder)]
    for parent in {path.parent for *_, path in sittings}:
        parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(_sit, sittings, chunksize=_CHUNK))


def sit(row: Mapping[str, str], folder: Path) -> None:
    """One person's portrait, where the line says it lies."""
    for sitting in _sitting(row, folder):
        sitting[-1].parent.mkdir(parents=True, exist_ok=True)
        _sit(sitting)


def _sittings(city: City, scheme: str, folder: Path) -> Iterator[tuple[str, str, int, Path]]:
    for row in city.collected[scheme].iter_rows(named=True):
        yield from _sitting(row, folder)


def _sitting(row: Mapping[str, str], folder: Path) -> Iterator[tuple[str, str, int, Path]]:
    if row["photo"]:
        birth = row["birth"][:4]
        age = YEAR - int(birth) if birth.isdigit() else 30
        sex = "1" if row["sex"] in ("男", "1") else "2"
        yield row["person_no"], sex, max(0, min(age, 105)), folder / row["photo"]


def _sit(sitting: tuple[str, str, int, Path]) -> int:
    person, sex, age, path = sitting
    path.write_bytes(portrait(person, sex, age))
    return 1

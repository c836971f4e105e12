"""Faults of a person: rows that disagree with who is in the batch are set aside, the rest goes on."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from zhika.errors import KeyStoreError
from zhika.flows.documents import Document, Key


@dataclass(frozen=True)
class Aside:
    """One row that was set aside: where it stands, and why."""

    app_no: str
    document: Document
    row: int
    cause: str
    person: Mapping[str, str]
    """The row's key fields, for the exception list only."""


def person_key(home: Path, id_no: str, name: str) -> str:
    """Keyed hash of ID number and name under this seat's own key: 64 hexadecimal digits."""
    return hmac.new(_key(home), f"{id_no}\x1f{name}".encode(), hashlib.sha256).hexdigest()


def id_key(home: Path, id_no: str) -> str:
    """Keyed hash of an ID number under this seat's own key: 64 hexadecimal digits."""
    return hmac.new(_key(home), id_no.encode(), hashlib.sha256).hexdigest()


@lru_cache
def _key(home: Path) -> bytes:
    path = home / "keys" / "person.key"
    if not path.exists():
        raise KeyStoreError(f"{path} 不存在: 席位密钥不完整, 用 zhika init 建立的席位才可运行")
    return path.read_bytes()


def agree(
    document: Document, rows: pl.DataFrame, roster: Mapping[str, str], home: Path
) -> tuple[pl.DataFrame, list[Aside]]:
    """Rows whose person is in the batch, once, with the same ID number and name; and the others, with their cause.

    `roster`: application number → person key. Documents without a person's key pass as they are.
    """
    if document.key is not Key.PERSON:
        return rows, []
    seen: dict[str, int] = {}
    aside: dict[int, str] = {}
    for place, (app_no, id_no, name) in enumerate(rows.select("app_no", "id_no", "name").iter_rows()):
        if app_no not in roster:
            aside[place] = "row-unknown"
        elif roster[app_no] != person_key(home, id_no, name):
            aside[place] = "row-differs"
        elif app_no in seen:
            aside[place] = aside[seen[app_no]] = "row-twice"
        else:
            seen[app_no] = place
    if not aside:
        return rows, []
    keys = rows.select("app_no", "id_no", "name")
    found = [
        Aside(keys.item(place, 0), document, place + 2, cause, dict(zip(keys.columns, keys.row(place), strict=True)))
        for place, cause in sorted(aside.items())
    ]
    keep = pl.Series([place not in aside for place in range(rows.height)], dtype=pl.Boolean)
    return rows.filter(keep), found

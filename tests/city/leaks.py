"""Searching a home for card secrets: every file, opened as far as its holder can open it, in every encoding in use.

A hit is an issued card's number, application number or serial with its own expiry or CVV2 as a whole token in the same
record (a row, or 200 characters around), in text or in packed digits; or anything that has the form of a track. Three
digits meet by chance: the CVV2s of other cards, dealt out at random, say how often.
"""

import gzip
import io
import random
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pypdf
import pyrage
from python_calamine import CalamineWorkbook

from tests.city.truth import Secret

AROUND = 200
"""Characters on each side that belong to one record, where a file knows no rows."""
PACKED = 24
"""Digits on each side, where they are packed two a byte."""
DEALS = 200
TRACKS = re.compile(r"%(?:99|B)\d{10,19}\^|;(?:99)?\d{10,19}=")
TOKENS = re.compile(r"(?<![0-9A-Za-z*])(?:\d\d/\d\d|\d{3,4})(?![0-9A-Za-z*])")
"""Figures that stand by themselves: the end of a masked number does not."""
PICTURE = b"\xff\xd8\xff"
ENCODINGS = (("utf-8", 0), ("gb18030", 0), ("utf-16-le", 0), ("utf-16-le", 1))
"""And the byte at which to begin: UTF-16 in big-endian order is little-endian one byte further on."""


@dataclass
class Leaks:
    """What a search found, by the file where it stands."""

    expiries: list[str] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    tokens: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    """Which secret a record is about, and its tokens of three digits."""
    searched: int = 0
    """Bytes looked at, decrypted and unpacked."""

    def cvv2s(self, secrets: Sequence[Secret]) -> int:
        """Records that hold the CVV2 of the card they are about."""
        return self._met([secret.cvv2 for secret in secrets])

    def by_chance(self, secrets: Sequence[Secret]) -> int:
        """The most that any of many random deals of the same CVV2s would have met."""
        chance, dealt, most = random.Random(0), [secret.cvv2 for secret in secrets], 0
        for _ in range(DEALS):
            chance.shuffle(dealt)
            most = max(most, self._met(dealt))
        return most

    def found(self, secrets: Sequence[Secret]) -> bool:
        return bool(self.expiries or self.tracks or self.cvv2s(secrets) > self.by_chance(secrets))

    def _met(self, dealt: Sequence[str]) -> int:
        return sum(dealt[about] in tokens for about, tokens in self.tokens)


class Search:
    """A search for the secrets of these cards, by somebody who holds these age identities."""

    def __init__(self, secrets: Sequence[Secret], identities: Sequence[Any]) -> None:
        self.secrets, self.identities = secrets, identities
        self.about = {name: at for at, secret in enumerate(secrets) for name in secret.names}
        # A literal beginning is what makes a regular expression fast.
        kinds = sorted({(name[:4], len(name)) for name in self.about})
        self.names = [re.compile(f"{begin}[0-9]{{{length - len(begin)}}}") for begin, length in kinds]
        self.dates = [{s.expiry, s.expiry[2:] + s.expiry[:2], f"{s.expiry[2:]}/{s.expiry[:2]}"} for s in secrets]

    def home(self, home: Path) -> Leaks:
        """Every file below a home."""
        leaks = Leaks()
        for path in sorted(path for path in home.rglob("*") if path.is_file()):
            if path.suffix == ".db":
                self._store(path, leaks)
            self._piece(str(path.relative_to(home)), path.read_bytes(), leaks)
        return leaks

    def opened(self, path: Path) -> bytes | None:
        """A package's content, if this holder can open it."""
        try:
            return pyrage.decrypt(path.read_bytes(), self.identities)
        except pyrage.DecryptError:
            return None

    def _piece(self, where: str, data: bytes, leaks: Leaks) -> None:
        leaks.searched += len(data)
        if data.startswith(PICTURE):
            return
        self._packed(where, data, leaks)
        for encoding, begin in ENCODINGS:
            self._text(where, data[begin:].decode(encoding, errors="replace"), leaks)
        for name, inner in self._inside(where, data):
            self._piece(f"{where}!{name}", inner, leaks)
        for row in _rows(data):
            self._record(where, row, leaks)

    def _inside(self, where: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        if data.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(data)) as parts:
                yield from ((name, parts.read(name)) for name in parts.namelist())
        elif data.startswith(b"\x1f\x8b"):
            yield "gunzipped", gzip.decompress(data)
        elif data.startswith(b"%PDF-"):
            pdf = pypdf.PdfReader(io.BytesIO(data))
            yield from ((f"page {n}", page.extract_text().encode()) for n, page in enumerate(pdf.pages, 1))
        elif data.startswith(b"age-encryption.org/"):
            try:
                yield "opened", pyrage.decrypt(data, self.identities)
            except pyrage.DecryptError:  # sealed for somebody else
                return

    def _store(self, path: Path, leaks: Leaks) -> None:
        """Every value of every table; a blob is looked into."""
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            store.text_factory = lambda raw: raw.decode(errors="replace")
            for table in tables(store):
                for row in store.execute(f'SELECT * FROM "{table}"'):
                    for at, value in enumerate(row):
                        if isinstance(value, bytes):
                            self._piece(f"{path.name}:{table}[{at}]", value, leaks)
                    told = " ".join(str(v) for v in row if v is not None and not isinstance(v, bytes))
                    self._record(f"{path.name}:{table}", told, leaks)

    def _text(self, where: str, text: str, leaks: Leaks) -> None:
        leaks.tracks += [where for _ in TRACKS.finditer(text)]
        for pattern in self.names:
            for hit in pattern.finditer(text):
                self._judge(where, hit.group(), _excerpt(text, hit.start() - AROUND, hit.end() + AROUND), leaks)

    def _record(self, where: str, row: str, leaks: Leaks) -> None:
        leaks.tracks += [where for _ in TRACKS.finditer(row)]
        for pattern in self.names:
            for name in set(pattern.findall(row)):
                self._judge(where, name, row, leaks)

    def _judge(self, where: str, name: str, record: str, leaks: Leaks) -> None:
        about = self.about.get(name)
        if about is None:
            return
        tokens = set(TOKENS.findall(record))
        if tokens & self.dates[about]:
            leaks.expiries.append(where)
        if digits := frozenset(token for token in tokens if len(token) == 3):
            leaks.tokens.append((about, digits))

    def _packed(self, where: str, data: bytes, leaks: Leaks) -> None:
        """Digits two a byte (BCD): a number with its expiry near, or as a chip's track 2: number, D, expiry."""
        text = data.hex()
        for pattern in self.names:
            for hit in pattern.finditer(text):
                about = self.about.get(hit.group())
                near = text[max(0, hit.start() - PACKED) : hit.start()] + text[hit.end() : hit.end() + PACKED]
                if about is None:
                    continue
                if self.secrets[about].expiry in near or self.secrets[about].expiry.encode().hex() in near:
                    leaks.expiries.append(where)
                leaks.tokens.append((about, frozenset(near[at : at + 3] for at in range(len(near) - 2))))


def _excerpt(text: str, begin: int, end: int) -> str:
    """Part of a text, without what it would begin or end in the middle of."""
    begin, end = max(0, begin), min(len(text), end)
    while 0 < begin < end and text[begin - 1].isalnum():
        begin += 1
    while begin < end < len(text) and text[end].isalnum():
        end -= 1
    return text[begin:end]


def tables(store: sqlite3.Connection) -> list[str]:
    return [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def columns(database: Path) -> Mapping[str, list[str]]:
    """Table → its columns."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
        return {name: [row[1] for row in store.execute(f'PRAGMA table_info("{name}")')] for name in tables(store)}


def _rows(data: bytes) -> Iterable[str]:
    """Rows of a workbook or a columnar file, whose bytes keep the values of a row apart."""
    if data.startswith(b"PK\x03\x04") and b"xl/workbook.xml" in data:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in book.sheet_names:
            for row in book.get_sheet_by_name(sheet).to_python():
                yield " ".join(str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in row)
    elif data.startswith(b"PAR1"):
        yield from (" ".join(map(str, row)) for row in pl.read_parquet(io.BytesIO(data)).iter_rows())

"""The tar inside a payload, made and taken apart as streams: `header.json`, `rows.csv`, then `photos/SHA256.jpg`.

Nothing is unpacked by name: a member that is not the one expected is refused. Rows stay in memory, for they may hold
what must not lie on a disk in clear. Photos go on into one plain tar: 5,000 small files take a disk longer to make than
the whole rest, could not be made lasting one by one, and would have to be erased one by one.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from zhika.errors import Fault, Refused
from zhika.exchange.refusals import Cause, PackageRefused

BLOCK = tarfile.BLOCKSIZE
HEADER, ROWS = "header.json", "rows.csv"
HEADER_LIMIT = 64 * 1024
PHOTO_LIMIT = 2 * 1024 * 1024
"""Bytes of one photo; a 358 × 441 JPEG has about 20,000."""
_PHOTO = re.compile(r"photos/([0-9a-f]{64})\.jpg")


class Packing:
    """A readable stream of the tar: only one photo is in memory at a time.

    Raises `Refused` on reading when a photo is too big or no longer what its name says.
    """

    def __init__(self, header: bytes, rows: bytes, photos: Mapping[str, Path], mtime: int) -> None:
        self._chunks = _pack(header, rows, photos, mtime)
        self._left = memoryview(b"")
        self.error: Exception | None = None
        """What `read` raised: the encrypting library lets only its own kind of error through."""

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        try:
            while not self._left:
                self._left = memoryview(next(self._chunks))
        except StopIteration:
            return b""
        except Exception as error:
            self.error = error
            raise
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)


def _pack(header: bytes, rows: bytes, photos: Mapping[str, Path], mtime: int) -> Iterator[bytes]:
    yield from _member(HEADER, header, mtime)
    yield from _member(ROWS, rows, mtime)
    for sha256, path in sorted(photos.items()):
        photo = path.read_bytes()
        if len(photo) > PHOTO_LIMIT or hashlib.sha256(photo).hexdigest() != sha256:
            raise Refused([Fault(f"照片 {sha256[:12]}", Cause.BAD_PHOTO.rule)])
        yield from _member(f"photos/{sha256}.jpg", photo, mtime)
    yield bytes(2 * BLOCK)


def _member(name: str, data: bytes, mtime: int) -> Iterator[bytes]:
    yield _block(name, len(data), mtime)
    yield data
    yield bytes(-len(data) % BLOCK)


def _block(name: str, size: int, mtime: int) -> bytes:
    """The one form of a member's header: POSIX ustar, a plain file."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, mtime
    return info.tobuf(tarfile.USTAR_FORMAT)


class Unpacking:
    """A writable stream that takes the tar apart: `header` and `rows` as bytes, photos into the tar `kept`.

    `write` raises `PackageRefused` for any member but the expected, in the expected order, of bounded size; `close`
    raises it when something is missing at the end. `where` names the package in errors.
    """

    def __init__(self, kept: BinaryIO, where: str, rows_limit: int) -> None:
        self.photos: set[str] = set()
        """SHA-256 of each."""
        self.error: Exception | None = None
        """What `write` raised: the decrypting library lets only its own kind of error through."""
        self._kept, self._where = kept, where
        self._limits = {HEADER: HEADER_LIMIT, ROWS: rows_limit}
        self._held: dict[str, bytes] = {}
        self._name, self._head = "", b""
        self._buffer = bytearray()
        self._awaited = BLOCK
        self._size: int | None = None
        self._ended = False

    @property
    def header(self) -> bytes:
        return self._held[HEADER]

    @property
    def rows(self) -> bytes:
        return self._held[ROWS]

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        try:
            rest = memoryview(data)
            while rest:
                taken, rest = rest[: self._awaited], rest[self._awaited :]
                self._buffer += taken
                self._awaited -= len(taken)
                if not self._awaited:
                    self._next(bytes(self._buffer))
        except Exception as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """A stream must have it; `close` flushes."""

    def close(self) -> None:
        """Say that no more comes."""
        if not self._ended or self._buffer or ROWS not in self._held:
            raise PackageRefused(self._where, Cause.BAD_MEMBER)
        self._kept.write(bytes(2 * BLOCK))
        self._kept.flush()

    def _next(self, data: bytes) -> None:
        """A block, or the data of a member with its padding, is whole."""
        self._buffer.clear()
        if self._size is None:
            self._begin(data)
            return
        self._end(data[: self._size], data[self._size :])
        self._size, self._awaited = None, BLOCK

    def _begin(self, block: bytes) -> None:
        self._awaited = BLOCK
        if block == bytes(BLOCK):
            self._ended = True
            return
        try:  # POSIX.1-1988: name in bytes 0 to 99, size and time in octal from 124 and 136
            name = block[:100].rstrip(b"\0").decode("ascii")
            size, mtime = int(block[124:135], 8), int(block[136:147], 8)
            usual = _block(name, size, mtime) == block
        except ValueError:
            usual = False
        if self._ended or not usual or not 0 <= size <= self._limit(name):
            raise PackageRefused(self._where, Cause.BAD_MEMBER)
        self._name, self._head, self._size = name, block, size
        self._awaited = -(-size // BLOCK) * BLOCK
        if not self._awaited:
            self._next(b"")

    def _limit(self, name: str) -> int:
        """Most bytes that a member of this name may have now; -1 if it may not stand here."""
        for expected, limit in self._limits.items():
            if expected not in self._held:
                return limit if name == expected else -1
        photo = _PHOTO.fullmatch(name)
        return PHOTO_LIMIT if photo and photo[1] not in self.photos else -1

    def _end(self, data: bytes, padding: bytes) -> None:
        if any(padding):
            raise PackageRefused(self._where, Cause.BAD_MEMBER)
        photo = _PHOTO.fullmatch(self._name)
        if not photo:
            self._held[self._name] = data
            return
        if hashlib.sha256(data).hexdigest() != photo[1]:
            raise PackageRefused(self._where, Cause.BAD_PHOTO)
        self._kept.write(self._head + data + padding)
        self.photos.add(photo[1])


class Photos(Mapping[str, bytes]):
    """The photos of an opened package by SHA-256, read from its tar when asked for. Holds the file open."""

    def __init__(self, path: Path) -> None:
        self._file = tarfile.open(path, "r:")  # noqa: SIM115
        self._members = {found[1]: info for info in self._file if (found := _PHOTO.fullmatch(info.name))}

    def __getitem__(self, sha256: str) -> bytes:
        member = self._file.extractfile(self._members[sha256])
        return member.read() if member else b""

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __enter__(self) -> "Photos":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

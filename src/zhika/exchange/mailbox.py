"""A mailbox: a folder at any fsspec URL (local, SFTP, S3, memory) in which packages lie.

A package exists when its manifest does: payload and signature are put in place before it and taken away after it, each
as a `.part` that is renamed. Publishing the same bytes again changes nothing.
"""

import os
import posixpath
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from zhika.errors import Refused
from zhika.exchange.files import sync_folder
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Stem

ORDER = (PAYLOAD, SIGNATURE, MANIFEST)
"""In this order files appear; in the other they go."""

COPY = 1024 * 1024


class Mailbox:
    """The packages at one URL; `options` go to fsspec (user, key file, endpoint). The folder is made if missing.

    >>> from zhika.exchange.manifest import Stem
    >>> box = Mailbox("memory://doctest/in")
    >>> box.publish(Stem("icbc", 1, "receipt"), {".json": b"{}", ".p7s": b"signature"})
    >>> [str(stem) for stem in box.arrivals()]
    ['icbc-000001-receipt']
    >>> box.remove(Stem("icbc", 1, "receipt"))
    >>> box.arrivals()
    []
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url, **options, use_listings_cache=False)
        self._local = isinstance(self._files, LocalFileSystem)
        self._files.makedirs(self._root, exist_ok=True)

    def publish(self, stem: Stem, files: Mapping[str, bytes | Path]) -> None:
        """Put a package in: bytes, or the file that holds them, by suffix; a receipt has no payload."""
        if unknown := files.keys() - set(ORDER):
            raise ValueError(f"not files of a package: {', '.join(sorted(unknown))}")
        for suffix in ORDER:
            if suffix in files:
                self._put(f"{stem}{suffix}", files[suffix])

    def arrivals(self) -> list[Stem]:
        """Every package that is whole, by sender and number. What is not named like a package is not one."""
        stems = []
        for name in self._names():
            if name.endswith(MANIFEST):
                try:
                    stems.append(Stem.of(name.removesuffix(MANIFEST)))
                except Refused:
                    continue
        return sorted(stems)

    def fetch(self, stem: Stem, to: Path) -> None:
        """Copy a package to the local folder `to`, its manifest last. What is missing is missing there too."""
        to.mkdir(parents=True, exist_ok=True)
        for suffix in ORDER:
            name = f"{stem}{suffix}"
            part = to / f"{name}.{uuid.uuid4().hex}.part"
            try:
                with self._files.open(self._path(name), "rb") as source, part.open("xb") as target:
                    copyfileobj(source, target, COPY)
                    target.flush()
                    os.fsync(target.fileno())
                part.replace(to / name)
            except FileNotFoundError:
                continue
            finally:
                part.unlink(missing_ok=True)
        sync_folder(to)

    def remove(self, stem: Stem) -> None:
        """Take a package out, its manifest first; what is gone already is no error."""
        for suffix in reversed(ORDER):
            self._remove(f"{stem}{suffix}")

    def sweep(self, older_than: timedelta) -> int:
        """Remove what a process that died left behind: `.part` files, and files whose manifest never came or is gone.
        Returns how many. Give it more time than the slowest transfer takes."""
        names = self._names()
        whole = {name.removesuffix(MANIFEST) for name in names if name.endswith(MANIFEST)}
        before = datetime.now(UTC) - older_than
        swept = 0
        for name in names:
            stem, suffix = posixpath.splitext(name)
            orphan = suffix in (PAYLOAD, SIGNATURE) and stem not in whole
            if (suffix == ".part" or orphan) and self._modified(name) < before:
                self._remove(name)
                swept += 1
        return swept

    def _put(self, name: str, content: bytes | Path) -> None:
        part = self._path(f"{name}.{uuid.uuid4().hex}.part")  # two workers may publish the same package at once
        with self._files.open(part, "wb") as target:
            if isinstance(content, Path):
                with content.open("rb") as source:
                    copyfileobj(source, target, COPY)
            else:
                target.write(content)
            if self._local:
                target.flush()
                os.fsync(target.fileno())
        self._files.mv(part, self._path(name))
        if self._local:
            sync_folder(Path(self._root))

    def _names(self) -> list[str]:
        return [posixpath.basename(path) for path in self._files.ls(self._root, detail=False)]

    def _modified(self, name: str) -> datetime:
        at: datetime = self._files.modified(self._path(name))
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def _remove(self, name: str) -> None:
        try:
            self._files.rm_file(self._path(name))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name)

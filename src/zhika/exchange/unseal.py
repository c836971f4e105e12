"""Opening the payload of a package whose manifest is authentic."""

import hashlib
import os
import uuid
from collections.abc import Sequence, Set
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path

import pyrage

from zhika.errors import Refused
from zhika.exchange import archive, table
from zhika.exchange.authentic import check_rights
from zhika.exchange.checks import photos_named
from zhika.exchange.files import sync_folder
from zhika.exchange.keys import Identity, recipient
from zhika.exchange.manifest import PAYLOAD, Manifest
from zhika.exchange.refusals import Cause, PackageRefused
from zhika.exchange.trust import Peer
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane


@dataclass(frozen=True)
class Opened:
    """What an accepted package held. `photos` is a plain tar of `photos/SHA256.jpg`: read it by `archive.Photos`."""

    manifest: Manifest
    rows: table.Rows
    photos: Path


def open_payload(
    folder: Path,
    manifest: Manifest,
    *,
    peer: Peer,
    lanes: Set[Lane],
    identities: Sequence[Identity],
    photos: Path,
) -> Opened:
    """Open the payload of an authentic manifest on a seat that runs `lanes`.

    Checked in this order: the sender's right to this document, size and digest of the sealed file before a byte is
    decrypted, members, inner header, rows, row count, photos. Only when all of it holds, the file `photos` (mode 0600)
    is there, and lasting; one left by a run that was cut off is replaced. Rows are not put on disk. Memory holds the
    rows and one photo. Raises `PackageRefused` with its cause.
    """
    document = check_rights(manifest, peer, lanes)
    sealed = folder / f"{manifest.stem}{PAYLOAD}"
    part = photos.with_name(f"{photos.name}.{uuid.uuid4().hex}.part")
    part.touch(mode=0o600, exist_ok=False)
    try:
        with part.open("wb") as kept:
            unpacking = archive.Unpacking(kept, sealed.name, _most_bytes(document, manifest.rows))
            _unpack(sealed, manifest, identities, unpacking)
            rows = _check_content(unpacking, manifest, document, sealed.name)
            os.fsync(kept.fileno())
        part.replace(photos)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(photos.parent)
    return Opened(manifest, rows, photos)


def _unpack(sealed: Path, manifest: Manifest, identities: Sequence[Identity], unpacking: archive.Unpacking) -> None:
    try:
        file = sealed.open("rb")
    except FileNotFoundError as error:
        raise PackageRefused(sealed.name, Cause.MISSING_FILE) from error
    with file:
        _check_digest(file, manifest, sealed.name)
        _decrypt(file, unpacking, manifest, identities, sealed.name)


def _check_digest(file: BufferedReader, manifest: Manifest, where: str) -> None:
    size = os.fstat(file.fileno()).st_size
    if size != manifest.size or hashlib.file_digest(file, "sha256").hexdigest() != manifest.sha256:
        raise PackageRefused(where, Cause.BAD_DIGEST)
    file.seek(0)


def _decrypt(
    file: BufferedReader, unpacking: archive.Unpacking, manifest: Manifest, identities: Sequence[Identity], where: str
) -> None:
    own = [identity for identity in identities if recipient(identity) == manifest.recipient]
    if not own:
        raise PackageRefused(where, Cause.UNKNOWN_KEY)
    try:
        pyrage.decrypt_io(file, unpacking, own)
    except (pyrage.DecryptError, OSError) as error:
        if unpacking.error:
            raise unpacking.error from None
        raise PackageRefused(where, Cause.BAD_PAYLOAD) from error
    unpacking.close()


def _check_content(unpacking: archive.Unpacking, manifest: Manifest, document: Document, where: str) -> table.Rows:
    if unpacking.header != manifest.header.to_bytes():
        raise PackageRefused(where, Cause.HEADER_DIFFERS)
    try:
        rows = table.decode(document, BytesIO(unpacking.rows), where=f"{where}/{archive.ROWS}")
    except Refused as refused:
        raise PackageRefused(where, Cause.BAD_ROWS, refused.faults) from refused
    if rows.height != manifest.rows:
        raise PackageRefused(where, Cause.WRONG_COUNT)
    if unpacking.photos != photos_named(document, rows):
        raise PackageRefused(where, Cause.BAD_PHOTO)
    return rows


def _most_bytes(document: Document, rows: int) -> int:
    """What rows.csv can take at most: 4 bytes a character, quotes and a comma round each value."""
    header = sum(len(name) + 1 for name in document.columns)
    return header + rows * sum(4 * field.width + 3 for field in document.fields)

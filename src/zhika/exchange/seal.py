"""Sealing and signing a package: three files that openssl, sha256sum and age open without us.

`X.json` is the manifest, in clear; `X.p7s` its detached signature; `X.age` the payload, a tar (see `archive`) encrypted
to the receiver. X is the package's `Stem`. It takes two steps, for sealing is slow and a number belongs to a database
transaction: `seal_payload` before it, `sign_manifest` within it.
"""

import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyrage

from zhika.errors import Fault, Refused
from zhika.exchange import archive, signature, table
from zhika.exchange.checks import photos_named
from zhika.exchange.files import sync_folder
from zhika.exchange.keys import Signer
from zhika.exchange.manifest import Header, Manifest, Stem
from zhika.exchange.receipt import Receipt
from zhika.exchange.refusals import Cause
from zhika.flows.documents import BY_CODE


@dataclass(frozen=True)
class Payload:
    """A sealed payload that has no number yet; its file is named by its SHA-256."""

    path: Path
    sha256: str
    size: int
    header: Header


class Signed(NamedTuple):
    """What is published beside a payload, or alone as a receipt."""

    stem: Stem
    content: bytes
    signature: bytes


def seal_payload(rows: table.Rows, photos: Mapping[str, Path], header: Header, staging: Path) -> Payload:
    """Seal rows and photos to `header.recipient` as the file `staging/SHA256`, on disk when this returns.

    The sealing differs each time: call it once for a package and publish the same bytes ever after. Memory holds the
    rows and one photo. Raises `Refused` for a header that its receiver could not read, rows that the document does not
    take, a photo that is named but not given or given but not named, and a photo whose bytes are not those of its name.
    """
    document = BY_CODE[header.document]
    if header.rows != rows.height:
        raise ValueError(f"the header counts {header.rows} rows of {header.document}, there are {rows.height}")
    inner = header.to_bytes()
    Header.from_bytes(inner, document.title)  # here it can still be mended: once numbered, it must leave as it is
    encoded = table.encode(document, rows, where=document.title)
    if photos.keys() != photos_named(document, rows):
        raise Refused([Fault(document.title, Cause.BAD_PHOTO.rule)])
    staging.mkdir(parents=True, exist_ok=True)
    part = staging / f"{uuid.uuid4().hex}.part"
    packing = archive.Packing(inner, encoded, photos, int(header.created_at.timestamp()))
    try:
        with part.open("xb") as file:
            writer = _Hashing(file)
            _encrypt(packing, writer, header.recipient)
            file.flush()
            os.fsync(file.fileno())
        path = staging / writer.sha256.hexdigest()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(staging)
    return Payload(path, path.name, writer.size, header)


def sign_manifest(payload: Payload, number: int, signer: Signer) -> Signed:
    """Give a sealed payload its number. Quick (about a millisecond): meant for the inside of a transaction."""
    if payload.header.certificate != signer.fingerprint:
        raise ValueError("the payload was sealed for another certificate of the sender")
    manifest = Manifest(**vars(payload.header), number=number, sha256=payload.sha256, size=payload.size)
    content = manifest.to_bytes()
    return Signed(manifest.stem, content, signature.sign(content, signer))


def sign_receipt(receipt: Receipt, signer: Signer) -> Signed:
    """A receipt as its two files."""
    content = receipt.to_bytes()
    return Signed(receipt.stem, content, signature.sign(content, signer))


class _Hashing:
    """Writes through to a file, counting and hashing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _encrypt(packing: archive.Packing, writer: _Hashing, recipient: str) -> None:
    try:
        pyrage.encrypt_io(packing, writer, [pyrage.x25519.Recipient.from_str(recipient)])
    except Exception:
        if packing.error:  # the encrypting library lets only its own kind of error through
            raise packing.error from None
        raise

"""What can be told of a package from its two clear files: who signed it, for whom, and whether that seat may."""

import json
from collections.abc import Callable, Set
from pathlib import Path
from typing import TypeVar

from zhika.errors import Refused
from zhika.exchange import signature
from zhika.exchange.manifest import MANIFEST, SIGNATURE, Manifest, Stem
from zhika.exchange.receipt import Receipt
from zhika.exchange.refusals import Cause, NotAuthentic, PackageRefused
from zhika.exchange.trust import Peer, Trust
from zhika.flows.documents import BY_CODE, Document
from zhika.flows.lanes import Lane

CLEAR_LIMIT = 256 * 1024
"""Bytes of a manifest, receipt or signature."""

Clear = TypeVar("Clear", Manifest, Receipt)


def read_manifest(folder: Path, stem: Stem, *, trust: Trust, me: str) -> Manifest:
    """The manifest of a package that a known seat signed and sent to `me`; the payload is not looked at.

    Checked in this order: signer known, signature over the exact bytes, form, name of the files, receiver. Raises
    `NotAuthentic`: such a package takes no number and earns no receipt; and `PackageRefused` for one whose signer
    names itself, its number and `me` and says the rest in a form that no manifest has.
    """
    manifest = _read_signed(folder, stem, trust, me, Manifest.from_bytes)
    if manifest.certificate != trust.peers[stem.peer].fingerprint:
        raise NotAuthentic(f"{stem}{MANIFEST}", Cause.BAD_SIGNATURE)
    return manifest


def read_receipt(folder: Path, stem: Stem, *, trust: Trust, me: str) -> Receipt:
    """The receipt of a known seat for a package that `me` sent. Raises `NotAuthentic`."""
    return _read_signed(folder, stem, trust, me, Receipt.from_bytes)


def check_rights(manifest: Manifest, peer: Peer, lanes: Set[Lane]) -> Document:
    """The document, if `peer` may send it to a seat with these lanes, in this process and for these parties.

    Raises `PackageRefused`.
    """
    where = f"{manifest.stem}{MANIFEST}"
    document = BY_CODE.get(manifest.document)
    if not document or document.internal or not document.senders & peer.lanes or not document.receivers & lanes:
        raise PackageRefused(where, Cause.WRONG_DOCUMENT)
    if manifest.process is not None and manifest.process not in peer.processes:
        raise PackageRefused(where, Cause.WRONG_PROCESS)
    for lane, party in manifest.parties.items():
        if party.seat == peer.name and (lane not in peer.lanes or party.organisation not in peer.organisations):
            raise PackageRefused(where, Cause.WRONG_PARTY)
    return document


def _read_signed(folder: Path, stem: Stem, trust: Trust, me: str, form: Callable[[bytes, str], Clear]) -> Clear:
    where = f"{stem}{MANIFEST}"
    content, signed = (_clear(folder / f"{stem}{suffix}") for suffix in (MANIFEST, SIGNATURE))
    peer = trust.peers.get(stem.peer)
    if peer is None:
        raise NotAuthentic(where, Cause.UNKNOWN_SIGNER)
    if not signature.is_signed(content, signed, peer.certificate):
        raise NotAuthentic(f"{stem}{SIGNATURE}", Cause.BAD_SIGNATURE)
    try:
        facts = form(content, where)
    except Refused as refused:
        kind = PackageRefused if _says(content, stem, me) else NotAuthentic
        raise kind(where, Cause.BAD_MANIFEST, refused.faults) from refused
    if facts.stem != stem:
        raise NotAuthentic(where, Cause.NAME_DIFFERS)
    if facts.receiver != me:
        raise NotAuthentic(where, Cause.WRONG_RECEIVER)
    return facts


def _says(content: bytes, stem: Stem, me: str) -> bool:
    """Whether signed bytes that are no manifest still say for whom they are, and under which sender and number."""
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):
        return False
    names = ("sender", "number", "document", "receiver")
    return isinstance(facts, dict) and [facts.get(name) for name in names] == [*stem, me]


def _clear(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(CLEAR_LIMIT + 1)
    except FileNotFoundError as error:
        raise NotAuthentic(path.name, Cause.MISSING_FILE) from error
    if len(content) > CLEAR_LIMIT:
        raise NotAuthentic(path.name, Cause.MISSING_FILE)
    return content

"""Two real seats in a temporary folder: this one (the platform), and a bank that seals packages to it."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from django.utils import timezone

from zhika.exchange.keys import Signer, create_keys, load_identities, recipient
from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import CODE, MANIFEST, PAYLOAD, SIGNATURE, Header, Manifest, Party, Sent, Stem
from zhika.exchange.seal import seal_payload, sign_manifest
from zhika.exchange.trust import Peer, add_peer
from zhika.flows.documents import ACCOUNT_FILE, BY_CODE, Document
from zhika.flows.lanes import PLATFORM, Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.batches import Party as PartyRow
from zhika.seat import keys as secrets
from zhika.seat.config import Seat

PARTIES = {
    Lane.INTEGRATOR: Party("ylz", "platform"), Lane.CENTRE: Party("02", "platform"), Lane.BANK: Party("icbc", "icbc"),
    Lane.SUPPLIER: Party("supplier", "supplier"),
}  # fmt: skip


def make_seat(home: Path, name: str, lanes: frozenset[Lane]) -> Seat:
    for folder in ("mail/in", "mail/out", "mail/staging", "trust", "files"):
        (home / folder).mkdir(parents=True)
    create_keys(home / "keys", name)
    secrets.create(home / "keys")
    return Seat(
        home=home, name=name, title=name, lanes=lanes, processes=("urban-batch",), organisations={}, partners={},
        world=home.parent / "world",
    )  # fmt: skip


def introduce(here: Path, other: Path, name: str, lanes: frozenset[Lane], organisations: set[str]) -> None:
    from zhika.exchange.keys import load_signer

    peer = Peer(
        name, load_signer(other / "keys").certificate, recipient(load_identities(other / "keys")[0]), lanes,
        organisations, {"urban-batch"},
    )  # fmt: skip
    add_peer(here / "trust", peer)


@dataclass
class Sender:
    """A bank's seat as far as it sends: real keys, real packages."""

    home: Path
    signer: Signer
    to: Seat
    name: str = "icbc"
    sent: dict[int, dict[str, bytes]] = field(default_factory=dict)

    def package(
        self, number: int, *, document: Document = ACCOUNT_FILE, rows: pl.DataFrame | None = None,
        receiver: str = "platform", process: str = "urban-batch", batch: str | None = "B1",
        parties: dict[Lane, Party] | None = None, sender: str = "",
    ) -> tuple[Stem, dict[str, bytes]]:  # fmt: skip
        """`batch` and `sender` may be what no seat of ours would seal."""
        rows = pl.DataFrame([document.example]) if rows is None else rows
        header = Header(
            sender=self.name, receiver=receiver, process=process, batch="B1", parties=parties or PARTIES,
            step=Sent(4, "return_accounts"), document=document.code, rows=rows.height, replaces=None,
            created_at=datetime.now(UTC), certificate=self.signer.fingerprint,
            recipient=recipient(load_identities(self.to.home / "keys")[0]),
        )  # fmt: skip
        told = replace(header, batch=batch, sender=sender or self.name)
        sealed = told if batch is None or re.fullmatch(CODE, batch) else header
        payload = seal_payload(rows, {}, sealed, self.home / "mail" / "staging")
        signed = sign_manifest(replace(payload, header=told), number, self.signer)
        files = {PAYLOAD: payload.path.read_bytes(), SIGNATURE: signed.signature, MANIFEST: signed.content}
        self.sent[number] = files
        return signed.stem, files

    def post(self, stem: Stem, files: dict[str, bytes]) -> None:
        Mailbox(str(self.to.home / "mail" / "in")).publish(stem, files)

    def send(self, number: int, **facts: object) -> Stem:
        stem, files = self.package(number, **facts)  # type: ignore[arg-type]
        self.post(stem, files)
        return stem


@pytest.fixture
def platform(tmp_path: Path) -> Seat:
    return make_seat(tmp_path / "platform", "platform", PLATFORM)


def formed(code: str) -> Batch:
    """A batch of the platform's, with nobody in it: documents of it may come."""
    batch = Batch.objects.create(
        code=code, process="urban-batch", office=organisation("02"), size=1, formed_at=timezone.now()
    )
    for lane, party in PARTIES.items():
        PartyRow.objects.create(batch=batch, lane=lane, organisation=organisation(party.organisation), seat=party.seat)
    return batch


@pytest.fixture
def bank(tmp_path: Path, platform: Seat, db: None) -> Sender:
    """A bank that the platform knows, and their batch B1."""
    formed("B1")
    make_seat(tmp_path / "icbc", "icbc", frozenset({Lane.BANK}))
    introduce(platform.home, tmp_path / "icbc", "icbc", frozenset({Lane.BANK}), {"icbc"})
    introduce(tmp_path / "icbc", platform.home, "platform", PLATFORM, {"ylz", "02"})
    from zhika.exchange.keys import load_signer

    return Sender(tmp_path / "icbc", load_signer(tmp_path / "icbc" / "keys"), platform)


__all__ = ["BY_CODE", "PARTIES", "Manifest", "Sender"]

"""Documents on their way out: sealed before the transaction, numbered and signed within it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from django.utils import timezone

from zhika.engine import desk
from zhika.engine.work import Subject
from zhika.errors import ZhikaError
from zhika.exchange.keys import Signer, load_signer
from zhika.exchange.manifest import Header, Party, Sent
from zhika.exchange.seal import Payload, seal_payload, sign_manifest
from zhika.exchange.trust import Trust
from zhika.flows.documents import PHOTO, Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch
from zhika.ledger.mail import Outbox, next_number
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat


@dataclass(frozen=True)
class Outgoing:
    """One document for one seat, ready for the transaction: sealed, or a frozen file where the seat is this one."""

    document: Document
    subject: Subject
    batch_code: str
    process: str
    lane: Lane
    seat: str
    rows: int
    digest: str
    payload: Payload | None
    handover: str = ""


class Mailroom:
    """Prepares documents for all seats of a batch: keys and peers are read once."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self._signer: Signer | None = None
        self._trust: Trust | None = None

    @property
    def signer(self) -> Signer:
        self._signer = self._signer or load_signer(self.seat.home / "keys")
        return self._signer

    @property
    def trust(self) -> Trust:
        self._trust = self._trust or Trust.load(self.seat.home / "trust")
        return self._trust

    def prepare(
        self,
        document: Document,
        rows: pl.DataFrame,
        subject: Subject,
        *,
        batch: Batch | None,
        process: str,
        lane: Lane,
        work: tuple[int | None, str],
        photos: Mapping[str, Path] | None = None,
        to: frozenset[str] | None = None,
        handover: str = "",
    ) -> Iterator[Outgoing]:
        """One document to every seat that takes part and may receive it (or to the seats named in `to`)."""
        here = self.seat.name
        code = batch.code if batch else ""
        digest = "" if desk.kept_sealed(document) else desk.freeze(self.seat, document, rows)
        seats = {here} if document.internal else to if to is not None else _seats(document, lane, batch, here)
        for name in sorted(seats):
            payload = None
            if name != here:
                named = photos if photos and PHOTO.name in document.columns else {}
                payload = self._seal(name, document, rows, batch, process, work, named)
            yield Outgoing(document, subject, code, process, lane, name, rows.height, digest, payload, handover)

    def _seal(
        self, name: str, document: Document, rows: pl.DataFrame, batch: Batch | None, process: str,
        work: tuple[int | None, str], photos: Mapping[str, Path],
    ) -> Payload:  # fmt: skip
        if name not in self.trust.peers:
            raise ZhikaError(f"席位 {name} 不在信任名单中: 先交换证书 (zhika trust add), 再发 {document.title}")
        header = Header(
            sender=self.seat.name, receiver=name, process=process or None, batch=batch.code if batch else None,
            parties=parties_of(batch), step=Sent(*work), document=document.code, rows=rows.height, replaces=None,
            created_at=timezone.now(), certificate=self.signer.fingerprint,
            recipient=self.trust.peers[name].recipient,
        )  # fmt: skip
        return seal_payload(rows, photos, header, self.seat.home / "mail" / "staging")

    def post(self, outgoing: Outgoing) -> None:
        """Within the transaction: number, manifest and signature into the outbox, the document into the books."""
        out = outgoing
        number = None
        if out.payload:
            number = next_number(out.seat)
            signed = sign_manifest(out.payload, number, self.signer)
            Outbox.objects.create(
                peer=out.seat, number=number, document=out.document.code, payload_sha256=out.payload.sha256,
                manifest=signed.content, signature=signed.signature,
            )  # fmt: skip
        desk.file(
            self.seat, out.document, None, out.subject, process=out.process, batch_code=out.batch_code,
            sender_lane=out.lane, sender=self.seat.name, receiver=out.seat, number=number, digest=out.digest,
            count=out.rows, handover=out.handover,
            state=Paper.SENT if out.payload else Paper.KEPT if out.document.internal else Paper.FILED,
        )  # fmt: skip


def parties_of(batch: Batch | None) -> dict[Lane, Party]:
    if batch is None:
        return {}
    rows = batch.parties.select_related("organisation")
    return {Lane(row.lane): Party(row.organisation.code, row.seat) for row in rows}


def _seats(document: Document, sender: Lane, batch: Batch | None, here: str) -> set[str]:
    """The seats of a batch whose lanes receive this document; lots and applications never leave the house."""
    if batch is None:
        return {here}
    rows = dict(batch.parties.values_list("lane", "seat"))
    found = {
        rows[lane]
        for lane in document.receivers
        if lane in rows and (lane is not sender or len(document.receivers) == 1)
    }
    return found or {here}

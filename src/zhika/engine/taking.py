"""Mail in. Arrival never acts: what comes is checked and filed on the desk, or kept in rejected/."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from zhika.engine import desk
from zhika.engine.outgoing import Mailroom
from zhika.engine.plastic import code_of
from zhika.engine.post import digest_of, keep, kept_apart, set_aside
from zhika.engine.sending import archive, publish_receipt
from zhika.engine.work import Subject
from zhika.errors import Fault
from zhika.exchange.archive import Photos
from zhika.exchange.authentic import read_manifest, read_receipt
from zhika.exchange.keys import load_identities
from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import MANIFEST, RECEIPT, Manifest, Stem
from zhika.exchange.refusals import Cause, NotAuthentic, PackageRefused
from zhika.exchange.unseal import Opened, open_payload
from zhika.flows import FLOWS
from zhika.flows.acts import ACTS
from zhika.flows.chart import Grain
from zhika.flows.documents import BY_CODE, Document
from zhika.flows.lanes import Lane
from zhika.ledger import audit
from zhika.ledger.batches import Batch, Party
from zhika.ledger.mail import AGAIN, Inbox, Outbox, expected_number
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

NOTHING = "0" * 64
"""Digest of a manifest that never came."""
ON_THE_WAY = (Cause.BAD_DIGEST, Cause.MISSING_FILE, Cause.BAD_SIGNATURE)
"""Faults that a package gets on its way: it takes no number, and the sender sends the same bytes again."""


@dataclass(frozen=True)
class Arrival:
    """What became of one package that came."""

    stem: Stem
    verdict: str
    """taken | repeated | refused | damaged | rejected | receipt"""
    text: str = ""


def take_mail(seat: Seat) -> list[Arrival]:
    """File what came: on the desk, or in rejected/ with its reason. Changes nothing else."""
    folder = seat.home / "mail" / "in"
    box = Mailbox(str(folder))
    if seat.mail.inbox:
        kept_apart("fetch", "inbox", partial(_fetch_all, seat.mail.inbox, folder))
    mail, arrivals = Mailroom(seat), list[Arrival]()
    for stem in box.arrivals():
        kept_apart("take", str(stem), partial(_take_one, seat, mail, box, stem, arrivals))
    return arrivals


def _fetch_all(url: str, folder: Path) -> bool:
    far = Mailbox(url)
    for stem in far.arrivals():
        kept_apart("fetch", str(stem), partial(_fetch, far, stem, folder))
    return True


def _fetch(far: Mailbox, stem: Stem, folder: Path) -> bool:
    far.fetch(stem, folder)
    far.remove(stem)
    return True


def _take_one(seat: Seat, mail: Mailroom, box: Mailbox, stem: Stem, arrivals: list[Arrival]) -> bool:
    """Whether a package or receipt has left the mailbox."""
    take = _take_receipt if stem.document == RECEIPT else _take
    arrival = take(seat, mail, seat.home / "mail" / "in", stem)
    if arrival:
        box.remove(stem)
        arrivals.append(arrival)
    return arrival is not None


def _take(seat: Seat, mail: Mailroom, folder: Path, stem: Stem) -> Arrival | None:
    """One package, in the order: who signed, number, content. None: it waits for the number before it."""
    digest = digest_of(folder / f"{stem}{MANIFEST}")
    manifest: Manifest | PackageRefused
    try:
        manifest = read_manifest(folder, stem, trust=mail.trust, me=seat.name)
    except NotAuthentic as refused:
        if not (folder / f"{stem}{MANIFEST}").exists():
            return None  # another worker has just taken it
        return _reject(seat, mail, folder, stem, refused, digest)
    except PackageRefused as refused:  # it is the peer's own and has its number, and is malformed
        manifest = refused
    known = Inbox.objects.filter(peer=stem.peer, number=stem.number).first()
    if known:
        if known.manifest_sha256 == digest:
            Inbox.objects.filter(pk=known.pk).update(answered=False)
            return Arrival(stem, "repeated")
        audit.note(seat.name, "number-reused", str(stem), "同一编号出现不同内容")
        fault = Fault(str(stem), "此编号已用于另一内容的封包, 拒收并告警")
        return _reject(seat, mail, folder, stem, PackageRefused(str(stem), Cause.BAD_MANIFEST, [fault]), digest)
    expected = expected_number(stem.peer)
    if stem.number != expected:
        _ask(seat, mail, folder, stem, expected)
        return None
    if isinstance(manifest, PackageRefused):
        return _refuse(seat, folder, stem, manifest, digest)
    try:
        document = _fits(seat, manifest)
        opened = open_payload(
            folder, manifest, peer=mail.trust.peers[stem.peer], lanes=seat.lanes,
            identities=load_identities(seat.home / "keys"), photos=_photos(seat, stem),
        )  # fmt: skip
    except PackageRefused as refused:
        if refused.cause in ON_THE_WAY and _taken_meanwhile(folder, stem):
            return None
        if refused.cause in ON_THE_WAY:
            return _reject(seat, mail, folder, stem, refused, digest)
        return _refuse(seat, folder, stem, refused, digest)
    return _file(seat, folder, stem, manifest, document, opened, digest)


def _ask(seat: Seat, mail: Mailroom, folder: Path, stem: Stem, expected: int) -> None:
    """A number ahead waits; once it has waited too long, the one before it is asked for, and again as long after."""
    manifest = folder / f"{stem}{MANIFEST}"
    with suppress(FileNotFoundError):
        waited = timezone.now().timestamp() - manifest.stat().st_mtime
        if waited > timedelta(hours=seat.mail.ask_after_hours).total_seconds():
            fault = Fault(f"{stem.peer}-{expected:06d}", "此编号的封包未到, 后面的已到, 请再寄一次")
            publish_receipt(seat, mail, stem.peer, expected, NOTHING, "damaged", (fault,))
            manifest.touch()


def _taken_meanwhile(folder: Path, stem: Stem) -> bool:
    """Another worker of this seat has taken it while this one read: what is lacking has not been lost."""
    gone = not (folder / f"{stem}{MANIFEST}").exists()
    return gone or Inbox.objects.filter(peer=stem.peer, number=stem.number).exists()


def _fits(seat: Seat, manifest: Manifest) -> Document:
    """The document, if something here awaits it in this process, and its sender stands on its lane in the batch."""
    document = BY_CODE.get(manifest.document)
    process = manifest.process or ""
    if document is None or manifest.batch is None or process not in seat.processes:
        raise PackageRefused(str(manifest.stem), Cause.WRONG_DOCUMENT)
    flow = FLOWS[process]
    in_row = any(step.lane in seat.lanes for step in flow.awaiting(document))
    in_act = any(act.awaits is document and act.lanes & seat.lanes for act in ACTS if process in act.processes)
    travels = document.things and bool(document.receivers & seat.lanes)
    if not (in_row or in_act or travels):
        raise PackageRefused(str(manifest.stem), Cause.WRONG_DOCUMENT)
    lanes = {lane for lane, party in manifest.parties.items() if party.seat == manifest.sender}
    if not lanes & document.senders:
        raise PackageRefused(str(manifest.stem), Cause.WRONG_PARTY)
    batch = Batch.objects.filter(code=manifest.batch).first()
    # Elsewhere a document opens its batch; where batches are formed, one that was never formed is nobody's.
    if (batch is None and seat.platform) or (batch is not None and batch.process != process):
        raise PackageRefused(str(manifest.stem), Cause.WRONG_DOCUMENT)
    for row in Party.objects.filter(batch=batch).select_related("organisation") if batch else ():
        party = manifest.parties.get(Lane(row.lane))
        if party is None or (party.organisation, party.seat) != (row.organisation.code, row.seat):
            raise PackageRefused(str(manifest.stem), Cause.WRONG_PARTY)
    return document


def _file(
    seat: Seat, folder: Path, stem: Stem, manifest: Manifest, document: Document, opened: Opened, digest: str
) -> Arrival:
    with Photos(opened.photos) as photos:
        for sha256, data in photos.items():
            desk.keep_photo(seat, data, sha256)
    frozen = "" if desk.kept_sealed(document) else desk.freeze(seat, document, opened.rows)
    keep(seat, folder, stem)
    subject = Subject(Grain.BATCH, manifest.batch or "")
    try:
        with transaction.atomic():
            lane = _sender_lane(manifest, document)
            earlier = Paper.objects.filter(
                batch_code=manifest.batch or "", type=document.code, receiver=seat.name, sender_lane=lane
            ).count()
            handover = code_of(subject.code, document, lane) + (f"+{earlier + 1}" if earlier else "")
            paper = desk.file(
                seat, document, None, subject, process=manifest.process or "", batch_code=manifest.batch or "",
                sender_lane=lane, sender=manifest.sender, receiver=seat.name,
                number=manifest.number, digest=frozen, count=manifest.rows, made_at=manifest.created_at,
                handover=handover if document.things else "",
            )  # fmt: skip
            Inbox.objects.create(
                peer=stem.peer, number=stem.number, manifest_sha256=digest, verdict="taken", paper=paper
            )
    except IntegrityError:  # the other worker of this seat filed it
        return Arrival(stem, "repeated")
    finally:
        _photos(seat, stem).unlink(missing_ok=True)
    return Arrival(stem, "taken")


def _photos(seat: Seat, stem: Stem) -> Path:
    """Where the photos of a package stand, in one file, while it is filed."""
    folder = seat.home / "files" / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{stem}.{os.getpid()}.tar"


def _sender_lane(manifest: Manifest, document: Document) -> Lane:
    lanes = [
        lane for lane, party in manifest.parties.items() if party.seat == manifest.sender and lane in document.senders
    ]
    return lanes[0] if lanes else next(iter(sorted(document.senders)))


def _refuse(seat: Seat, folder: Path, stem: Stem, refused: PackageRefused, digest: str) -> Arrival:
    """Authentic, but refused for what it holds: it takes its number, and its sender gets a receipt that says why."""
    set_aside(seat, folder, stem, refused)
    with transaction.atomic():
        _, new = Inbox.objects.get_or_create(
            peer=stem.peer, number=stem.number,
            defaults={"manifest_sha256": digest, "verdict": "refused", "text": str(refused)[:2_000]},
        )  # fmt: skip
        if new:
            audit.note(seat.name, "refuse", str(stem), refused.cause.code)
    return Arrival(stem, "refused", str(refused))


def _reject(seat: Seat, mail: Mailroom, folder: Path, stem: Stem, refused: PackageRefused, digest: str) -> Arrival:
    """Not proved, or damaged on its way: no number, no part of it applied.

    A known peer is told to send it again, but only where the same bytes may come whole: else it would never end.
    """
    set_aside(seat, folder, stem, refused)
    audit.note(seat.name, "reject", str(stem), refused.cause.code)
    if refused.cause in ON_THE_WAY and stem.peer in mail.trust.peers:
        publish_receipt(seat, mail, stem.peer, stem.number, digest, "damaged", refused.faults[:20])
    return Arrival(stem, "damaged" if refused.cause in ON_THE_WAY else "rejected", str(refused))


def _take_receipt(seat: Seat, mail: Mailroom, folder: Path, stem: Stem) -> Arrival | None:
    try:
        receipt = read_receipt(folder, stem, trust=mail.trust, me=seat.name)
    except NotAuthentic as refused:
        if not (folder / f"{stem}{MANIFEST}").exists():
            return None
        set_aside(seat, folder, stem, refused)
        return Arrival(stem, "rejected", str(refused))
    row = Outbox.objects.filter(peer=receipt.sender, number=receipt.number).first()
    if row is None or (
        receipt.verdict != "damaged" and hashlib.sha256(bytes(row.manifest)).hexdigest() != receipt.manifest
    ):
        audit.note(seat.name, "receipt-unknown", str(stem), "回执与本席位寄出的封包不符")
        return Arrival(stem, "rejected", "回执与本席位寄出的封包不符")
    text = "\n".join(map(str, receipt.faults))
    if receipt.verdict == "damaged":
        asked = Outbox.objects.filter(pk=row.pk, receipt="")
        asked.filter(published=True).update(again=F("again") + 1, receipt_text=text)
        asked.filter(again__lte=AGAIN).update(published=False)
        audit.note(seat.name, "sent-again", str(stem), "对方收到的封包已损坏")
        return Arrival(stem, "receipt", text)
    if row.receipt != receipt.verdict:
        Outbox.objects.filter(pk=row.pk).update(receipt=receipt.verdict, receipt_text=text)
    archive(seat, row)
    return Arrival(stem, "receipt", text)

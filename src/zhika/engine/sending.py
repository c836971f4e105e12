"""Mail out: packages that were promised, receipts that are owed, and what is archived once it is answered."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.utils import timezone

from zhika.engine import desk
from zhika.engine.outgoing import Mailroom
from zhika.engine.post import kept_apart
from zhika.errors import Fault, ZhikaError
from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Stem
from zhika.exchange.receipt import Receipt, Verdict
from zhika.exchange.seal import sign_receipt
from zhika.flows.documents import BY_CODE
from zhika.ledger.mail import Inbox, Outbox
from zhika.seat.config import Seat


def outbox_of(seat: Seat, peer: str) -> Mailbox:
    """Where packages for a peer are put: a URL with {peer}, or mail/out/PEER, which a courier empties."""
    return Mailbox(seat.mail.outbox.format(peer=peer) if seat.mail.outbox else str(seat.home / "mail" / "out" / peer))


def send_mail(seat: Seat) -> int:
    """Publish what was promised and has not left, or was never answered; then the receipts. Safe to repeat."""
    sent = 0
    late = timezone.now() - timedelta(hours=seat.mail.ask_after_hours)
    Outbox.objects.filter(published=True, receipt="", published_at__lt=late).update(published=False)
    for row in Outbox.objects.filter(published=False).order_by("peer", "number"):
        sent += bool(kept_apart("send", f"{row.peer}-{row.number:06d}", partial(_send, seat, row)))
    mail = Mailroom(seat)
    for answer in Inbox.objects.filter(answered=False).select_related("paper"):
        name = f"{answer.peer}-{answer.number:06d}"
        sent += bool(kept_apart("answer", name, partial(_send_receipt, seat, mail, answer)))
    return sent


def _send(seat: Seat, row: Outbox) -> bool:
    """Publish one package. Raises ZhikaError when its sealed file is gone and nobody was to erase it."""
    stem = Stem(seat.name, row.number, row.document)
    kept = (seat.home / "mail" / "staging" / row.payload_sha256, _sent_folder(seat, row.peer) / f"{stem}{PAYLOAD}")
    # Secrets are erased at both ends once they are used, whether or not their receipt came.
    erased = row.published_at is not None and desk.kept_sealed(BY_CODE[row.document])
    if not any(_published(seat, row, stem, payload) for payload in kept) and not erased:
        raise ZhikaError(f"{stem}: 密封文件不在 mail/staging 或 mail/sent/{row.peer} 中, 请从备份恢复")
    Outbox.objects.filter(pk=row.pk).update(published=True, published_at=timezone.now())
    return True


def _published(seat: Seat, row: Outbox, stem: Stem, payload: Path) -> bool:
    """Whether the package has left with this payload; another worker may archive it at any moment."""
    files = {PAYLOAD: payload, SIGNATURE: bytes(row.signature), MANIFEST: bytes(row.manifest)}
    if not payload.exists():
        return False
    try:
        outbox_of(seat, row.peer).publish(stem, files)
    except FileNotFoundError:
        if payload.exists():
            raise
        return False
    return True


def _send_receipt(seat: Seat, mail: Mailroom, answer: Inbox) -> bool:
    verdict: Verdict = "taken" if answer.verdict == "taken" else "refused"
    faults = (Fault(f"{answer.peer}-{answer.number:06d}", answer.text[:500]),) if answer.text else ()
    publish_receipt(seat, mail, answer.peer, answer.number, answer.manifest_sha256, verdict, faults)
    Inbox.objects.filter(pk=answer.pk).update(answered=True)
    return True


def publish_receipt(
    seat: Seat, mail: Mailroom, peer: str, number: int, manifest: str, verdict: Verdict, faults: tuple[Fault, ...]
) -> None:
    """Sign one receipt and publish it at once: it takes no number of its own and may be published again."""
    receipt = Receipt(sender=seat.name, receiver=peer, number=number, manifest=manifest, verdict=verdict, faults=faults)
    signed = sign_receipt(receipt, mail.signer)
    outbox_of(seat, peer).publish(signed.stem, {MANIFEST: signed.content, SIGNATURE: signed.signature})


def archive(seat: Seat, row: Outbox) -> None:
    """An answered package leaves staging for mail/sent: three files that anyone may verify later."""
    stem, folder = Stem(seat.name, row.number, row.document), _sent_folder(seat, row.peer)
    payload = seat.home / "mail" / "staging" / row.payload_sha256
    if payload.exists():  # it goes last: as long as it is in staging, whoever was cut off does all of it again
        desk.write_once(folder / f"{stem}{SIGNATURE}", bytes(row.signature))
        desk.write_once(folder / f"{stem}{MANIFEST}", bytes(row.manifest))
        with suppress(FileNotFoundError):  # another worker of this seat has just done it
            payload.replace(folder / f"{stem}{PAYLOAD}")


def _sent_folder(seat: Seat, peer: str) -> Path:
    folder = seat.home / "mail" / "sent" / peer
    folder.mkdir(parents=True, exist_ok=True)
    return folder

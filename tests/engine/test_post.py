"""Taking mail in: what counts, in which order, and that a package that is not right leaves nothing behind."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from django.utils import timezone

from tests.engine.two_seats import PARTIES, Sender, formed, introduce, make_seat
from zhika.engine import batches, desk
from zhika.engine.outgoing import Mailroom
from zhika.engine.sending import archive, send_mail
from zhika.engine.taking import take_mail
from zhika.engine.todo import todo
from zhika.engine.trouble import retry
from zhika.engine.work import Subject
from zhika.exchange.keys import load_signer
from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Party, Stem
from zhika.exchange.receipt import Receipt, Verdict
from zhika.exchange.seal import sign_receipt
from zhika.flows.chart import Grain
from zhika.flows.documents import ACCOUNT_FILE, BLOCK_NOTICE, EXCEPTIONS, MATERIAL, PRODUCTION_DATA, SUPPLIER_ACCOUNTS
from zhika.flows.lanes import Lane
from zhika.ledger.audit import AuditEntry
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.batches import Party as PartyRow
from zhika.ledger.mail import AGAIN, Inbox, Outbox, stuck
from zhika.ledger.steps import Paper, Trouble
from zhika.seat.config import Seat

pytestmark = pytest.mark.django_db


def verdicts(seat: Seat) -> list[str]:
    return [arrival.verdict for arrival in take_mail(seat)]


def applied() -> int:
    return Paper.objects.count() + Inbox.objects.filter(verdict="taken").count()


def answers(seat: Seat) -> list[str]:
    send_mail(seat)
    return sorted(path.name for path in (seat.home / "mail" / "out" / "icbc").glob("*.json"))


def test_a_package_is_filed_on_the_desk_and_answered(platform: Seat, bank: Sender) -> None:
    bank.send(1)
    assert verdicts(platform) == ["taken"]
    paper = Paper.objects.get()
    assert (paper.type, paper.state, paper.batch_code, paper.rows) == ("account-file", "filed", "B1", 1)
    assert answers(platform) == ["platform-000001-receipt.json"]
    assert not list((platform.home / "mail" / "in").iterdir())


def test_a_banks_block_notice_is_taken_in_a_process_of_batches_too(platform: Seat, bank: Sender) -> None:
    bank.send(1, document=BLOCK_NOTICE)
    assert verdicts(platform) == ["taken"]


def test_a_repeat_gets_its_receipt_again_and_changes_nothing(platform: Seat, bank: Sender) -> None:
    stem, files = bank.package(1)
    bank.post(stem, files)
    assert verdicts(platform) == ["taken"]
    answers(platform)
    for path in (platform.home / "mail" / "out" / "icbc").iterdir():
        path.unlink()
    bank.post(stem, files)
    assert verdicts(platform) == ["repeated"]
    assert Paper.objects.count() == 1
    assert answers(platform) == ["platform-000001-receipt.json"]


def test_a_number_ahead_waits_and_is_taken_in_its_turn(platform: Seat, bank: Sender) -> None:
    first, third = bank.package(1), bank.package(3)
    second = bank.package(2)
    bank.post(*third)
    bank.post(*second)
    assert verdicts(platform) == []
    bank.post(*first)
    assert verdicts(platform) == ["taken", "taken", "taken"]
    assert list(Inbox.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]


def test_a_number_used_for_other_content_is_refused_and_alarmed(platform: Seat, bank: Sender) -> None:
    bank.send(1)
    assert verdicts(platform) == ["taken"]
    bank.send(1, batch="B2")
    before = applied()
    assert verdicts(platform) == ["rejected"]
    assert applied() == before
    assert AuditEntry.objects.filter(what="number-reused").exists()
    assert "此编号已用于另一内容" in reason(platform)


def reason(seat: Seat) -> str:
    return "\n".join(p.read_text() for p in (seat.home / "mail" / "rejected").glob("*.reason.txt"))


@pytest.mark.parametrize("suffix", [MANIFEST, SIGNATURE, PAYLOAD])
def test_a_package_changed_on_its_way_is_kept_apart_and_asked_for_again(
    platform: Seat, bank: Sender, suffix: str
) -> None:
    stem, files = bank.package(1)
    changed = bytearray(files[suffix])
    changed[len(changed) // 2] ^= 1
    bank.post(stem, {**files, suffix: bytes(changed)})
    assert verdicts(platform)[0] in ("damaged", "rejected")
    assert applied() == 0
    assert (platform.home / "mail" / "rejected" / f"{stem}{suffix}").read_bytes() == bytes(changed)
    assert reason(platform)
    assert answers(platform) == ["platform-000001-receipt.json"]
    bank.post(stem, files)
    assert verdicts(platform) == ["taken"]


def test_a_package_from_nobody_we_know_takes_no_number_and_earns_no_receipt(platform: Seat, bank: Sender) -> None:
    (platform.home / "trust" / "icbc.toml").unlink()
    bank.send(1)
    assert verdicts(platform) == ["rejected"]
    assert applied() == 0 and Inbox.objects.count() == 0
    assert "信任名单" in reason(platform)
    assert not (platform.home / "mail" / "out" / "icbc").exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"receiver": "supplier"},
        {"document": SUPPLIER_ACCOUNTS},
        {"document": PRODUCTION_DATA},
        {"process": "rural-batch"},
        {"batch": None},
        {"batch": "B2"},
        {"batch": "B2", "document": EXCEPTIONS},
        {"batch": "../../keys"},
        {"parties": PARTIES | {Lane.BANK: Party("abc", "icbc")}},
        {"parties": PARTIES | {Lane.BANK: Party("abc", "abc")}},
    ],
    ids=[
        "receiver",
        "secret document",
        "document of another lane",
        "process",
        "no batch",
        "batch never formed",
        "exceptions of a batch never formed",
        "batch",
        "organisation",
        "party",
    ],
)
def test_a_package_that_is_not_for_us_is_refused_whole(platform: Seat, bank: Sender, facts: dict[str, object]) -> None:
    bank.send(1, **facts)
    assert verdicts(platform)[0] in ("refused", "rejected")
    assert applied() == 0
    assert reason(platform)


def test_a_refused_package_takes_its_number_and_its_sender_is_told_why(platform: Seat, bank: Sender) -> None:
    bank.send(1, process="rural-batch")
    assert verdicts(platform) == ["refused"]
    assert Inbox.objects.get().verdict == "refused"
    assert answers(platform) == ["platform-000001-receipt.json"]
    bank.send(2)
    assert verdicts(platform) == ["taken"]


def test_a_document_of_a_batch_must_come_from_the_batch_s_own_bank(platform: Seat, bank: Sender) -> None:
    PartyRow.objects.filter(lane="bank").update(organisation=organisation("abc"), seat="abc")
    bank.send(1)
    assert verdicts(platform) == ["refused"]
    assert applied() == 0


def test_the_platform_opens_no_batch_that_it_never_formed(platform: Seat) -> None:
    rows = pl.DataFrame([ACCOUNT_FILE.example])
    desk.file(
        platform, ACCOUNT_FILE, rows, Subject(Grain.BATCH, "B9"), process="urban-batch", batch_code="B9",
        sender_lane=Lane.BANK, sender="icbc", receiver="platform",
    )  # fmt: skip
    assert batches.open_waiting(platform) == []
    assert not Batch.objects.filter(code="B9").exists()


def test_an_exception_list_of_a_batch_not_yet_known_is_kept_on_a_seat_that_forms_none(tmp_path: Path) -> None:
    supplier = make_seat(tmp_path / "supplier", "supplier", frozenset({Lane.SUPPLIER}))
    make_seat(tmp_path / "icbc", "icbc", frozenset({Lane.BANK}))
    introduce(supplier.home, tmp_path / "icbc", "icbc", frozenset({Lane.BANK}), {"icbc"})
    bank = Sender(tmp_path / "icbc", load_signer(tmp_path / "icbc" / "keys"), supplier)
    bank.send(1, document=EXCEPTIONS, receiver="supplier", batch="B9")
    assert verdicts(supplier) == ["taken"]
    assert batches.open_waiting(supplier) == [] and Paper.objects.get().state == Paper.FILED


@pytest.fixture
def promised(platform: Seat, bank: Sender) -> Outbox:
    """A document for the bank, numbered and signed, that has not left."""
    batch = Batch.objects.get(code="B1")
    mail, rows = Mailroom(platform), pl.DataFrame([PRODUCTION_DATA.example])
    for out in mail.prepare(
        PRODUCTION_DATA, rows, Subject(Grain.BATCH, "B1"), batch=batch, process="urban-batch", lane=Lane.INTEGRATOR,
        work=(2, "submit_production_data"),
    ):  # fmt: skip
        mail.post(out)
    return Outbox.objects.get()


def answer(bank: Sender, verdict: Verdict, manifest: str) -> None:
    receipt = Receipt(sender="icbc", receiver="platform", number=1, manifest=manifest, verdict=verdict)
    signed = sign_receipt(receipt, bank.signer)
    bank.post(signed.stem, {MANIFEST: signed.content, SIGNATURE: signed.signature})


def taken_out(seat: Seat) -> dict[str, bytes]:
    """What lies in the outbox for the bank, as a courier takes it."""
    found = {path: path.read_bytes() for path in (seat.home / "mail" / "out" / "icbc").iterdir()}
    for path in found:
        path.unlink()
    return {path.name: content for path, content in found.items()}


def test_what_was_promised_leaves_again_after_a_damaged_receipt(platform: Seat, bank: Sender, promised: Outbox) -> None:
    assert send_mail(platform) == 1
    first = taken_out(platform)
    assert set(first) == {f"platform-000001-production-data{s}" for s in (MANIFEST, SIGNATURE, PAYLOAD)}
    answer(bank, "damaged", "0" * 64)
    assert verdicts(platform) == ["receipt"]
    send_mail(platform)
    assert taken_out(platform) == first
    answer(bank, "taken", hashlib.sha256(bytes(promised.manifest)).hexdigest())
    assert verdicts(platform) == ["receipt"]
    assert Outbox.objects.get().receipt == "taken"
    sent = platform.home / "mail" / "sent" / "icbc"
    assert {path.name: path.read_bytes() for path in sent.iterdir()} == first
    answer(bank, "taken", "0" * 64)
    assert verdicts(platform) == ["rejected"]


def test_what_never_comes_whole_leaves_a_few_times_and_is_then_shown(
    platform: Seat, bank: Sender, promised: Outbox
) -> None:
    left = 0
    for _ in range(3 * AGAIN):
        send_mail(platform)
        left += bool(taken_out(platform))
        answer(bank, "damaged", "0" * 64)
        assert verdicts(platform) == ["receipt"]
    assert left == 1 + AGAIN
    (shown,) = [item for item in todo(platform) if item.kind == "trouble"]
    assert (shown.work, shown.subject) == ("send_mail", "icbc-000001")
    retry()
    send_mail(platform)
    assert taken_out(platform) and not stuck().exists()


def test_what_never_comes_whole_leaves_again_when_its_answer_is_overdue(platform: Seat, promised: Outbox) -> None:
    Outbox.objects.update(published=True, again=AGAIN + 1, published_at=timezone.now() - timedelta(days=2))
    assert send_mail(platform) == 1 and taken_out(platform)
    assert send_mail(platform) == 0 and stuck().exists()


@pytest.mark.parametrize("batch", ["../../keys", "A1-城区-261125-01", "A1-0_2-261125-01"])
def test_a_manifest_that_its_own_sender_signed_malformed_takes_its_number_and_holds_up_nothing(
    platform: Seat, bank: Sender, batch: str
) -> None:
    bank.send(2)
    bank.send(1, batch=batch)
    assert verdicts(platform) == ["refused", "taken"]
    assert Inbox.objects.get(number=1).verdict == "refused" and "batch" in reason(platform)
    assert answers(platform) == ["platform-000001-receipt.json", "platform-000002-receipt.json"]
    bank.post(Stem("icbc", 1, "account-file"), bank.sent[1])
    assert verdicts(platform) == ["repeated"]


def test_a_malformed_manifest_under_a_number_that_it_does_not_say_takes_none(platform: Seat, bank: Sender) -> None:
    _, files = bank.package(3, batch="../../keys")
    bank.post(Stem("icbc", 1, "account-file"), files)
    assert verdicts(platform) == ["rejected"]
    assert Inbox.objects.count() == 0


@pytest.mark.parametrize("facts", [{"receiver": "supplier"}, {"sender": "abc"}])
def test_what_would_be_as_wrong_again_is_not_asked_for(platform: Seat, bank: Sender, facts: dict[str, str]) -> None:
    _, files = bank.package(1, **facts)  # type: ignore[arg-type]
    bank.post(Stem("icbc", 1, "account-file"), files)
    assert verdicts(platform) == ["rejected"]
    assert reason(platform) and not (platform.home / "mail" / "out" / "icbc").exists()


def test_what_cannot_be_read_keeps_nothing_else_from_being_taken(platform: Seat, bank: Sender) -> None:
    (platform.home / "mail" / "in" / f"abc-000001-account-file{MANIFEST}").mkdir()
    bank.send(1)
    assert verdicts(platform) == ["taken"]
    verdicts(platform)
    verdicts(platform)
    (shown,) = [item for item in todo(platform) if item.kind == "trouble"]
    assert (shown.work, shown.subject) == ("take", "abc-000001-account-file")


def test_what_has_lost_its_sealed_file_is_shown_and_keeps_nothing_else_from_leaving(
    platform: Seat, bank: Sender, promised: Outbox
) -> None:
    (platform.home / "mail" / "staging" / promised.payload_sha256).unlink()
    bank.send(1)
    assert verdicts(platform) == ["taken"]
    assert send_mail(platform) == 1
    assert set(taken_out(platform)) == {f"platform-000001-receipt{suffix}" for suffix in (MANIFEST, SIGNATURE)}
    assert not Outbox.objects.get().published
    assert "请从备份恢复" in Trouble.objects.get().error


def test_what_another_worker_archives_meanwhile_leaves_from_there(
    platform: Seat, promised: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Mailbox.publish

    def archived_first(self: Mailbox, stem: Stem, files: Mapping[str, bytes | Path]) -> None:
        monkeypatch.setattr(Mailbox, "publish", publish)
        archive(platform, promised)
        publish(self, stem, files)

    monkeypatch.setattr(Mailbox, "publish", archived_first)
    assert send_mail(platform) == 1
    assert f"platform-000001-production-data{PAYLOAD}" in taken_out(platform)


def test_secrets_erased_at_both_ends_are_not_missed(platform: Seat, promised: Outbox) -> None:
    (platform.home / "mail" / "staging" / promised.payload_sha256).unlink()
    Outbox.objects.update(document=SUPPLIER_ACCOUNTS.code)
    assert send_mail(platform) == 0  # it has never left: nobody has erased it
    retry()
    Outbox.objects.update(published_at=timezone.now())
    assert send_mail(platform) == 1
    assert Outbox.objects.get().published and not Trouble.objects.exists()


def test_a_number_that_never_came_is_asked_for_and_only_once_a_while(platform: Seat, bank: Sender) -> None:
    import os
    import time

    stem = bank.send(2)
    assert verdicts(platform) == [] and not (platform.home / "mail" / "out" / "icbc").exists()
    manifest = platform.home / "mail" / "in" / f"{stem}{MANIFEST}"
    long_ago = time.time() - 3600 * platform.mail.ask_after_hours - 1
    os.utime(manifest, (long_ago, long_ago))
    assert verdicts(platform) == []
    asked = platform.home / "mail" / "out" / "icbc" / "platform-000001-receipt.json"
    assert b'"damaged"' in asked.read_bytes()
    asked.unlink()
    assert verdicts(platform) == [] and not asked.exists()


def test_material_that_comes_back_has_a_handover_of_its_own(platform: Seat, tmp_path: Path) -> None:
    home = make_seat(tmp_path / "supplier", "supplier", frozenset({Lane.SUPPLIER})).home
    introduce(platform.home, home, "supplier", frozenset({Lane.SUPPLIER}), {"supplier"})
    supplier = Sender(home, load_signer(home / "keys"), platform, name="supplier")
    formed("B1")
    supplier.send(1, document=MATERIAL)
    assert [(arrival.verdict, arrival.text) for arrival in take_mail(platform)] == [("taken", "")]
    paper = Paper.objects.get()
    assert (paper.handover_code, paper.sender_lane, paper.counted) == ("B1~material-return", Lane.SUPPLIER, False)

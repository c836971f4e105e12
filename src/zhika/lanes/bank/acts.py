"""What people at the bank do outside the charts, and what becomes of documents that no row awaits."""

from django.utils import timezone

from zhika.craft import blocking, hearing
from zhika.engine.post import SUFFIXES
from zhika.engine.work import ActWork, Done
from zhika.exchange.manifest import Stem
from zhika.flows.documents import ACTIVATION, SUPPLIER_ACCOUNTS
from zhika.lanes.bank import accounts, activation, again, destruction
from zhika.lanes.bank.blocking import SIDE
from zhika.ledger import audit
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.mail import Outbox
from zhika.ledger.places import today
from zhika.ledger.steps import Paper


def delete_sealed_copy(work: ActWork) -> Done:
    """删除已寄封包: the supplier has erased the accounts of this batch, and the bank's sealed copy goes too."""
    assert work.batch is not None
    sent = Paper.objects.filter(batch_code=work.batch.code, type=SUPPLIER_ACCOUNTS.code, state=Paper.SENT)
    mail = work.seat.home / "mail"
    for paper in sent:
        number = paper.number or 0
        stem = Stem(work.seat.name, number, paper.type)
        for folder in (mail / "sent" / paper.receiver, mail / "out" / paper.receiver):
            for suffix in SUFFIXES:
                (folder / f"{stem}{suffix}").unlink(missing_ok=True)
        for row in Outbox.objects.filter(peer=paper.receiver, number=number):
            (mail / "staging" / row.payload_sha256).unlink(missing_ok=True)
    return Done()


def take_collection(work: ActWork) -> Done:
    """领卡回执登记: from now on the counter may activate these cards. A row that names another card is noted only."""
    assert work.batch is not None and work.rows is not None
    cards = {(card.application_ref, card.serial): card for card in Card.objects.filter(batch=work.batch)}
    named = [(cards.get((row["app_no"], row["card_serial"])), row) for row in work.rows.iter_rows(named=True)]
    strange = [number for number, (card, _) in enumerate(named, 2) if card is None]
    now, day = timezone.now(), today()
    events = [
        CardEvent(
            card=card, kind=activation.COLLECTED, happened_at=now, booked_day=day, by=row["by"], cause=row["date"]
        )
        for card, row in named
        if card
    ]

    def write() -> None:
        CardEvent.objects.bulk_create(events, ignore_conflicts=True, batch_size=500)
        if strange:
            rows = "、".join(map(str, strange[:5])) + (" 等" if strange[5:] else "")
            why = f"领卡回执第 {rows} 行 (共 {len(strange)} 行) 卡序列号与申请不符, 请与发放单位核对"
            audit.note(work.by, "row-unknown", work.subject, why)

    return Done(write=write)


def activate(work: ActWork) -> Done:
    """柜台激活, in the processes whose chart has no such row: an event of the card; the same rules hold."""
    shown = {app: facts.get("id_no", "") for app, facts in work.told.items()}
    held = activation.check(work.seat, work.people, shown)
    rows = activation.receipt(held, work.people, work.now.date())
    return Done(documents={ACTIVATION: rows}, write=lambda: activation.book(work.people))


def take_returned(work: ActWork) -> Done:
    """退卡登记: the cards were counted; the accounts of the void ones are closed for ever."""
    return Done(write=lambda: accounts.close(work.batch, ()))


def give_again(work: ActWork) -> Done:
    """重新发放: a kept card that somebody asks for goes to its office once more."""
    return again.give_again(work)


def destroy(work: ActWork) -> Done:
    """销毁废卡: all void cards of a batch that lie here, and kept ones past their time, before two people."""
    return destruction.destroy(work)


def block(work: ActWork) -> Done:
    """挂失: at once, by telephone for a term, or in writing."""
    return blocking.block(work, SIDE)


def lift(work: ActWork) -> Done:
    """解挂: the holder shows the ID."""
    return blocking.lift(work, SIDE)


def cancel(work: ActWork) -> Done:
    """注销: for ever."""
    return blocking.cancel(work, SIDE)


def lapse(work: ActWork) -> Done:
    """挂失到期: by this side's own term."""
    return blocking.lapse(work, SIDE)


def take_block(work: ActWork) -> Done:
    """挂失登记: what the office said of its cards; on a replacement in production the office's word holds."""
    return hearing.take(work, SIDE, weighs_production=False)

"""What people at the bank do outside the charts, and what becomes of documents that no row awaits."""

from django.utils import timezone

from zhika.engine.post import SUFFIXES
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, NotAllowed, Refused
from zhika.exchange.manifest import Stem
from zhika.flows import FLOWS
from zhika.flows.documents import ACTIVATION, SUPPLIER_ACCOUNTS
from zhika.lanes.bank import activation, destruction
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.custody import today
from zhika.ledger.mail import Outbox
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
    """领卡回执登记: from now on the counter may activate these cards."""
    assert work.batch is not None and work.rows is not None
    cards = {card.application_ref: card for card in Card.objects.filter(batch=work.batch)}
    named = [(cards.get(row["app_no"]), row) for row in work.rows.iter_rows(named=True)]
    faults = [
        Fault("领卡回执", "卡序列号与申请不符, 请与发放单位核对", number, "卡序列号")
        for number, (card, row) in enumerate(named, 2)
        if card is None or card.serial != row["card_serial"]
    ]
    if faults:
        raise Refused(faults)
    now, day = timezone.now(), today()
    events = [
        CardEvent(
            card=card, kind=activation.COLLECTED, happened_at=now, booked_day=day, by=row["by"], cause=row["date"]
        )
        for card, row in named
    ]

    def write() -> None:
        CardEvent.objects.bulk_create(events, ignore_conflicts=True, batch_size=500)

    return Done(write=write)


def activate_card(work: ActWork) -> Done:
    """柜台激活, in the processes whose chart has no such row: an event of the card; the same rules hold."""
    card = Card.objects.select_related("batch").filter(serial=work.subject, failure=None).first()
    if card is None:
        raise Refused([Fault(f"卡 {work.subject}", "本行没有这张卡, 或卡已作废; 请核对卡序列号")])
    if any(step.work == "activate" for step in FLOWS[card.batch.process].steps):
        raise NotAllowed(work.by, work.act.title, "此批次的激活是流程图中的一步: 用 zhika do activate")
    cards = {card.application_ref: card}
    held = activation.check(work.seat, cards, {card.application_ref: work.facts.get("id_no", "")})

    def write() -> None:
        CardEvent.objects.create(card=card, kind="activate", happened_at=work.now, booked_day=today(), by=work.by)
        activation.book(cards)

    return Done(documents={ACTIVATION: activation.receipt(held, cards, work.now.date())}, write=write)


def destroy(work: ActWork) -> Done:
    """销毁废卡: all void cards of a batch that lie here, before two people."""
    return destruction.destroy(work)

"""The centre's acts: what becomes of receipts from the counter and from the bank; fees and their settlement."""

from collections.abc import Callable
from datetime import datetime, time

from zhika.craft import blocking, forming, hearing, returning
from zhika.engine.work import ActWork, Done
from zhika.flows.acts import SPORADIC
from zhika.lanes.centre import clearing, destruction, mortality, rates, reminding, settling, withdrawing
from zhika.lanes.centre.blocking import SIDE
from zhika.ledger import audit
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.places import SHANGHAI, today


def take_collection(work: ActWork) -> Done:
    """领卡回执登记: the person has the card; the social side works from now on."""
    return Done(write=_events(work, "collected"))


def take_activation(work: ActWork) -> Done:
    """激活回执登记: the bank side works too."""
    return Done(write=_events(work, "activated"))


def clear_cause(work: ActWork) -> Done:
    """排除原因: data corrected, or the bank's word; facts are the corrected fields."""
    return clearing.clear(work)


def form_requests(work: ActWork) -> Done:
    """零星组批: subject is process/office, with or without the batch code that it gets."""
    return forming.form(work.seat, work.subject, work.now, SPORADIC)


def destroy(work: ActWork) -> Done:
    """销毁废卡: all void cards of a batch that lie at its office, before two people."""
    return destruction.destroy(work)


def take_destruction(work: ActWork) -> Done:
    """销毁记录登记: the centre's copy stays on the desk; the city's books are the integrator's to write, once."""
    return Done()


def withdraw(work: ActWork) -> Done:
    """撤回申请: the subject is a request's number."""
    return withdrawing.withdraw(work)


def load_rates(work: ActWork) -> Done:
    """装载收费标准: fact path, a table of the price bureau's rates."""
    return rates.load(work)


def settle(work: ActWork) -> Done:
    """结算: an office's statement for a period; the subject is OFFICE/PERIOD."""
    return settling.settle(work)


def agree_settlement(work: ActWork) -> Done:
    """核定结算单: the city centre closes and numbers it."""
    return settling.agree(work)


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
    """挂失登记: what the bank said of its cards."""
    return hearing.take(work, SIDE, weighs_production=True)


def return_cards(work: ActWork) -> Done:
    """退卡: what units returned, or what the office itself has, on to the bank; fact cause where none is known."""
    return returning.to_bank(work)


def remind(work: ActWork) -> Done:
    """逾期未领提醒: whoever is due one today; the subject is the day."""
    return reminding.remind(work)


def load_deaths(work: ActWork) -> Done:
    """装载死亡名单: fact path; the subject is a name for the list."""
    return mortality.load(work)


def _midnight(day: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), time(), SHANGHAI)


def _events(work: ActWork, kind: str) -> Callable[[], None]:
    """One event a card, once, for rows whose application and serial are one card of the batch."""
    assert work.rows is not None and work.batch is not None and work.paper is not None
    rows, batch, sender = work.rows, work.batch, work.paper.sender

    def write() -> None:
        known = Card.objects.filter(batch=batch, serial__in=rows["card_serial"].to_list())
        cards = {(card.application_ref, card.serial): card for card in known}
        found = [(cards.get((row["app_no"], row["card_serial"])), row) for row in rows.iter_rows(named=True)]
        CardEvent.objects.bulk_create(
            [
                CardEvent(
                    card=card, kind=kind, happened_at=_midnight(row["date"]), booked_day=today(), by=sender,
                    cause=row.get("by", ""),
                )
                for card, row in found
                if card
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        if strange := sum(card is None for card, _ in found):
            audit.note(work.by, "row-unknown", work.subject, f"{work.act.title}: {strange} 行不是本批次的卡")

    return write

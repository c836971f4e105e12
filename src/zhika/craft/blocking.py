"""Loss and blocking 挂失、解挂、注销: the same acts at an office and a bank; what hangs on them is the lane's."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from zhika.card import idnumber
from zhika.craft.words import TICK, Side, done, notice, word
from zhika.engine import each
from zhika.engine.todo import Todo
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, Refused
from zhika.flows.blocking import Standing, objection
from zhika.flows.lanes import Lane
from zhika.ledger import blocks
from zhika.ledger.blocks import Block, Word
from zhika.ledger.cards import Card
from zhika.ledger.places import SHANGHAI, today
from zhika.seat.config import Seat

KINDS = {"call": Standing.CALL, "formal": Standing.FORMAL}
"""What `--fact kind=` says."""


def block(work: ActWork, side: Side) -> Done:
    """挂失: fact `kind` call (by telephone, lapses) or formal (in writing: evidence is the form's number).

    Raises Refused with every fault of every card.
    """
    faults, wanted = [], {}
    for app, card in work.people.items():
        kind = KINDS.get(work.told.get(app, {}).get("kind", ""))
        if kind is None:
            faults.append(_fault(card, f"须写明种类: --fact kind={'|'.join(KINDS)}"))
        elif kind is Standing.FORMAL and not work.reason.strip():
            faults.append(_fault(card, "书面挂失须有凭证 (挂失申请书编号): --reason"))
        else:
            wanted[app] = kind
    return _said(work, side, wanted, faults)


def lift(work: ActWork, side: Side) -> Done:
    """解挂: the holder shows the own ID (fact `id_no`). Raises Refused with every fault of every card."""
    shown = {app: idnumber.clean(work.told.get(app, {}).get("id_no", "")) for app in work.people}
    faults = [_fault(work.people[app], "须出示本人身份证 (id_no)") for app, number in shown.items() if not number]
    return _said(work, side, dict.fromkeys(work.people, Standing.LIFTED), faults)


def cancel(work: ActWork, side: Side) -> Done:
    """注销: for ever. Raises Refused with every fault of every card."""
    return _said(work, side, dict.fromkeys(work.people, Standing.CANCELLED), [])


def _said(work: ActWork, side: Side, wanted: Mapping[str, Standing], faults: list[Fault]) -> Done:
    """The words of an act, told to the other side; all, or none."""
    seen = blocks.of(card.pk for card in work.people.values())
    holders = side.holders(list(work.people))
    producing = side.in_production([app for app, to in wanted.items() if to is Standing.LIFTED])
    for app, to in wanted.items():
        card = work.people[app]
        shown = idnumber.clean(work.told.get(app, {}).get("id_no", ""))
        if rule := objection(blocks.standing(seen, card), to, in_production=app in producing):
            faults.append(_fault(card, rule))
        if app not in holders:
            faults.append(_fault(card, "本席位还没有这张卡的持卡人或账户"))
        elif shown and shown != holders[app].id_no:
            faults.append(_fault(card, "所示证件不是持卡人的"))
    if faults:
        raise Refused(faults)
    words = [
        word(work, work.people[app], to, max(work.now, _after(seen.get(work.people[app].pk))))
        for app, to in wanted.items()
    ]
    return done(work, side, words, seen, notice(words, holders))


def cancel_cards(seat: Seat, serials: Collection[str], *, by: str | None, reason: str) -> int:
    """Cancel cards from within other work (replaced, dead, never fetched), both sides told; returns how many.

    Those that are cancelled already are left out, so it may be called again. Not to be called in a transaction.
    """
    ended = Card.objects.filter(serial__in=list(serials), block__state=Standing.CANCELLED.value)
    told: dict[str, Mapping[str, str]] = {serial: {} for serial in serials}
    for serial in ended.values_list("serial", flat=True):
        del told[serial or ""]
    return each.do_cards(seat, "cancel", told, by=by, evidence=reason) if told else 0


def lapse(work: ActWork, side: Side) -> Done:
    """挂失到期: every call-loss whose last day is over on this side. The other side has a term of its own."""
    found = list(blocks.lapsing(today(work.now)))
    words = [Word(row.card, Standing.LAPSED, row.at, by=work.by, cause=f"有效至 {row.until}") for row in found]
    return done(work, side, words, {row.card_id: row for row in found}, None)


def due(seat: Seat) -> Iterable[tuple[str, str, str]]:
    """The lapse that `zhika work` does by itself, for all cards at once."""
    day = today()
    if blocks.lapsing(day).exists():
        yield "lapse", day.isoformat(), ""


def lapsing_soon(seat: Seat, lane: Lane) -> Iterable[Todo]:
    """Call-losses that lapse within the days of the reminder, for a side that writes to nobody itself."""
    before = today() + timedelta(days=seat.block.remind_days)
    rows = Block.objects.filter(state=Standing.CALL.value, until__lte=before).select_related("card")
    for row in rows.order_by("until", "pk"):
        yield Todo(
            lane, "lapse", f"口头挂失将到期 (有效至 {row.until}), 请提醒持卡人", row.card.serial or "", 1, row.at,
            "持卡人书面挂失或解挂", (), "notice",
        )  # fmt: skip


def _after(here: Block | None) -> datetime:
    """The earliest moment at which a new word is newer than the one that holds."""
    return here.at + TICK if here else datetime.fromtimestamp(0, SHANGHAI)


def _fault(card: Card, rule: str) -> Fault:
    return Fault(f"卡 {card.serial}", rule)

"""挂失登记: the other side's words, heard card by card; what can't hold here is noted, and answered with what does."""

from collections.abc import Mapping
from datetime import datetime

from zhika.craft.words import TICK, Holder, Note, Side, done, notice, word
from zhika.engine.check import agree
from zhika.engine.work import ActWork, Done
from zhika.flows.blocking import SAID, Heard, Standing, hear
from zhika.flows.documents import BLOCK_NOTICE
from zhika.ledger import blocks
from zhika.ledger.blocks import Block, Word
from zhika.ledger.cards import Card


def take(work: ActWork, side: Side, *, weighs_production: bool) -> Done:
    """Words of a block notice, in the order of its rows.

    `weighs_production`: a lift is refused while the replacement is in production. The office's word on that holds, so
    the bank, which knows less of it, does not weigh what the office lifted.
    """
    assert work.rows is not None and work.batch is not None and work.paper is not None
    known = Card.objects.filter(batch=work.batch, application_ref__in=work.rows["app_no"].to_list())
    cards = {(card.application_ref, card.serial): card for card in known}
    roster = {card.application_ref: card.person_key for card in cards.values()}
    rows, aside = agree(BLOCK_NOTICE, work.rows, roster, work.seat.home)
    seen = blocks.of(card.pk for card in cards.values())
    lifts = [row["app_no"] for row in rows.iter_rows(named=True) if row["kind"] == Standing.LIFTED.value]
    producing = side.in_production(lifts) if weighs_production and lifts else set()
    words, answers = list[Word](), list[Word]()
    notes: list[Note] = (
        [(work.subject, "row-unknown", f"{work.act.title}: {len(aside)} 行与本批次的人不符")] if aside else []
    )
    for row in rows.iter_rows(named=True):
        card, said, at = cards.get((row["app_no"], row["card_serial"])), _said_in(row), _time(row["at"])
        if card is None or said is None or at is None:
            notes.append((work.subject, "row-unknown", f"{work.act.title}: 卡序列号、种类或时间不符"))
            continue
        here = seen.get(card.pk)
        now = blocks.standing(seen, card)
        heard = hear(now, here.at if here else None, said, at, in_production=row["app_no"] in producing)
        words += _made_of(work, card, heard, here, said, at)
        if heard.answers:
            answers.append(words[-1])
        if heard.note:
            notes.append((card.serial or "", "block-refused", f"{work.act.title}: {heard.note}"))
    named = {row["app_no"]: Holder(row["id_no"], row["name"]) for row in rows.iter_rows(named=True)}
    answer = notice(answers, named) if answers else None
    return done(work, side, words, seen, answer, notes)


def _made_of(
    work: ActWork, card: Card, heard: Heard, here: Block | None, said: Standing, at: datetime
) -> list[Word]:  # fmt: skip
    """The word that follows from one that was heard: the other side's, or this side's own again."""
    assert work.paper is not None
    if heard.takes:
        return [word(work, card, said, max(at, here.at) if here else at, by=work.paper.sender)]
    if heard.answers and here:
        again = max(work.now, at + TICK)
        return [Word(card, here.standing, again, here.until, by=work.by, cause=heard.note, silent=True)]
    return []


def _said_in(row: Mapping[str, str]) -> Standing | None:
    return next((one for one in SAID if one.value == row["kind"]), None)


def _time(text: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if told.tzinfo else None

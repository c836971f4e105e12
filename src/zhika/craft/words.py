"""Words about blocked cards, as both sides say and hear them: their term here, their notice, how they are written."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from zhika.engine.work import ActWork, Done
from zhika.flows.blocking import Standing
from zhika.flows.documents import BLOCK_NOTICE
from zhika.ledger import audit, blocks
from zhika.ledger.blocks import Block, Word
from zhika.ledger.cards import Card
from zhika.ledger.places import SHANGHAI, today
from zhika.seat.config import BlockOptions, Seat

TICK = timedelta(microseconds=1)
"""By so much a word is newer than the one it follows, where the clocks do not say so."""


@dataclass(frozen=True, repr=False)
class Holder:
    """Whose card it is. Its repr shows nobody."""

    id_no: str
    name: str


@dataclass(frozen=True)
class Side:
    """What blocking asks of the side on which it is done."""

    holders: Callable[[Collection[str]], Mapping[str, Holder]]
    """Holders by application number."""
    in_production: Callable[[Collection[str]], set[str]]
    """Those among these applications whose replacement is in production."""
    follow: Callable[[Seat, Sequence[Word]], None]
    """What hangs on these words on this side, written in the same transaction."""


Note = tuple[str, str, str]
"""Subject, what and why of an audit entry."""


def word(work: ActWork, card: Card, standing: Standing, at: datetime, *, by: str = "") -> Word:
    """A word with this side's own term: of one that claims to be from the future, from now on."""
    last = until(work.seat.block, standing, min(at, work.now))
    return Word(card, standing, at, last, by=by or work.by, cause=work.reason)


def until(options: BlockOptions, standing: Standing, said: datetime) -> date | None:
    """Last day on which a call-loss holds on this side; None for what does not lapse."""
    if standing is not Standing.CALL or not options.call_days:
        return None
    return today(said) + timedelta(days=options.call_days)


def notice(words: Iterable[Word], holders: Mapping[str, Holder]) -> pl.DataFrame:
    """挂失/注销通知."""
    rows = [
        (
            word.card.application_ref, holders[word.card.application_ref].id_no,
            holders[word.card.application_ref].name, word.card.serial or "", word.standing.value,
            word.until.isoformat() if word.until else "", word.at.astimezone(SHANGHAI).isoformat(),
        )
        for word in words
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(BLOCK_NOTICE.columns, pl.String), orient="row")


def done(
    work: ActWork, side: Side, words: Sequence[Word], seen: Mapping[int, Block], told: pl.DataFrame | None,
    notes: Sequence[Note] = (),
) -> Done:  # fmt: skip
    """What an act about blocked cards changes: words with what hangs on them, a notice, notes for the audit."""

    def write() -> None:
        blocks.say(words, seen)
        side.follow(work.seat, words)
        for subject, what, why in notes:
            audit.note(work.by, what, subject, why[:200])

    return Done(documents={} if told is None else {BLOCK_NOTICE: told}, write=write)

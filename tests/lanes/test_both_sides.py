"""One card on both sides, whatever is said where and however late it is heard: in the end both stand the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.lanes.house import build, person
from tests.lanes.lost import NOON, cards, work
from zhika.craft import blocking, hearing
from zhika.craft.words import Holder, Side
from zhika.engine.work import Done
from zhika.errors import Refused
from zhika.flows.blocking import BLOCKED, Standing
from zhika.flows.documents import BLOCK_NOTICE
from zhika.lanes.bank.blocking import follow
from zhika.lanes.bank.models import Account
from zhika.ledger import blocks
from zhika.ledger.blocks import Block
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.steps import Paper
from zhika.seat.config import BlockOptions, Seat

OFFICE, BANK = "office", "bank"
SIDES = (OFFICE, BANK)
OTHER = {OFFICE: BANK, BANK: OFFICE}
SOME = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
WORDS = {"call": Standing.CALL, "formal": Standing.FORMAL, "lift": Standing.LIFTED, "cancel": Standing.CANCELLED}
FREE = {Standing.NORMAL, Standing.LIFTED, Standing.LAPSED}
MAY = {
    "call": FREE,
    "formal": FREE | {Standing.CALL},
    "lift": {Standing.CALL, Standing.FORMAL},
    "cancel": FREE | {Standing.CALL, Standing.FORMAL},
}
SAID = {one: one for one in Standing} | {Standing.NORMAL: Standing.LIFTED, Standing.LAPSED: Standing.CALL}
"""The word that holds: a lapse is each side's own, and nobody's word."""
PAPER = Paper(sender="other")


def machine(seat: Seat, here: dict[str, Card]) -> Callable[[], RuleBasedStateMachine]:
    """Two sides in one store: each has a card of its own that stands for the person's one."""

    class BothSides(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            Block.objects.all().delete()
            CardEvent.objects.all().delete()
            Account.objects.update(status=Account.ACTIVATED, closed_for_payment=False)
            self.now, self.producing = NOON, False
            self.days = dict.fromkeys(SIDES, 15)
            self.mail: dict[str, list[pl.DataFrame]] = {side: [] for side in SIDES}
            self.read: dict[str, list[pl.DataFrame]] = {side: [] for side in SIDES}

        @initialize(terms=st.sampled_from([(15, 15), (15, 5), (5, 15), (0, 0), (15, 0), (0, 5)]))
        def terms(self, terms: tuple[int, int]) -> None:
            self.days = dict(zip(SIDES, terms, strict=True))

        # What is done ------------------------------------------------------------------------------------------

        @rule(days=st.integers(0, 12), hours=st.integers(0, 23))
        def wait(self, days: int, hours: int) -> None:
            self.now += timedelta(days=days, hours=hours)

        @rule(side=st.sampled_from(SIDES), name=st.sampled_from(sorted(MAY)))
        def act_as_one_may_not(self, side: str, name: str) -> None:
            if self.stands(side) not in MAY[name] and self.stands(side) is not Standing.CANCELLED:
                self.act(side, name)

        @rule(side=st.sampled_from(SIDES), choice=st.integers(0, 3))
        def act_as_one_may(self, side: str, choice: int) -> None:
            may = [name for name, standings in MAY.items() if self.stands(side) in standings]
            if may:
                self.act(side, may[choice % len(may)])

        def act(self, side: str, name: str) -> None:
            before = self.stands(side)
            held = name == "lift" and before is Standing.FORMAL and self.producing and side == OFFICE
            act = "block" if name in ("call", "formal") else name
            told = {"kind": name} if act == "block" else {"id_no": person(0)["id_no"]}
            asked = self.work(side, act, told)
            try:
                done = getattr(blocking, act)(asked, self.side(side))
            except Refused:
                assert before not in MAY[name] or held
                return
            assert before in MAY[name] and not held
            self.written(side, done)
            assert self.stands(side) is WORDS[name]

        @rule(side=st.sampled_from(SIDES))
        def lapse(self, side: str) -> None:
            before = self.stands(side)
            self.written(side, blocking.lapse(self.work(side, "lapse"), self.side(side)))
            assert self.stands(side) in (before, Standing.LAPSED)

        @precondition(lambda self: not self.producing)
        @rule()
        def start_production(self) -> None:
            self.producing = True

        # What is heard -----------------------------------------------------------------------------------------

        @precondition(lambda self: any(self.mail.values()))
        @rule(data=st.data())
        def read_next(self, data: st.DataObject) -> None:
            side = data.draw(st.sampled_from([side for side in SIDES if self.mail[side]]))
            self.hear(side, self.mail[side].pop(0))

        @precondition(lambda self: any(self.mail.values()))
        @rule(data=st.data())
        def read_out_of_order(self, data: st.DataObject) -> None:
            side = data.draw(st.sampled_from([side for side in SIDES if self.mail[side]]))
            self.hear(side, self.mail[side].pop(data.draw(st.integers(0, len(self.mail[side]) - 1))))

        @precondition(lambda self: any(self.read.values()))
        @rule(data=st.data())
        def read_again(self, data: st.DataObject) -> None:
            side = data.draw(st.sampled_from([side for side in SIDES if self.read[side]]))
            before = self.stands(side)
            self.hear(side, data.draw(st.sampled_from(self.read[side])), again=True)
            assert self.stands(side) is before

        def hear(self, side: str, rows: pl.DataFrame, *, again: bool = False) -> None:
            before = self.stands(side)
            asked = replace(self.work(side, "take_block"), rows=rows, paper=PAPER, batch=here[side].batch)
            self.written(side, hearing.take(asked, self.side(side), weighs_production=side == OFFICE))
            if not again:
                self.read[side].append(rows)
            if before is Standing.CANCELLED:
                assert self.stands(side) is Standing.CANCELLED
            if before is Standing.FORMAL and self.producing and side == OFFICE:
                assert self.stands(side) in (Standing.FORMAL, Standing.CANCELLED)

        # What holds --------------------------------------------------------------------------------------------

        def teardown(self) -> None:
            for _ in range(20):
                for side in SIDES:
                    while self.mail[side]:
                        self.hear(side, self.mail[side].pop(0))
            assert not any(self.mail.values()), "the two sides go on answering each other"
            office, bank = (self.stands(side) for side in SIDES)
            assert SAID[office] is SAID[bank]
            self.now += timedelta(days=40)
            for side in SIDES:
                self.lapse(side)
                assert self.stands(side) is not Standing.CALL or not self.days[side]

        # How ---------------------------------------------------------------------------------------------------

        def stands(self, side: str) -> Standing:
            card = here[side]
            now = blocks.standing(blocks.of([card.pk]), card)
            if side == BANK:
                account = Account.objects.get()
                assert account.closed_for_payment is (now in BLOCKED)
                assert (account.status == Account.CLOSED) is (now is Standing.CANCELLED)
            return now

        def side(self, side: str) -> Side:
            return Side(
                lambda refs: {ref: Holder(person(0)["id_no"], person(0)["name"]) for ref in refs},
                lambda refs: set(refs) if self.producing and side == OFFICE else set(),
                lambda seat, words: follow(seat, [w for w in words if w.card == here[BANK]]),
            )

        def work(self, side: str, act: str, told: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
            card = here[side]
            options = replace(seat, block=BlockOptions(call_days=self.days[side]))
            about = {"people": {card.application_ref: card}, "told": {card.application_ref: told or {}}}
            return work(options, act, now=self.now, reason="GS-1", **about)

        def written(self, side: str, done: Done) -> None:
            if done.write:
                done.write()
            for rows in done.documents.values():
                far = here[OTHER[side]]
                renamed = pl.lit(far.application_ref).alias("app_no"), pl.lit(far.serial).alias("card_serial")
                self.mail[OTHER[side]].append(rows.with_columns(*renamed).select(BLOCK_NOTICE.columns))

    return BothSides


@pytest.fixture
def both(tmp_path: Path, db: None) -> Callable[[], RuleBasedStateMachine]:
    seat = build(tmp_path).seat
    here = {OFFICE: cards(seat, 1)[0], BANK: cards(seat, 1, code="A1-02-261123-02")[0]}
    Account.objects.create(
        application_ref=here[BANK].application_ref, batch_code="A1-02-261123-02", line=0, pan="6222350000000000018",
        expiry="3611", account="1", branch="1402", id_no=person(0)["id_no"], name=person(0)["name"],
    )  # fmt: skip
    return machine(seat, here)


def test_both_sides_stand_the_same_once_all_is_heard(both: Callable[[], RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(both, settings=SOME)

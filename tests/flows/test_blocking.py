"""Loss and blocking as a table: every pair of standings, and what one side makes of the other's word."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhika.flows.blocking import IN_PRODUCTION, SAID, Heard, Standing, hear, objection

NORMAL, CALL, FORMAL, LIFTED, LAPSED, CANCELLED = Standing
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
ALLOWED = {
    (NORMAL, CALL), (LIFTED, CALL), (LAPSED, CALL),  # only normal → temporary
    (NORMAL, FORMAL), (LIFTED, FORMAL), (LAPSED, FORMAL), (CALL, FORMAL),  # normal or temporary → formal
    (CALL, LIFTED), (FORMAL, LIFTED),  # temporary or formal → lifted
    (CALL, LAPSED),  # only what is temporary lapses
    (NORMAL, CANCELLED), (LIFTED, CANCELLED), (LAPSED, CANCELLED), (CALL, CANCELLED), (FORMAL, CANCELLED),
}  # fmt: skip


@pytest.mark.parametrize(("now", "to"), list(product(Standing, Standing)))
def test_exactly_these_standings_may_follow_each_other(now: Standing, to: Standing) -> None:
    assert (not objection(now, to)) == ((now, to) in ALLOWED)


@pytest.mark.parametrize(("now", "to"), list(product(Standing, Standing)))
def test_a_replacement_in_production_holds_a_loss_in_writing_and_nothing_else(now: Standing, to: Standing) -> None:
    held = (now, to) == (FORMAL, LIFTED)
    assert objection(now, to, in_production=True) == (IN_PRODUCTION if held else objection(now, to))


@pytest.mark.parametrize(("now", "said"), list(product(Standing, sorted(SAID, key=lambda one: one.value))))
def test_a_word_that_came_late_or_twice_changes_nothing_but_cancels(now: Standing, said: Standing) -> None:
    late = hear(now, NOON, said, NOON - HOUR)
    assert late == Heard(takes=said is CANCELLED and now is not CANCELLED)
    if said is now:
        assert hear(now, NOON, said, NOON) == Heard()


@pytest.mark.parametrize(("now", "said"), list(product(Standing, sorted(SAID, key=lambda one: one.value))))
def test_a_newer_word_is_taken_where_it_may_follow_and_answered_where_it_may_not(now: Standing, said: Standing) -> None:
    heard = hear(now, NOON, said, NOON + HOUR)
    if now is CANCELLED:
        assert not heard.takes and not heard.answers
    elif (now, said) == (FORMAL, CALL):
        assert heard.answers and heard.note and not heard.takes
    else:
        assert heard.takes and not heard.answers


def test_a_lift_where_nothing_is_blocked_is_kept_so_that_the_call_it_lifts_is_late_when_it_comes() -> None:
    first = hear(NORMAL, None, LIFTED, NOON)
    assert first.takes and "正常" in first.note
    assert hear(LIFTED, NOON, CALL, NOON - HOUR) == Heard()


def test_of_two_words_said_at_the_same_moment_the_stronger_holds() -> None:
    assert hear(CALL, NOON, FORMAL, NOON).takes
    assert hear(FORMAL, NOON, CALL, NOON) == Heard()
    assert hear(LAPSED, NOON, CALL, NOON) == Heard()  # the call that lapsed here, told again


class Side:
    """One side as it says and hears, without tables."""

    def __init__(self) -> None:
        self.now, self.since, self.inbox = NORMAL, None, list[tuple[Standing, datetime]]()

    def says(self, to: Standing, clock: datetime, other: "Side") -> None:
        self.now, self.since = to, max(clock, self.since + TICK) if self.since else clock
        other.inbox.append((to, self.since))

    def hears(self, said: Standing, at: datetime, clock: datetime, other: "Side", *, in_production: bool) -> None:
        heard = hear(self.now, self.since, said, at, in_production=in_production)
        if heard.takes:
            self.now, self.since = said, max(at, self.since) if self.since else at
        elif heard.answers:
            self.says(self.now, max(clock, at + TICK), other)


DONE = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.just("say"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.just("read"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.sampled_from(["wait", "lapse", "produce"]), st.integers(0, 1), st.integers(0, 1)),
)


@settings(max_examples=1_500, deadline=None)
@given(st.lists(DONE, max_size=16))
def test_whatever_is_said_and_in_whatever_order_it_is_heard_both_sides_keep_the_same_word(
    done: list[tuple[str, int, int]],
) -> None:
    sides, clock, producing = (Side(), Side()), NOON, False
    for what, who, choice in done:
        here, other = sides[who], sides[1 - who]
        held = producing and who == 0
        may = [one for one in SAID if not objection(here.now, one, in_production=held)]
        may = sorted((one for one in may if one is not CANCELLED or choice == 0), key=lambda one: one.value)
        if what == "say" and may:
            here.says(may[choice % len(may)], clock, other)
        elif what == "read" and here.inbox:
            here.hears(*here.inbox.pop(choice % len(here.inbox)), clock, other, in_production=held)
        elif what == "lapse" and here.now is CALL:
            here.now = LAPSED
        elif what == "produce":
            producing = True
        elif what == "wait":
            clock += HOUR
    for _ in range(6):
        for who, here in enumerate(sides):
            while here.inbox:
                here.hears(*here.inbox.pop(0), clock, sides[1 - who], in_production=producing and who == 0)
    assert not sides[0].inbox and not sides[1].inbox
    office, bank = ({LAPSED: CALL, NORMAL: LIFTED}.get(side.now, side.now) for side in sides)
    assert office is bank

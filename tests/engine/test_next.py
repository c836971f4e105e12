"""What is ready follows from own rows and documents alone."""

from hypothesis import given
from hypothesis import strategies as st

from zhika.engine.next import ready
from zhika.flows import FLOWS, flow
from zhika.flows.chart import Grain
from zhika.flows.lanes import PLATFORM, Lane

CHART = flow("urban-batch")


def names(**facts: object) -> list[str]:
    return [s.work for s in ready(CHART, Grain.BATCH, **facts)]  # type: ignore[arg-type]


def test_a_step_with_two_senders_waits_for_both_in_any_order() -> None:
    step = CHART.step("print_faces")
    for missing in step.awaits:
        assert names(done=set(), filed=set(step.awaits) - {missing}, here={Lane.SUPPLIER}) == []
    assert names(done=set(), filed=set(step.awaits), here={Lane.SUPPLIER}) == ["print_faces"]


def test_a_row_waits_for_the_earlier_rows_of_its_own_lane_and_for_no_other_lane() -> None:
    filed = {d for s in CHART.steps for d in s.sends}
    assert names(done=set(), filed=filed, here={Lane.BANK}) == ["generate_accounts"]
    assert names(done={(3, "generate_accounts")}, filed=filed, here={Lane.BANK}) == ["return_accounts"]


def test_a_parcel_waits_for_the_card_list_only() -> None:
    step = CHART.step("pass_on")
    assert ready(CHART, Grain.PARCEL, done=set(), filed=set(), here=PLATFORM) == []
    assert ready(CHART, Grain.PARCEL, done=set(), filed=set(step.awaits), here=PLATFORM) == [step]


@given(st.sampled_from(sorted(FLOWS)), st.randoms())
def test_every_chart_runs_to_its_end_whatever_order_ready_rows_are_taken_in(name: str, random) -> None:  # type: ignore[no-untyped-def]
    chart = FLOWS[name]
    done, sent, order = set(), set(), []
    while True:
        free = [s for g in Grain for s in ready(chart, g, done=done, filed=sent, here=frozenset(Lane))]
        if not free:
            break
        step = random.choice(free)
        done.add(step.key)
        sent |= set(step.sends)
        order.append(step)
    assert len(order) == len(chart.steps)

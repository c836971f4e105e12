"""Nobody hands out, or fetches as a proxy, a card that he collected, confirmed, formed or asked for himself."""

from datetime import UTC, datetime

import pytest

from tests.lanes.house import OFFICE
from tests.lanes.street import CLERK, Street, serial
from zhika.engine import each, origins
from zhika.errors import NotAllowed, Refused
from zhika.flows import FLOWS
from zhika.flows.own import ASKERS, MAKERS
from zhika.ledger.batches import organisation
from zhika.ledger.cards import CardEvent
from zhika.ledger.steps import StepRecord
from zhika.people.models import Application, Request

COLLECTED, CONFIRMED, FORMED = "陈明", "王芳", "周"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(("by", "what"), [(COLLECTED, "采集"), (CONFIRMED, "数据确认"), (FORMED, "组批")])
def test_who_made_a_card_does_not_hand_it_out(street: Street, by: str, what: str) -> None:
    for name in (by, f" {by} "):
        with pytest.raises(NotAllowed, match=f"「{what}」是同一人所为"):
            street.hand_out(1, 2, by=name)
    assert not CardEvent.objects.filter(kind="hand_out").exists()
    assert street.hand_out(1, 2) == 2


def test_a_proxy_is_none_of_those_either(street: Street) -> None:
    other = street.application(2).person.id_no
    proxy = {"by": "proxy", "proxy_id": other, "relation": "邻居"}
    for name in (COLLECTED, CONFIRMED, FORMED):
        with pytest.raises(Refused, match="代领人是这张卡的经办人"):
            hand_to_proxy(street, name, proxy)
    assert hand_to_proxy(street, "林大树", proxy) == 1


def hand_to_proxy(street: Street, name: str, told: dict[str, str]) -> int:
    facts = {serial(1): {**told, "proxy_name": name, "id_no": street.application(1).person.id_no}}
    return each.do_cards(street.seat, "hand_out", facts, by=CLERK, evidence="签领表 17")


def test_only_the_lots_own_collector_is_barred(street: Street) -> None:
    """Another lot's clerk may hand out: what counts is where each card came from."""
    Application.objects.filter(ref=street.card(1).application_ref).update(lot="L-other")
    record = StepRecord.objects.filter(function="collect").get()
    record.pk, record.subject, record.by = None, "L-other", "别人"
    record.save()
    assert street.hand_out(1, by=COLLECTED) == 1
    with pytest.raises(NotAllowed):
        street.hand_out(2, by=COLLECTED)
    with pytest.raises(NotAllowed, match="其中 1 张卡"):
        origins.check(
            "x", [street.card(n).application_ref for n in (1, 2)], process="urban-batch", by="别人", not_by=MAKERS
        )


def test_a_new_start_has_the_doers_of_the_first_application_too(street: Street) -> None:
    first = street.application(1)
    again = Application.objects.create(
        ref="A26112399999999", person=first.person, process="urban-batch", live=False, restarts=first, made_at=NOW
    )
    assert origins.doers([again.ref], MAKERS)[again.ref] == {
        COLLECTED: "collect", CONFIRMED: "confirm", "高远": "confirm", FORMED: "form",  # who signed beside, too
    }  # fmt: skip


def test_who_entered_or_sent_a_request_is_known_for_it(street: Street) -> None:
    refs = [street.card(n).application_ref for n in (1, 2)]
    Request.objects.create(
        ref=refs[0], process="urban-new", kind="new", office=organisation(OFFICE), entered_by="柜员甲", entered_at=NOW
    )
    StepRecord.objects.create(
        subject_kind="application", subject=refs[0], process="urban-new", number=2, lane="insured", function="apply",
        happened_at=NOW, booked_at=NOW, by="柜员乙",
    )  # fmt: skip
    assert origins.doers(refs, ASKERS) == {refs[0]: {"柜员甲": "fill_form", "柜员乙": "apply"}, refs[1]: {}}


def test_every_row_that_gives_a_card_away_says_who_may_not_do_it() -> None:
    rows = [(flow.name, step) for flow in FLOWS.values() for step in flow.steps if step.work == "hand_out"]
    assert len(rows) == 6
    for name, step in rows:
        assert step.not_by == (MAKERS if name.endswith("batch") else ASKERS)


def test_the_look_up_takes_the_same_few_queries_for_any_number_of_cards(
    street: Street,
    django_assert_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    refs = [street.card(n).application_ref for n in range(1, 7)]
    for some in (refs[:1], refs):
        with django_assert_num_queries(3):
            origins.doers(some, MAKERS)

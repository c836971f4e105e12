"""`zhika requests`: how far each request has come, all or those of one state."""

import json

import pytest
from django.utils import timezone
from tests.lanes.house import House

from zhika.cli import counter
from zhika.errors import ConfigurationError
from zhika.ledger.batches import organisation
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.places import today
from zhika.people.models import Application, Request

REFS = {shown: f"A2611230000000{n}" for n, shown in enumerate(counter.SHOWN, 1)}


@pytest.fixture(autouse=True)
def asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request in each state; of those reviewed one with its card in hand, and one whose person will get none."""
    monkeypatch.setattr(counter, "here", lambda: house.seat)
    codes, now = {title: code for code, title in counter.STATES.items()}, timezone.now()
    for shown, ref in REFS.items():
        Request.objects.create(
            ref=ref, process="urban-new", kind="new", office=organisation("02", kind="centre"), entered_by="陈",
            state=codes.get(shown, Request.REVIEWED), entered_at=now,
        )  # fmt: skip
    batch = house.batch()
    person = Application.objects.filter(batch_code=batch.code)[0].person
    Application.objects.create(
        ref=REFS[counter.ENDED], person=person, process="urban-new", live=False, made_at=now
    )  # fmt: skip
    card = Card.objects.filter(batch=batch)[0]
    Card.objects.filter(pk=card.pk).update(application_ref=REFS[counter.COLLECTED])
    CardEvent.objects.create(card=card, kind="hand_out", happened_at=now, booked_day=today(), by="陈")


@pytest.mark.parametrize("state", REFS)
def test_of_one_state_only_its_requests_are_listed(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    counter.requests(state=state, as_json=True)
    assert [row["ref"] for row in json.loads(capsys.readouterr().out)] == [REFS[state]]


def test_all_are_listed_each_with_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    counter.requests()
    said = capsys.readouterr().out.splitlines()
    for shown, ref in REFS.items():
        assert any(ref in line and shown in line for line in said)


def test_a_state_that_is_none_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"没有状态 applied。可用: 已填表、待审核.*已终止"):
        counter.requests(state="applied")
    Request.objects.filter(state=Request.REFUSED).delete()
    counter.requests(state=counter.STATES[Request.REFUSED])
    assert capsys.readouterr().out == "没有这样的申请。\n"

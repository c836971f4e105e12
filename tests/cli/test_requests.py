"""`zhika requests`: how far each request has come, all or those of one state."""

import json

import pytest
from django.utils import timezone
from tests.lanes.house import House

from zhika.cli import counter
from zhika.errors import ConfigurationError
from zhika.ledger.batches import organisation
from zhika.people.models import Request


@pytest.fixture(autouse=True)
def asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request in each state."""
    monkeypatch.setattr(counter, "here", lambda: house.seat)
    office = organisation("02", kind="centre")
    for n, state in enumerate(counter.STATES, 1):
        Request.objects.create(
            ref=f"A2611230000000{n}", process="urban-new", kind="new", office=office, entered_by="陈", state=state,
            entered_at=timezone.now(),
        )  # fmt: skip


@pytest.mark.parametrize("state", [*counter.STATES.values(), ""])
def test_of_one_state_only_its_requests_are_listed(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    counter.requests(state=state, as_json=True)
    found = [row["state"] for row in json.loads(capsys.readouterr().out)]
    assert found == [code for code, title in counter.STATES.items() if state in ("", title)]


def test_a_state_that_is_none_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"没有状态 applied。可用: 已填表、待审核.*已终止"):
        counter.requests(state="applied")
    counter.requests(state=counter.COLLECTED)
    assert capsys.readouterr().out == "没有这样的申请。\n"

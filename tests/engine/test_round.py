"""A round of `zhika work`: one fault keeps nothing else from going on, and it costs what is open alone."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.engine.two_seats import Sender, formed
from zhika.engine import acts, batches, carrying, desk, each, loop, parcels, plastic, registry
from zhika.engine.todo import todo
from zhika.engine.work import Bound, Subject
from zhika.errors import Busy, NotReady
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import CARD_LIST, EXCEPTIONS
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.places import Handover, State, place
from zhika.ledger.steps import Paper, StepRecord, Trouble
from zhika.seat.config import MailOptions, Seat

pytestmark = pytest.mark.django_db


def quietly(*_: object) -> None:
    """Nobody listens."""


def troubles() -> set[tuple[str, str]]:
    return set(Trouble.objects.filter(tries__gt=0).values_list("function", "subject"))


# Kept apart ---------------------------------------------------------------------------------------------------------


def mailbox_out_of_reach(seat: Seat, _: pytest.MonkeyPatch) -> tuple[Seat, str]:
    (seat.home / "no-folder").write_text("x")
    return dataclasses.replace(seat, mail=MailOptions(inbox=str(seat.home / "no-folder" / "in"))), "fetch"


def file_of_a_document_gone(seat: Seat, _: pytest.MonkeyPatch) -> tuple[Seat, str]:
    paper = desk.file(
        seat, EXCEPTIONS, pl.DataFrame([EXCEPTIONS.example]), Subject(Grain.BATCH, "B1"), process="urban-batch",
        batch_code="B1", sender_lane=Lane.BANK, sender="icbc", receiver=seat.name,
    )  # fmt: skip
    desk.file_of(seat, paper.sha256).unlink()
    return seat, "read"


def lane_that_cannot_say_what_is_due(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> tuple[Seat, str]:
    monkeypatch.setattr(registry, "DUE", [raises])
    monkeypatch.setattr(loop, "DUE", [raises])
    return seat, "due"


def tray_that_cannot_be_shipped(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> tuple[Seat, str]:
    batch = Batch.objects.get(code="B1")
    Handover.objects.create(
        code="B1~card-list", from_organisation=organisation("ylz"), to_organisation=organisation("02"), batch=batch,
        group=plastic.batch_group(batch), document="card-list", subject_kind="batch", subject="B1", given=1,
        trays=["B1.good.tray"], given_at=timezone.now(),
    )  # fmt: skip
    (seat.bench("ylz", "bench") / "B1.good.tray").write_bytes(b"")
    monkeypatch.setattr(carrying.trays, "move", raises)
    return seat, "ship"


def row_that_cannot_be_closed(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> tuple[Seat, str]:
    Batch.objects.filter(code="B1").update(closed_at=timezone.now())
    monkeypatch.setattr(each, "_counts", raises)
    return seat, "close_rows"


def batch_that_cannot_be_closed(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> tuple[Seat, str]:
    monkeypatch.setattr(batches, "_last_row_done", raises)
    return seat, "close"


def raises(*_: object, **__: object) -> bool:
    raise ValueError("out of order")


@pytest.mark.parametrize(
    "fault",
    [
        mailbox_out_of_reach, file_of_a_document_gone, lane_that_cannot_say_what_is_due, tray_that_cannot_be_shipped,
        row_that_cannot_be_closed, batch_that_cannot_be_closed,
    ],
)  # fmt: skip
def test_one_fault_is_shown_and_keeps_nothing_else_of_the_round_from_being_done(
    platform: Seat, bank: Sender, monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Seat, pytest.MonkeyPatch], tuple[Seat, str]],
) -> None:  # fmt: skip
    monkeypatch.setattr(loop, "run", lambda *_, **__: False)
    seat, function = fault(platform, monkeypatch)
    bank.send(1)
    for _ in range(4):
        loop.work_once(seat, quietly)
    assert Paper.objects.filter(type="account-file").exists()
    assert (seat.home / "mail" / "out" / "icbc" / "platform-000001-receipt.json").exists()
    assert {name for name, _ in troubles()} == {function}
    (shown,) = [item for item in todo(seat) if item.kind == "trouble"]
    assert (shown.work == function and "ValueError" in shown.title) or function in ("fetch", "read")


# Waiting ------------------------------------------------------------------------------------------------------------


def waiting(seat: Seat) -> list[tuple[str, str, str]]:
    return [(item.work, item.subject, item.title) for item in todo(seat) if item.kind == "waiting"]


def test_what_is_not_ready_is_shown_with_what_it_waits_for_until_it_is_done(
    platform: Seat, bank: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Exception] = [*[NotReady("模块库存不足, 尚缺 3")] * 2, Busy("另一进程")]

    def run(*_: object, **__: object) -> bool:
        if answers:
            raise answers.pop(0)
        return False

    monkeypatch.setattr(loop, "run", run)
    loop.work_once(platform, quietly)
    first = Trouble.objects.get().at
    for _ in range(2):
        assert waiting(platform) == [("submit_production_data", "B1", "等待: 模块库存不足, 尚缺 3")]
        loop.work_once(platform, quietly)
    assert Trouble.objects.get().at == first
    loop.work_once(platform, quietly)
    assert waiting(platform) == [] and not Trouble.objects.exists()


def test_what_somebody_else_has_done_meanwhile_waits_no_more(
    platform: Seat, bank: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_yet(*_: object, **__: object) -> bool:
        raise NotReady("料盘未到")

    monkeypatch.setattr(loop, "run", not_yet)
    loop.work_once(platform, quietly)
    assert waiting(platform)
    record(Batch.objects.get(code="B1"), "submit_production_data")
    loop.work_once(platform, quietly)
    assert waiting(platform) == []


def test_a_batch_in_another_worker_s_hands_is_nothing_to_be_shown(
    platform: Seat, bank: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: object, **__: object) -> bool:
        raise Busy("正由另一进程办理")

    monkeypatch.setattr(loop, "run", taken)
    loop.work_once(platform, quietly)
    assert waiting(platform) == [] and not Trouble.objects.exists()


# What a round costs -------------------------------------------------------------------------------------------------


def record(batch: Batch, work: str, subject: Subject | None = None) -> None:
    step = FLOWS[batch.process].step(work)
    about = subject or Subject(Grain.BATCH, batch.code)
    StepRecord.objects.create(
        subject_kind=about.kind, subject=about.code, batch=batch, process=batch.process, number=step.number,
        lane=step.lane, function=work, happened_at=timezone.now(), booked_at=timezone.now(), by="test",
    )  # fmt: skip


def finished(seat: Seat, code: str) -> Batch:
    """A batch of which every row of the platform is done."""
    batch = formed(code)
    parcel = plastic.parcel_group(batch, "100000")
    for step in FLOWS[batch.process].steps:
        if step.lane in seat.lanes and not step.grain.before_batch:
            record(batch, step.work)
    record(batch, "pass_on", Subject(Grain.PARCEL, parcel.code))
    Batch.objects.filter(pk=batch.pk).update(closed_at=timezone.now())
    return batch


def listed(seat: Seat, batch: Batch) -> None:
    """The bank's card list, counted at the office."""
    paper = desk.file(
        seat, CARD_LIST, pl.DataFrame([CARD_LIST.example]), Subject(Grain.BATCH, batch.code), process=batch.process,
        batch_code=batch.code, sender_lane=Lane.BANK, sender="icbc", receiver=seat.name,
        handover=f"{batch.code}~card-list",
    )  # fmt: skip
    Paper.objects.filter(pk=paper.pk).update(counted=True)


def cost(do: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        do()
    return len(asked)


def test_an_idle_round_asks_no_more_however_many_batches_have_ended(platform: Seat) -> None:
    costs = []
    for n in (2, 20):
        for at in range(n):
            finished(platform, f"A1-02-26{n:02}-{at:02}")
        loop.work_once(platform, quietly)
        assert not Batch.objects.filter(ended_at=None).exists()
        costs.append(cost(lambda: loop.work_once(platform, quietly)))
    assert costs[0] == costs[1]


def test_a_batch_with_a_parcel_to_pass_on_has_not_ended_and_one_that_gets_another_is_open_again(
    platform: Seat, tmp_path: Path
) -> None:
    batch = finished(platform, "B1")
    listed(platform, batch)
    waits = plastic.parcel_group(batch, "200000")
    loop.work_once(platform, quietly)
    assert [str(s) for s, _, _ in loop.due_rows(platform)] == [waits.code]
    assert not Batch.objects.filter(ended_at__isnull=False).exists()
    record(batch, "pass_on", Subject(Grain.PARCEL, waits.code))
    loop.work_once(platform, quietly)
    assert Batch.objects.filter(ended_at__isnull=False).exists()
    batches.create(platform, "B2", "urban-batch", batch.office, [("A1", "35", "x", "300000")], {})
    again = Batch.objects.get(code="B2")
    Batch.objects.filter(pk=again.pk).update(ended_at=timezone.now())
    plastic.bind(again, again.office, {"A1": Bound("QZ1", "F1")}, outside(again), by="test", step=None)
    assert parcels.prepare(again, again.office) == ["B2.300000"]
    assert Batch.objects.filter(code="B2", ended_at=None).exists()


def outside(batch: Batch):  # type: ignore[no-untyped-def]
    return place(organisation("icbc"), State.OUTSIDE, plastic.batch_group(batch))


@pytest.fixture
def counted(platform: Seat) -> Callable[[int], Batch]:
    """A batch of so many units whose good cards lie at the office, each unit's in a parcel; 3 cards a unit."""

    def make(units: int) -> Batch:
        people = [(f"A{units}-{n}", "35", "x", f"{100_000 + n % units}") for n in range(3 * units)]
        batch = batches.create(platform, f"B{units}", "urban-batch", organisation("02", kind="centre"), people, {})
        bound = {app: Bound(f"QZ{app}", f"F{app}") for app, *_ in people}
        plastic.bind(batch, batch.office, bound, outside(batch), by="test", step=None)
        parcels.prepare(batch, batch.office)
        listed(platform, batch)
        for step in FLOWS[batch.process].steps:
            if step.lane is Lane.CENTRE and step.grain is Grain.BATCH:
                record(batch, step.work)
        return batch

    return make


def test_the_parcels_of_a_batch_are_listed_with_as_many_questions_however_many_units_it_has(
    platform: Seat, counted: Callable[[int], Batch]
) -> None:
    costs = []
    for units in (2, 12):
        Batch.objects.update(ended_at=timezone.now())
        counted(units)
        costs.append(cost(lambda: todo(platform)))
        shown = [(item.subject, item.n) for item in todo(platform) if item.work == "pass_on"]
        assert shown == [(f"B{units}.{100_000 + n}", 3) for n in range(units)]
    assert costs[0] == costs[1]


def test_a_parcel_holds_the_cards_of_its_unit(platform: Seat, counted: Callable[[int], Batch]) -> None:
    batch = counted(3)
    inside = [parcels.inside(code) for code in parcels.open_codes(batch)]
    assert [len(cards) for cards in inside] == [3, 3, 3] and len(set.union(*inside)) == 9


def test_an_act_by_hand_on_one_batch_asks_nothing_of_the_others(platform: Seat) -> None:
    formed("B1")
    before = cost(lambda: list(loop.due_rows(platform, "B1")))
    for n in range(2, 12):
        formed(f"B{n}")
    assert [str(s) for s, _, _ in loop.due_rows(platform, "B1")] == ["B1"]
    assert cost(lambda: list(loop.due_rows(platform, "B1"))) == before
    assert acts.run_awaiting(platform, first=True) == 0

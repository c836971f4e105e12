"""重新发起: whoever failed waits until the cause is mended, and starts again once, under a new number."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.lanes.house import OFFICE, House
from tests.lanes.workshop import Killed
from zhika.engine import desk, plastic
from zhika.engine.acts import act
from zhika.engine.registry import ACT_FUNCTIONS
from zhika.engine.todo import Todo, todo
from zhika.engine.work import ActWork, Done
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows.acts import BY_NAME
from zhika.flows.causes import CAUSES
from zhika.flows.documents import RURAL_FACE_DATA
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import restarting
from zhika.lanes.integrator.models import Production
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, Failure
from zhika.ledger.places import today
from zhika.ledger.steps import Paper
from zhika.people import restarts
from zhika.people.models import Application, Cleared, Person

RESTART = Lane.INTEGRATOR, "restart"
GROUP = f"urban-batch/{OFFICE}"


@pytest.fixture
def batch(house: House) -> Batch:
    return house.batch()


def refs(batch: Batch) -> list[str]:
    return list(Card.objects.filter(batch=batch).order_by("line").values_list("application_ref", flat=True))


def fail(batch: Batch, causes: dict[str, str]) -> None:
    plastic.fail(batch, causes, step="finish", source="icbc")


def restart(house: House, subject: str, **told: str) -> bool:
    return act(house.seat, "restart", subject, by=told.pop("by", "周"), reason=told.pop("reason", "原因已排除"))


def clear(house: House, ref: str, **facts: str) -> bool:
    return act(house.seat, "clear_cause", ref, by="王芳", reason="已到网点核对", facts=facts)


def listed(house: House) -> list[tuple[str, str, int]]:
    found: list[Todo] = list(restarting.todo(house.seat))
    return [(item.work, item.subject, item.n) for item in found]


def working(house: House, subject: str) -> ActWork:
    """The act as its function sees it."""
    return ActWork(seat=house.seat, act=BY_NAME["restart"], subject=subject, by="周", reason="再试")


def successor(ref: str) -> Application:
    return Application.objects.get(restarts__ref=ref)


def test_a_new_start_takes_the_failed_ones_place_under_a_new_number(house: House, batch: Batch) -> None:
    one, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    assert restart(house, one)
    old, new = Application.objects.get(ref=one), successor(one)
    assert (old.live, old.pending, new.live, new.pending) == (False, False, True, False)
    assert (new.person_id, new.process, new.batch_code) == (old.person_id, old.process, "") and new.ref != old.ref
    assert act(house.seat, "form", f"{GROUP}", by="周")
    card = Card.objects.get(application_ref=new.ref)
    assert (card.attempt, card.batch.code != batch.code) == (2, True)
    assert not restarts.waiting()


def test_nobody_starts_again_who_has_not_failed_or_has_started_again(house: House, batch: Batch) -> None:
    one, other, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    assert restart(house, f"{GROUP}/chip-dead")
    for subject in (one, other, "A0", f"{GROUP}/chip-dead#{one}", f"{GROUP}/misprint", "rural-batch/02/chip-dead"):
        with pytest.raises(NotReady, match=f"{subject}: 没有等待重新发起的人"):
            restart(house, subject)
    assert Application.objects.filter(restarts__isnull=False).count() == 1


def test_the_same_act_on_the_same_subject_changes_nothing_more(house: House, batch: Batch) -> None:
    one, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    assert restart(house, one) and not restart(house, one)
    assert Application.objects.filter(restarts__isnull=False).count() == 1


def test_a_cause_that_others_mend_must_be_cleared_first_with_the_correction(house: House, batch: Batch) -> None:
    one, *_ = refs(batch)
    fail(batch, {one: "name-differs"})
    with pytest.raises(NotReady, match=f"{one}: 原因尚未排除"):
        restart(house, one)
    assert listed(house) == [("clear_cause", one, 1)]
    with pytest.raises(Refused, match="不能更正"):
        clear(house, one, id_no="350502199001010018")
    assert clear(house, one, name="陈阿三", phone="13900001234")
    assert Person.objects.filter(name="陈阿三", phone="13900001234").count() == 1
    assert Cleared.objects.values_list("ref", "corrected").get() == (one, "name,phone")
    assert restart(house, one) and successor(one).person.name == "陈阿三"


def test_what_needs_nobody_outside_is_not_to_be_cleared(house: House, batch: Batch) -> None:
    one, other, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    with pytest.raises(NotReady, match="不须排除原因, 可直接重新发起"):
        clear(house, one)
    with pytest.raises(NotReady, match="没有在等待重新发起"):
        clear(house, other)
    assert not Cleared.objects.exists()


def test_somebody_gives_a_name_and_a_reason(house: House, batch: Batch) -> None:
    one, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    for told in ({"reason": " "}, {"by": ""}):
        with pytest.raises(NotAllowed):
            restart(house, one, **told)
    assert [item[0] for item in listed(house)] == ["restart"]


@pytest.mark.parametrize("cause", sorted(cause.code for cause in CAUSES.values() if not cause.again))
def test_whose_cause_ends_the_matter_does_not_wait(house: House, batch: Batch, cause: str) -> None:
    one, *_ = refs(batch)
    fail(batch, {one: cause})
    assert restarts.waiting() == [] and listed(house) == []


def test_a_group_of_one_cause_starts_together_and_leaves_the_others(house: House, batch: Batch) -> None:
    one, two, three, four, *_ = refs(batch)
    fail(batch, {one: "chip-dead", two: "chip-dead", three: "misprint", four: "name-differs"})
    about = f"{GROUP}/chip-dead#{two}"
    others = [("restart", f"{GROUP}/misprint#{three}", 1), ("clear_cause", four, 1)]
    assert listed(house) == [("restart", about, 2), *others]
    assert restart(house, about)
    again = Application.objects.filter(restarts__isnull=False)
    assert set(again.values_list("restarts__ref", flat=True)) == {one, two}
    assert listed(house) == others


def test_a_later_failure_of_the_same_cause_makes_another_subject(house: House, batch: Batch) -> None:
    one, two, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    assert restart(house, f"{GROUP}/chip-dead#{one}")
    fail(batch, {two: "chip-dead"})
    assert listed(house) == [("restart", f"{GROUP}/chip-dead#{two}", 1)]
    assert restart(house, f"{GROUP}/chip-dead#{two}")


def test_an_overdue_cause_is_shown_so(house: House, batch: Batch) -> None:
    one, two, *_ = refs(batch)
    fail(batch, {one: "name-differs", two: "name-differs"})
    late = timezone.now() - timedelta(days=house.seat.batch.mending_days, minutes=1)
    Failure.objects.filter(card__application_ref=one).update(happened_at=late)
    titles = {item.subject: item.title for item in todo(house.seat) if item.work == "clear_cause"}
    assert set(titles) == {one, two} and all("逾期 1" in title for title in titles.values())


def test_killed_before_the_books_nothing_stands_and_the_next_try_gives_the_same_number(
    house: House, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    real = ACT_FUNCTIONS[RESTART]
    wanted = restarts.numbers("A", today().strftime("%y%m%d"), restarts.waiting())

    def killed(work: ActWork) -> Done:
        done = real(work)

        def write() -> None:
            assert done.write is not None
            done.write()
            raise Killed

        return Done(write=write)

    monkeypatch.setitem(ACT_FUNCTIONS, RESTART, killed)
    with pytest.raises(Killed):
        restart(house, one)
    assert Application.objects.get(ref=one).live and not Application.objects.filter(restarts__isnull=False).exists()
    monkeypatch.setitem(ACT_FUNCTIONS, RESTART, real)
    assert restart(house, one) and successor(one).ref == wanted[one]


def test_of_two_desks_at_once_one_starts_the_person_again(house: House, batch: Batch) -> None:
    """Both looked before either wrote: one by the number, the other by the cause."""
    one, two, *_ = refs(batch)
    fail(batch, {one: "chip-dead", two: "chip-dead"})
    desks = [restarting.restart(working(house, subject)) for subject in (one, f"{GROUP}/chip-dead#{two}")]
    first, second = (done.write for done in desks)
    assert first is not None and second is not None
    first()
    with pytest.raises(NotReady, match=f"{one}: 刚刚已由另一人重新发起"):
        second()
    assert Application.objects.filter(restarts__ref=one).count() == 1


def test_a_failed_replacement_starts_again_as_one_and_the_old_card_stays_live(house: House, batch: Batch) -> None:
    one, *_ = refs(batch)
    old = Application.objects.get(ref=one)
    made = Application.objects.create(
        ref="A26112399999999", person=old.person, process="urban-replacement", kind=Application.REPLACEMENT,
        replaces=old, live=False, pending=True, batch_code=batch.code, made_at=timezone.now(),
    )  # fmt: skip
    Card.objects.filter(application_ref=refs(batch)[5]).update(application_ref=made.ref)
    fail(batch, {made.ref: "chip-dead"})
    assert restart(house, made.ref)
    new = successor(made.ref)
    assert (new.kind, new.live, new.pending) == (Application.REPLACEMENT, False, True) and new.replaces == old
    made.refresh_from_db()
    old.refresh_from_db()
    assert (made.pending, old.live) == (False, True)


def test_a_new_start_of_the_rural_chart_gets_the_card_number_that_no_lot_has_given_it(village: House) -> None:
    batch = village.batch()
    one, *_ = refs(batch)
    fail(batch, {one: "chip-dead"})
    assert restart(village, one) and act(village.seat, "form", f"rural-batch/{OFFICE}", by="周")
    again = Card.objects.select_related("batch").get(application_ref=successor(one).ref)
    village.stock(1)
    assert act(village.seat, "load_material", "M-1", by="周")
    assert village.row(again.batch.code, "submit_faces", Lane.INTEGRATOR)
    numbers = dict(Production.objects.values_list("app_no", "ssc_no"))
    assert numbers[again.application_ref] not in {numbers[ref] for ref in refs(batch)}
    (paper,) = Paper.objects.filter(type=RURAL_FACE_DATA.code)
    (row,) = desk.read(village.seat, paper).iter_rows(named=True)
    assert (row["app_no"], row["ssc_no"]) == (again.application_ref, numbers[again.application_ref])

"""重新发起 (document, item 6): once its cause is mended the integrator starts a person again, under a new number."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from zhika.engine.todo import Todo, command
from zhika.engine.work import ActWork, Done
from zhika.errors import NotReady
from zhika.flows import causes
from zhika.flows.lanes import Lane
from zhika.ledger.places import SHANGHAI
from zhika.people import restarts
from zhika.people.restarts import Waiting
from zhika.seat.config import Seat


def restart(work: ActWork) -> Done:
    """Raises NotReady where nobody of the subject waits, or the cause has yet to be mended outside."""
    chosen = _chosen(work.subject)
    ready = [one for one in chosen if one.startable]
    if not ready:
        lack = "原因尚未排除 (zhika do clear_cause)" if chosen else "没有等待重新发起的人"
        raise NotReady(f"{work.subject}: {lack}")
    day = work.now.astimezone(SHANGHAI).strftime("%y%m%d")
    refs = restarts.numbers(work.seat.integrator.application_prefix, day, ready)
    return Done(write=lambda: restarts.start(ready, refs), n_in=len(chosen), n_out=len(ready))


def _chosen(subject: str) -> list[Waiting]:
    process, slash, rest = subject.partition("/")
    if not slash:
        return restarts.waiting([subject])
    office, _, cause = rest.partition("/")
    return [one for one in restarts.waiting() if _key(one) == (process, office, cause.partition("#")[0])]


def _key(one: Waiting) -> tuple[str, str, str]:
    return one.application.process, one.application.person.office.code, one.cause


def todo(seat: Seat) -> Iterator[Todo]:
    """Who waits, by process, office and cause: with the integrator's command, or for whom it waits, overdue ones first.

    The newest number makes the subject another one each time, so that a later group may be started too.
    """
    now = timezone.now()
    groups: dict[tuple[tuple[str, str, str], bool], list[Waiting]] = {}
    for one in restarts.waiting():
        if one.application.process in seat.processes:
            groups.setdefault((_key(one), one.startable), []).append(one)
    for ((process, office, cause), startable), some in groups.items():
        late = sum(one.overdue(seat.batch.mending_days, now) for one in some)
        title = f"{'重新发起' if startable else '待排除原因'}: {causes.title(cause)}" + (
            f" (逾期 {late})" if late else ""
        )
        if startable:
            about = f"{process}/{office}/{cause}#{max(one.application.ref for one in some)}"
            yield _item(Lane.INTEGRATOR, "restart", title, about, len(some), some[0].since, Lane.INTEGRATOR.title)
        else:
            for one in some:
                whom = causes.CAUSES[cause].mended_by
                yield _item(Lane.CENTRE, "clear_cause", title, one.application.ref, 1, one.since, whom)


def _item(lane: Lane, work: str, title: str, about: str, n: int, since: datetime, whom: str) -> Todo:
    return Todo(lane, work, title, about, n, since, whom, command(work, about, "<reason>"), "act")

"""A step or act that raises is tried three times, then set aside with its error and shown; others go on.

What is not ready keeps the text that says what it waits for, until it is done or nobody asks for it any more.
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from django.db.models import F
from django.utils import timezone

from zhika.card.tray import TrayBusy
from zhika.engine.work import Subject
from zhika.errors import Busy, NotReady, ZhikaError
from zhika.ledger.mail import stuck
from zhika.ledger.steps import Trouble

TRIES = 3
T = TypeVar("T")
_met: set[int] = set()
"""What this worker has found waiting in the round that it is at: primary keys."""


def attempt(subject: Subject, function: str, do: Callable[[], T], *, again: timedelta | None = None) -> T | None:
    """What `do` returns; None when it raised, is not ready, or was set aside before.

    A tray or a batch in another worker's hands is no error, and nothing to be shown. `again`: what was set aside so
    long ago is tried once more, as befits a mailbox that was out of reach.
    """
    key = {"subject_kind": subject.kind, "subject": subject.code, "function": function}
    known = Trouble.objects.filter(**key).first()
    if known and known.tries >= TRIES and (again is None or known.at > timezone.now() - again):
        return None
    try:
        done = do()
    except (TrayBusy, Busy):
        if known:
            _met.add(known.pk)
        return None
    except NotReady as waits:
        text = describe(waits)
        if known is None or (known.tries, known.error) != (0, text):  # an idle round writes nothing
            known, _ = Trouble.objects.update_or_create(
                defaults={"tries": 0, "error": text, "at": timezone.now()}, **key
            )
        _met.add(known.pk)
        return None
    except Exception as error:  # noqa: BLE001 - the one place where work of all kinds is kept apart
        Trouble.objects.get_or_create(defaults={"error": "", "at": timezone.now()}, **key)
        Trouble.objects.filter(**key).update(tries=F("tries") + 1, error=describe(error), at=timezone.now())
        return None
    if known:
        known.delete()
    return done


@contextmanager
def one_round() -> Iterator[None]:
    """A round of `zhika work`: what waited before it and was not asked for in it waits no more."""
    _met.clear()
    before = set(Trouble.objects.filter(tries=0).values_list("pk", flat=True))
    yield
    if gone := before - _met:
        Trouble.objects.filter(pk__in=gone, tries=0).delete()


def describe(error: Exception) -> str:
    """Our own errors by their text; others by kind and place alone, for their text may hold a person's data."""
    if isinstance(error, ZhikaError):
        return str(error)[:2_000]
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.filename.rsplit('/zhika/')[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} ({places})"


def retry() -> int:
    """Let everything that raised be tried again, once its cause is mended. Returns how many."""
    raised, _ = Trouble.objects.filter(tries__gt=0).delete()
    return raised + stuck().update(again=0, published=False)

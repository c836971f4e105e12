"""A step or act that raises is tried three times, then set aside with its error and shown; others go on."""

import traceback
from collections.abc import Callable
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from zhika.card.tray import TrayBusy
from zhika.engine.work import Subject
from zhika.errors import NotReady, ZhikaError
from zhika.ledger.mail import stuck
from zhika.ledger.steps import Trouble

TRIES = 3


def attempt(subject: Subject, function: str, do: Callable[[], bool], *, again: timedelta | None = None) -> bool | None:
    """What `do` returns; None when it raised or was set aside before. A tray in another worker's hands is no error.

    `again`: what was set aside so long ago is tried once more, as befits a mailbox that was out of reach.
    """
    key = {"subject_kind": subject.kind, "subject": subject.code, "function": function}
    known = Trouble.objects.filter(**key)
    aside = known.filter(tries__gte=TRIES)
    if again is not None:
        aside = aside.filter(at__gt=timezone.now() - again)
    if aside.exists():
        return None
    try:
        done = do()
    except (TrayBusy, NotReady):
        return None
    except Exception as error:  # noqa: BLE001 - the one place where work of all kinds is kept apart
        known.get_or_create(defaults={"error": "", "at": timezone.now()}, **key)
        known.update(tries=F("tries") + 1, error=describe(error), at=timezone.now())
        return None
    if done:
        known.delete()
    return done


def describe(error: Exception) -> str:
    """Our own errors by their text; others by kind and place alone, for their text may hold a person's data."""
    if isinstance(error, ZhikaError):
        return str(error)[:2_000]
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.filename.rsplit('/zhika/')[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} ({places})"


def retry() -> int:
    """Let everything that was set aside be tried again, once its cause is mended. Returns how many."""
    return Trouble.objects.update(tries=0) + stuck().update(again=0, published=False)

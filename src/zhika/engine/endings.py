"""How it ended: for whoever left a batch, and for an application, new starts followed to the last."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from zhika.flows.causes import CAUSES, WITHDRAWN
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.chunks import chunks
from zhika.ledger.places import Place, State
from zhika.ledger.where import where
from zhika.people import restarts
from zhika.people.models import Application, Request


def endings(failures: Sequence[Failure]) -> dict[int, str]:
    """Failure (primary key) → one line for people. On the seat that knows the persons."""
    refs = [failure.card.application_ref for failure in failures]
    people, things = _persons(refs), _things([failure.card_id for failure in failures])
    return {
        failure.pk: "; ".join(filter(None, (people.get(ref, ""), things.get(failure.card_id, ""))))
        for failure, ref in zip(failures, refs, strict=True)
    }


class Made(NamedTuple):
    """What an application has become, or the last of the new starts that followed it."""

    batch: str = ""
    serial: str = ""
    collected: bool = False
    ended: bool = False
    """Nobody will get a card of it: it was withdrawn, its person has died, or nobody came until its time was over."""


def made(refs: Sequence[str]) -> dict[str, Made]:
    """Batch and card of each application, as far as it has come."""
    last = dict(zip(refs, refs, strict=True)) | restarts.followed(refs)
    cards: dict[str, Made] = {}
    held = _in_hand(list(last.values()))
    over: set[str] = set()
    for some in chunks(sorted(set(last.values()))):
        rows = Card.objects.filter(application_ref__in=some).values_list("application_ref", "batch__code", "serial")
        cards |= {ref: Made(batch, serial or "", ref in held) for ref, batch, serial in rows}
        ended = Application.objects.filter(ref__in=some, live=False, pending=False)
        over |= {ref for ref in ended.values_list("ref", flat=True) if ref not in held}
    return {ref: cards.get(now, Made())._replace(ended=now in over) for ref, now in last.items()}


def _persons(refs: Sequence[str]) -> dict[str, str]:
    """What became of the person's application."""
    waits = {one.application.ref: one for one in restarts.waiting(refs)}
    newest = restarts.followed(refs)
    state = _states(set(newest.values()))
    found = {ref: f"重新发起 {new}{state.get(new, '')}" for ref, new in newest.items()}
    for ref, one in waits.items():
        found[ref] = "等待重新发起" if one.startable else f"待{CAUSES[one.cause].mended_by}排除原因"
    return {ref: found.get(ref, "不再制卡") for ref in refs}


def _states(refs: Collection[str]) -> dict[str, str]:
    """What is said of these new starts: in hand, given up, or ended; nothing of those that are under way."""
    over: dict[str, str] = {}
    for some in chunks(sorted(refs)):
        ended = Application.objects.filter(ref__in=some, live=False, pending=False).select_related("restarts")
        origins = {one.ref: restarts.origin(one) for one in ended}
        asked = Request.objects.filter(ref__in=set(origins.values()), state=Request.WITHDRAWN)
        withdrawn = set(asked.values_list("ref", flat=True))
        left = Failure.objects.filter(card__application_ref__in=some, cause=WITHDRAWN)
        gone = set(left.values_list("card__application_ref", flat=True))
        over |= {ref: ", 已撤回" if first in withdrawn or ref in gone else ", 已终止" for ref, first in origins.items()}
    return over | dict.fromkeys(_in_hand(list(refs)), ", 已领取")


def _in_hand(refs: Sequence[str]) -> set[str]:
    """Those of these applications whose card has been handed out."""
    found: set[str] = set()
    for some in chunks(sorted(set(refs))):
        events = CardEvent.objects.filter(kind="hand_out", card__application_ref__in=some)
        found |= set(events.values_list("card__application_ref", flat=True))
    return found


def _things(cards: Sequence[int]) -> dict[int, str]:
    """Card (primary key) → where the void card lies, of those that were made."""
    made: set[int] = set()
    for some in chunks(sorted(set(cards))):
        made |= set(Card.objects.filter(pk__in=some, serial__isnull=False).values_list("pk", flat=True))
    lying = where(sorted(made))
    places = {at.pk: at for at in Place.objects.filter(pk__in=set(lying.values())).select_related("organisation")}
    return {card: _thing(places[at]) for card, at in lying.items()}


def _thing(at: Place) -> str:
    if at.state == State.DESTROYED:
        return "废卡已销毁"
    return f"卡在{at.organisation.name or at.organisation.code} ({State(at.state).label})"

"""Papers of a request, printed when somebody asks for them: HOME/files/slips/CODE.pdf."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

from zhika.engine import desk
from zhika.engine.answer import answer
from zhika.errors import NotReady
from zhika.flows.documents import FORM, OLD_CARD, REASON
from zhika.flows.requests import KINDS
from zhika.ledger.cards import CardEvent
from zhika.ledger.places import today
from zhika.paper import applying
from zhika.paper.applying import Applied
from zhika.paper.typeset import Party
from zhika.people import restarts
from zhika.people.models import Application, Request
from zhika.seat.config import Seat

_SEXES = {"1": "男", "2": "女"}
_WIDE = ("address", "unit_name")
_KNOWN = ("sex", "nation", "birth", "address", "phone", "postcode")
"""Of a person who is known, what stands in the record."""
Print = Callable[[Seat, Request, str], bytes]


def print_paper(seat: Seat, ref: str, paper: str, *, by: str) -> Path:
    """One paper of a request. Raises NotReady for an unknown number, and for a slip that nothing stands behind."""
    request = Request.objects.select_related("office", "person").filter(ref=ref).first()
    if request is None:
        raise NotReady(f"{ref}: 没有这个申请 (zhika requests)")
    title, made = PAPERS[paper]
    path = seat.home / "files" / "slips" / f"{title}-{ref}.pdf"
    desk.write_once(path, made(seat, request, by))
    return path


def _form(seat: Seat, request: Request, by: str) -> bytes:
    fields, applied = _fields(request), _applied(request)
    digest = request.photo or (request.person.photo if request.person else "")
    photo = desk.photo_of(seat, digest) if digest else None
    facts = [(field.title, fields[field.name], field.name in _WIDE) for field in FORM if fields.get(field.name)]
    if applied.replaces:
        facts += [(OLD_CARD.title, request.old_card, False), ("收据", request.payment_no, False)]
        facts.append((REASON.title, request.reason, True))
    else:
        facts.append(("缴费单号", request.payment_no, False))
    return applying.form(
        applied, facts, photo.read_bytes() if photo and photo.exists() else b"", office=_office(request),
        by=request.entered_by, on=_day(request),
    )  # fmt: skip


def _receipt(seat: Seat, request: Request, by: str) -> bytes:
    """The promised day is the one that `zhika where` tells."""
    one = _under_way(request, "受理回执")
    now = one.ref if one else request.ref
    told = next((told.promise for told in answer(seat, request.ref).applications if told.ref == now), None)
    promised = today(told.latest) if told else None
    return applying.receipt(_applied(request), office=_office(request), by=by, on=_day(request), promised=promised)


def _doctor(seat: Seat, request: Request, by: str) -> bytes:
    _under_way(request, "领卡证明")
    until = today() + timedelta(days=seat.promise.days)
    return applying.doctor(_applied(request), office=_office(request), by=by, on=today(), until=until)


def _under_way(request: Request, paper: str) -> Application | None:
    """With which the card is being made; None before the review. Raises NotReady where none is to come any more."""
    if request.state in (Request.REFUSED, Request.WITHDRAWN):
        raise NotReady(f"{request.ref}: 申请已{'退回' if request.state == Request.REFUSED else '撤回'}, 不出具{paper}")
    one = restarts.latest(request.ref)
    if one and CardEvent.objects.filter(card__application_ref=one.ref, kind="hand_out").exists():
        raise NotReady(f"{request.ref}: 卡已领取, 不出具{paper}")
    if one and not (one.live or one.pending):
        raise NotReady(f"{request.ref}: 申请已终止, 不出具{paper}; 经过见 zhika where")
    return one


PAPERS: Mapping[str, tuple[str, Print]] = {
    "form": ("申请表", _form), "receipt": ("受理回执", _receipt), "doctor": ("领卡证明", _doctor),
}  # fmt: skip
"""By the word that people type: the paper's name, and what makes it."""


def _fields(request: Request) -> dict[str, str]:
    """The form's values as people read them; of a replacement, the person's own."""
    known = {name: getattr(request.person, name, "") for name in _KNOWN}
    fields = {**(known if request.person else {}), **request.fields}
    birth = fields.get("birth", "")
    written = {"sex": _SEXES.get(fields.get("sex", ""), ""), "centre": ""}
    return fields | written | ({"birth": f"{birth[:4]}-{birth[4:6]}-{birth[6:]}"} if len(birth) == 8 else {})


def _applied(request: Request) -> Applied:
    person = request.person
    name, id_no = (person.name, person.id_no) if person else (request.fields["name"], request.fields["id_no"])
    kind, scheme = KINDS[request.kind], request.process.split("-")[0]
    return Applied(request.ref, kind.title, name, id_no, scheme, kind.replaces)


def _office(request: Request) -> Party:
    return Party(request.office.name, request.office.code)


def _day(request: Request) -> date:
    return today(request.entered_at)

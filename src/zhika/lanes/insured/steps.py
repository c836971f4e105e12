"""The insured person's rows, as somebody at the counter enters them: every public function is one of them."""

from collections.abc import Mapping

from zhika.card import idnumber
from zhika.engine.check import id_key
from zhika.engine.work import Done, Work
from zhika.errors import Fault, NotReady, Refused
from zhika.exchange.table import frame
from zhika.flows.documents import REPLACEMENT_APPLICATION, RURAL_APPLICATION, URBAN_APPLICATION
from zhika.lanes.insured import forms, replacing
from zhika.ledger.batches import organisation
from zhika.ledger.chunks import chunks
from zhika.people.models import Person, Request


def fill_form(work: Work) -> Done:
    """填制参保、参合表格: the form as it was filled in, with the photo; nobody is in `people` yet."""
    now = work.now
    offices = {code: organisation(code, kind="centre") for code in {facts["centre"] for facts in work.facts.values()}}
    known = _persons(work)

    def write() -> None:
        Request.objects.bulk_create(
            [
                Request(
                    ref=ref, process=work.flow.name, kind="new", office=offices[facts["centre"]],
                    person=known.get(facts["id_no"]), fields=_form(facts), photo=facts["photo"],
                    payment_no=facts["payment_no"], rush=facts["rush"].lower() in forms.YES, entered_by=work.by,
                    entered_at=now,
                )
                for ref, facts in work.facts.items()
            ],
            batch_size=500,
        )  # fmt: skip

    return Done(write=write)


def apply(work: Work) -> Done:
    """提出参保、参合申请、缴费: with the number of the insurance payment; the card itself is free."""
    document = URBAN_APPLICATION if URBAN_APPLICATION in work.step.sends else RURAL_APPLICATION
    requests = _requests(work)
    paid = {
        ref: work.facts[ref].get("payment_no", "").strip() or request.payment_no for ref, request in requests.items()
    }
    unpaid = [ref for ref, number in paid.items() if not number]
    faults = [Fault(ref, "申请已撤回; 重新申请须另行填表") for ref, one in requests.items() if _withdrawn(one)]
    faults += [Fault(ref, "须有缴费单号 (--fact payment_no=…)", column="缴费单号") for ref in unpaid]
    faults += [
        Fault(ref, "须有一寸免冠彩照, 补交照片后重新填表", column="照片")
        for ref, request in requests.items()
        if not request.photo
    ]
    if faults:
        raise Refused(faults)
    rows = [
        {**request.fields, "app_no": ref, "payment_no": paid[ref], "photo": request.photo}
        for ref, request in requests.items()
    ]

    def write() -> None:
        if any(map(_withdrawn, _requests(work).values())):
            raise NotReady("其中有申请刚刚撤回, 请重新办理")
        for request in requests.values():
            request.payment_no, request.state = paid[request.ref], Request.APPLIED
        Request.objects.bulk_update(requests.values(), ["payment_no", "state"], batch_size=200)

    return Done(documents={document: frame(document, rows)}, write=write)


def apply_replacement(work: Work) -> Done:
    """提出补卡申请、缴费: whose card, which kind, why, with the fee's receipt; loss blocks the old card at once."""
    asked = replacing.asked(work)
    rows = [one.row for one in asked]

    def write() -> None:
        replacing.enter(work, asked)

    return Done(documents={REPLACEMENT_APPLICATION: frame(REPLACEMENT_APPLICATION, rows)}, write=write)


def _form(facts: Mapping[str, str]) -> dict[str, str]:
    """The form's fields; sex and birth as the ID number says them."""
    parts = idnumber.parts(facts["id_no"])
    said = {name: facts[name] for name in URBAN_APPLICATION.columns if name in facts and name not in _ELSEWHERE}
    return {**said, "sex": parts.sex, "birth": f"{parts.birth:%Y%m%d}"}


_ELSEWHERE = ("payment_no", "photo")
"""What a request keeps in columns of its own."""


def _persons(work: Work) -> dict[str, Person]:
    """Persons known already, by ID number."""
    keys = {id_key(work.seat.home, facts["id_no"]): facts["id_no"] for facts in work.facts.values()}
    found: dict[str, Person] = {}
    for some in chunks(list(keys)):
        found |= {keys[person.id_key]: person for person in Person.objects.filter(id_key__in=some)}
    return found


def _withdrawn(request: Request) -> bool:
    return request.state == Request.WITHDRAWN


def _requests(work: Work) -> dict[str, Request]:
    found: dict[str, Request] = {}
    for some in chunks(work.refs):
        found |= {request.ref: request for request in Request.objects.filter(ref__in=some)}
    return {ref: found[ref] for ref in work.refs}

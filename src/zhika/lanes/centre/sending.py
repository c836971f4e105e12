"""发送参保、参合数据: reviewed requests as the integrator gets them, from the person's own record."""

from collections.abc import Sequence

import polars as pl

from zhika.engine.work import Work
from zhika.exchange.table import frame
from zhika.flows.documents import REPLACEMENT_DATA, Document
from zhika.ledger.chunks import chunks
from zhika.people.models import Application, Request
from zhika.people.restarts import origin

_TITLES = {"name": "姓名", "nation": "民族", "address": "地址", "phone": "电话", "postcode": "邮编", "photo": "照片"}


def applications(work: Work) -> list[Application]:
    """The batch's applications with their persons, in line order."""
    found = {}
    for some in chunks(list(work.people)):
        rows = Application.objects.filter(ref__in=some).select_related("person__unit", "person__office")
        found |= {row.ref: row for row in rows}
    return [found[ref] for ref in work.people]


def insured(document: Document, applications: Sequence[Application]) -> pl.DataFrame:
    """参保、参合数据: all production fields and the photo."""
    rows = []
    for one in applications:
        person = one.person
        own = {name: getattr(person, name) for name in document.columns if hasattr(person, name)}
        rows.append(
            own | {
                "app_no": one.ref, "centre": person.office.code, "unit_no": person.unit.code,
                "unit_name": person.unit.name, "flag": one.kind,
            }
        )  # fmt: skip
    return frame(document, rows)


def replacements(applications: Sequence[Application]) -> pl.DataFrame:
    """补换数据: kind, reason, old card, and what was corrected (fields, not values: the values are in the record)."""
    requests: dict[str, Request] = {}
    first = {one.ref: origin(one) for one in applications}
    for some in chunks(sorted(set(first.values()))):
        requests |= {request.ref: request for request in Request.objects.filter(ref__in=some)}
    rows = []
    for one in applications:
        request, person = requests[first[one.ref]], one.person
        rows.append(
            {
                "app_no": one.ref, "id_no": person.id_no, "name": person.name, "centre": person.office.code,
                "flag": one.kind, "kind": request.kind, "reason": request.reason, "old_card": request.old_card,
                "corrections": "、".join(_TITLES[name] for name in request.fields),
            }
        )  # fmt: skip
    return frame(REPLACEMENT_DATA, rows)

"""One number an application, one application a number: over the production and the application database."""

from collections.abc import Iterator

from django.db.models import Count, F, Q

from zhika.lanes.integrator.models import Mapping, Production
from zhika.ledger.laws import Books, Breach

LAW = "one_number"


def one_number(books: Books) -> Iterator[Breach]:
    """Within a table the store's own UNIQUE holds it; between the two databases this law does, where it is to prove."""
    if not books.prove:
        return
    other = Mapping.objects.filter(pan__in=Production.objects.exclude(pan=None).values("pan"))
    known = dict(Production.objects.exclude(pan=None).filter(pan__in=other.values("pan")).values_list("pan", "app_no"))
    for app_no, pan in other.values_list("app_no", "pan"):
        if known[pan] != app_no:
            yield Breach(LAW, app_no, "此卡号在生产数据库中属于另一申请")
    numbered = dict(Production.objects.exclude(pan=None).values_list("app_no", "pan"))
    for app_no, pan in Mapping.objects.values_list("app_no", "pan"):
        if numbered.get(app_no, pan) != pan:
            yield Breach(LAW, app_no, "一个申请有两个卡号")
    for table in (Production, Mapping):
        doubled = table.objects.exclude(Q(pan=None)).values(number=F("pan")).annotate(n=Count("pk")).filter(n__gt=1)
        for row in doubled:
            yield Breach(LAW, table.__name__, f"一个卡号用于 {row['n']} 个申请")

"""Centres and county offices, found by code or by the name under which a plan or a list speaks of them."""

from django.db.models import Q

from zhika.ledger.batches import Organisation


def found(text: str) -> Organisation | None:
    """The one centre or county office that is meant: its code, its name, or the county with which its name begins.

    A remark in brackets is no part of the name: 惠安县(含XX台商投资区) is 惠安县. None where none or several are meant.
    """
    bare = text.replace("（", "(").partition("(")[0].strip()
    centres = Organisation.objects.filter(kind="centre")
    meant = list(centres.filter(Q(code=text) | Q(name__in=[text, bare])))
    if not meant and bare:
        meant = list(centres.filter(name__startswith=bare))
    return meant[0] if len(meant) == 1 else None


def listed() -> list[str]:
    """Code and name of every centre and county office."""
    centres = Organisation.objects.filter(kind="centre").order_by("code").values_list("code", "name")
    return [f"{code} {name}" for code, name in centres]


def county(office: Organisation) -> str:
    """The county of a rural-scheme office, as one says it.

    >>> county(Organisation(name="永春县农合办")), county(Organisation(name="永春县新农合管理中心"))
    ('永春县', '永春县')
    """
    return office.name.partition("农合")[0].removesuffix("新") or office.name

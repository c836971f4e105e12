"""Fee rates 收费标准 of the price bureau: an amount for a kind of request, with its validity and its legal text.

A rate is never changed or deleted; one that holds until further notice may be given its end.
"""

from dataclasses import dataclass
from datetime import date

from django.db import models
from django.db.models import Q

from zhika.errors import NotReady
from zhika.flows.requests import BY_NATURE, KINDS


class FeeRate(models.Model):
    """What one kind of request costs, from day to day."""

    LEGAL_WIDTH = 200

    kind = models.CharField(max_length=12)
    """Code of `flows.requests.KINDS`."""
    amount = models.IntegerField()
    """In fen."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    """Last day; None until further notice."""
    legal = models.CharField(max_length=LEGAL_WIDTH)
    """As it stands on the receipt: bureau, year and number of its decision."""
    exempt = models.CharField(max_length=120, blank=True)
    """Codes of `flows.requests.EXEMPTIONS` for which it is not taken, with ';' between them."""
    loaded_by = models.CharField(max_length=60)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "valid_from"], name="rate_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="rate_not_negative"),
        ]

    @property
    def exemptions(self) -> tuple[str, ...]:
        return tuple(filter(None, self.exempt.split(";")))

    @property
    def said(self) -> tuple[object, ...]:
        """All but its end."""
        return self.kind, self.amount, self.valid_from, self.legal, self.exempt

    def overlaps(self, other: "FeeRate") -> bool:
        """Both hold for one kind on some day."""
        first, second = sorted((self, other), key=lambda rate: rate.valid_from)
        return self.kind == other.kind and (first.valid_to is None or second.valid_from <= first.valid_to)


@dataclass(frozen=True)
class Due:
    """What a request costs on a day."""

    amount: int
    """In fen; 0 for a kind that is free by its nature."""
    legal: str = ""
    exemptions: tuple[str, ...] = ()
    """Codes of the reasons for which it is not taken."""
    rate: FeeRate | None = None
    """None for a kind that is free by its nature."""


def valid(on: date) -> models.QuerySet[FeeRate]:
    """The rates that hold on a day."""
    return FeeRate.objects.filter(Q(valid_to=None) | Q(valid_to__gte=on), valid_from__lte=on)


def due(kind: str, on: date) -> Due:
    """What a request of this kind (a code of `KINDS`) costs on a day. Raises NotReady where no rate holds."""
    if KINDS[kind].free:
        return Due(0, exemptions=(BY_NATURE.code,))
    rate = valid(on).filter(kind=kind).first()
    if rate is None:
        command = "zhika do load_rates 收费标准.csv --by 姓名"
        raise NotReady(f"「{KINDS[kind].title}」没有 {on} 有效的收费标准: 先由经办机构装载 ({command})")
    return Due(rate.amount, rate.legal, rate.exemptions, rate)

"""Money that was booked stays booked: the store itself refuses what no function of the house would try."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Model
from django.utils import timezone

from zhika.ledger.batches import Organisation
from zhika.people import fees, settling
from zhika.people.fees import Payment, Refund
from zhika.people.settlements import Settlement, end

MONTH = "2026-10"
ONCE = {Payment: {"live", "settlement"}, Refund: {"settlement"}, Settlement: {"number", "agreed_by", "agreed_at"}}
"""Fields that are written once more after the row."""
FIELDS = [
    (model, field.name)
    for model, once in ONCE.items()
    for field in model._meta.concrete_fields
    if not field.primary_key and field.name not in once
]
FORBIDDEN: dict[str, Callable[[], object]] = {
    "a payment deleted": lambda: Payment.objects.filter(ref="open")._raw_delete("default"),
    "a payment taken out of its statement": lambda: Payment.objects.filter(ref="settled").update(settlement=None),
    "a payment that was refunded paid again": lambda: Payment.objects.filter(ref="refunded").update(live=True),
    "a refund deleted": lambda: Refund.objects.all()._raw_delete("default"),
    "a refund taken out of its statement": lambda: Refund.objects.update(settlement=None),
    "a statement agreed anew": lambda: Settlement.objects.update(agreed_by="x"),
    "a statement deleted": lambda: Settlement.objects.all()._raw_delete("default"),
}


@pytest.fixture
def booked(office: Organisation, rates: None) -> None:
    """A statement that was agreed, over a payment and one that was refunded; another payment is open."""
    for ref in ("settled", "refunded"):
        fees.charge(ref, office, "lost", on=date(2026, 10, 5), by="王芳")
    fees.refund("refunded", by="李敏", reason="撤回申请", on=date(2026, 10, 6))
    settling.draw(office, MONTH, now=end(MONTH)).take(by="王芳", at=end(MONTH))
    settling.agree(settling.unagreed(office, MONTH), by="李敏", at=timezone.now())
    fees.charge("open", office, "lost", on=date(2026, 11, 5), by="王芳")


@pytest.mark.usefixtures("booked")
@pytest.mark.parametrize("attempt", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_store_refuses(attempt: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        attempt()


@pytest.mark.usefixtures("booked")
@pytest.mark.parametrize(("model", "field"), FIELDS, ids=[f"{model.__name__}.{name}" for model, name in FIELDS])
def test_the_store_refuses_to_change_any_field(model: type[Model], field: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model._default_manager.update(**{field: F(field)})

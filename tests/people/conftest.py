from datetime import UTC, date, datetime

import pytest

from zhika.ledger.batches import Organisation, organisation
from zhika.people.rates import FeeRate


@pytest.fixture
def office(db: None) -> Organisation:
    return organisation("02", name="鲤城医疗保险分中心", kind="centre")


@pytest.fixture
def rates(db: None) -> None:
    """Lost cards cost 20 yuan, damaged ones 16.05; both for ever, 低保 free."""
    for kind, amount in (("lost", 2000), ("damaged", 1605)):
        FeeRate.objects.create(
            kind=kind, amount=amount, valid_from=date(2020, 1, 1), legal="X价费〔2020〕1号", exempt="low-income",
            loaded_by="周", loaded_at=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip

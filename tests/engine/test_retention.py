"""What is past its retention goes; what a step may still read stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.engine.two_seats import Sender
from zhika.engine.retention import expire
from zhika.engine.taking import take_mail
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

pytestmark = pytest.mark.django_db


def test_an_opened_package_goes_after_its_days_and_its_manifest_stays(platform: Seat, bank: Sender) -> None:
    stem = bank.send(1)
    take_mail(platform)
    payload = platform.home / "mail" / "taken" / f"{stem}.age"
    Paper.objects.update(made_at=timezone.now() - timedelta(days=platform.retention.taken + 1))
    assert expire(platform) == 0 and payload.exists()  # still on the desk
    Paper.objects.update(state=Paper.USED)
    assert expire(platform) == 1 and not payload.exists()
    assert (platform.home / "mail" / "taken" / f"{stem}.json").exists()
    assert expire(platform) == 0

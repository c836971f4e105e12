"""What a seat no longer needs: opened packages and check lists, after the days that seat.toml sets."""

from datetime import timedelta

from django.utils import timezone

from zhika.engine import desk
from zhika.exchange.manifest import Stem
from zhika.flows.documents import CHECK_LIST
from zhika.ledger import audit
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat


def expire(seat: Seat) -> int:
    """Remove what is past its retention; returns how many files. What a step may still read stays."""
    now = timezone.now()
    removed = 0
    papers = Paper.objects.filter(made_at__lt=now - timedelta(days=seat.retention.taken), number__isnull=False)
    for paper in papers.filter(receiver=seat.name).exclude(state=Paper.FILED).exclude(sealed=True):
        stem = Stem(paper.sender, paper.number or 0, paper.type)
        # The manifest stays: it names the parties, holds no personal data, and proves what came.
        path = seat.home / "mail" / "taken" / f"{stem}.age"
        if path.exists():
            path.unlink()
            removed += 1
    old = Paper.objects.filter(type=CHECK_LIST.code, made_at__lt=now - timedelta(days=seat.retention.check_lists))
    for paper in old.exclude(state=Paper.FILED):
        path = desk.file_of(seat, paper.sha256)
        if path.exists():
            path.unlink()
            removed += 1
    if removed:
        audit.note(seat.name, "expire", seat.name, f"{removed} 个文件到保存期限")
    return removed

"""Django looks for models here; each subject has a file of its own."""

from zhika.ledger.audit import AuditEntry, AuditSeal
from zhika.ledger.batches import Batch, Bundle, Organisation, Party, Unit
from zhika.ledger.blocks import Block
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.counts import StockCount
from zhika.ledger.errands import Errand
from zhika.ledger.mail import Inbox, Outbox
from zhika.ledger.places import Balance, Case, Group, Handover, Movement, Place, Tally
from zhika.ledger.steps import ActRecord, Paper, StepRecord, Trouble

__all__ = [
    "ActRecord", "AuditEntry", "AuditSeal", "Balance", "Batch", "Block", "Bundle", "Card", "CardEvent", "Case",
    "Errand", "Failure", "Group", "Handover", "Inbox", "Movement", "Organisation", "Outbox", "Paper", "Party",
    "Place", "StepRecord", "StockCount", "Tally", "Trouble", "Unit",
]  # fmt: skip

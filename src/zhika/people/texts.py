"""What is told to people: kinds, texts and their table. A text holds no secret: name and card number are masked."""

from collections.abc import Mapping
from enum import StrEnum

from django.db import models
from django.db.models import Q


class Kind(StrEnum):
    """What a message is about."""

    CARD_COME = "card-come"
    """Fact `place`: where it is to be had."""
    REPLACEMENT_COME = "replacement-come"
    """The same for a card against which the old one is given back."""
    LOSS_WILL_LAPSE = "loss-will-lapse"
    """Fact `until`: the last day."""
    LOSS_LAPSED = "loss-lapsed"
    COLLECT_REMINDER = "collect-reminder"
    """Facts `place` and `days`: how long it has lain there."""
    REPLACEMENT_REMINDER = "replacement-reminder"
    """The same for a card against which the old one is given back."""


CALLS = (Kind.CARD_COME, Kind.REPLACEMENT_COME, Kind.COLLECT_REMINDER, Kind.REPLACEMENT_REMINDER)
"""What calls somebody to collect a card: nobody is told of it who has it in hand."""
TITLES: Mapping[Kind, str] = {
    Kind.CARD_COME: "卡已到",
    Kind.REPLACEMENT_COME: "补换卡已到",
    Kind.LOSS_WILL_LAPSE: "挂失将到期",
    Kind.LOSS_LAPSED: "挂失已到期",
    Kind.COLLECT_REMINDER: "催领",
    Kind.REPLACEMENT_REMINDER: "催领补换卡",
}
TEXTS: Mapping[Kind, str] = {
    Kind.CARD_COME: "{name}：您的社会保障卡（{card}）已到{place}，请持本人有效身份证件前往领取。",
    Kind.REPLACEMENT_COME: "{name}：您补换的社会保障卡（{card}）已到{place}，请持本人有效身份证件和原卡前往领取。",
    Kind.LOSS_WILL_LAPSE: "{name}：您的社会保障卡（{card}）社保功能口头挂失有效至{until}，到期自动解除。"
    "卡未找到的，请在此前到{office}书面挂失。银行功能以开户银行的期限为准。",
    Kind.LOSS_LAPSED: "{name}：您的社会保障卡（{card}）社保功能口头挂失已到期解除，卡可使用。"
    "卡未找到的，请即到{office}书面挂失。银行功能以开户银行的期限为准。",
    Kind.COLLECT_REMINDER: "{name}：您的社会保障卡（{card}）已在{place}存放{days}天，"
    "请尽快持本人有效身份证件前往领取。",
    Kind.REPLACEMENT_REMINDER: "{name}：您补换的社会保障卡（{card}）已在{place}存放{days}天，"
    "请尽快持本人有效身份证件和原卡前往领取。",
}
"""By `name`, `card` and `office`, which every message has, and the facts of its kind."""


class Message(models.Model):
    """One message to the person of an application."""

    application = models.ForeignKey("people.Application", models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=400)
    due = models.DateField()
    """Not sent before this day."""
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due"], condition=Q(sent_at=None), name="message_waiting")]


def mask_serial(serial: str) -> str:
    """A card's or application's number as a message shows it.

    >>> mask_serial("QZ26000000017")
    'QZ26*****0017'
    """
    return serial[:4] + "*" * max(0, len(serial) - 8) + serial[-4:]


def mask_phone(phone: str) -> str:
    """A phone number as lists show it.

    >>> mask_phone("13900001234")
    '139****1234'
    """
    return phone[:3] + "*" * max(0, len(phone) - 7) + phone[-4:] if len(phone) >= 7 else "*" * len(phone)

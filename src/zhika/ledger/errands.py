"""Errands: what is still to be done with things once a transaction holds, kept until it is done."""

from django.db import models


class Errand(models.Model):
    """Written in the transaction of a step or act, deleted when its things lie where the books say they do."""

    lane = models.CharField(max_length=12, blank=True)
    """Whose; empty: the engine's own."""
    work = models.CharField(max_length=40)
    """Name of the step function or act that left it."""
    subject = models.CharField(max_length=80)

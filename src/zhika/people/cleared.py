"""Causes that were mended outside production, so that whoever left a batch may start again."""

from django.db import models


class Cleared(models.Model):
    """A cause that somebody outside production has mended: data corrected, a word with the bank."""

    ref = models.CharField(max_length=20, unique=True)
    """Number of the failed application."""
    cause = models.CharField(max_length=20)
    corrected = models.CharField(max_length=100, blank=True)
    """Names of the fields that were corrected."""
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

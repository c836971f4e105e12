"""With CI=true nothing may be skipped: a part of the system that is missing there is a failure."""

import os
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.db import connection


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although CI=true: {report.longrepr}"
    return report


@pytest.fixture
def unguarded(db: None) -> None:
    """Somebody with the store in hand has taken away what forbids to change money."""
    on = " ON {}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for guard in import_module("zhika.people.migrations.0009_money_stays").guards():
            cursor.execute(f"DROP TRIGGER {guard.table}_{guard.name}{on.format(guard.table)}")

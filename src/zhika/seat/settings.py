"""Django's settings, made from seat.toml: the seat's lanes become INSTALLED_APPS, others are never loaded."""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from zhika.flows.lanes import PLATFORM, Lane
from zhika.seat import config

SAFE_SQLITE = (3, 51, 3)
"""SQLite 3.7.0 to 3.51.2 can, rarely, corrupt a WAL database when two connections write at once."""

try:  # pysqlite3 bundles a sound SQLite; it must be in place before Django imports sqlite3
    import pysqlite3  # type: ignore[import-untyped,unused-ignore]
except ImportError:
    import sqlite3

    WAL = sqlite3.sqlite_version_info >= SAFE_SQLITE
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
    WAL = pysqlite3.sqlite_version_info >= SAFE_SQLITE

_home = os.environ.get("ZHIKA_HOME")
SEAT: config.Seat | None = config.read(Path(_home)) if _home else None
_lanes = SEAT.lanes if SEAT else frozenset(Lane)  # without a home: all, for makemigrations and type checks


def database(store: str, home: Path | None) -> dict[str, Any]:
    """DATABASES['default'] for 'sqlite' or a postgresql:// URL."""
    if store == "sqlite":
        journal = "WAL" if WAL else "DELETE"  # an unsound SQLite is safe, and slower, without WAL
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": home / "zhika.db" if home else ":memory:",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": f"PRAGMA journal_mode={journal};PRAGMA synchronous=FULL;PRAGMA cache_size=-65536;"
                "PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864;",
            },
        }
    url = urlsplit(store)  # of the right form: `config` has looked
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.strip("/"),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": None,
    }


INSTALLED_APPS = [
    "zhika.ledger",
    *(["zhika.people"] if _lanes & PLATFORM else []),
    *(f"zhika.lanes.{lane}" for lane in Lane if lane in _lanes),
]
DATABASES = {"default": database(SEAT.store if SEAT else "sqlite", SEAT.home if SEAT else None)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
SECRET_KEY = "unused: no web session is signed by this release"
MIDDLEWARE: list[str] = []
ROOT_URLCONF = ""
LOGGING_CONFIG = None

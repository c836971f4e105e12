"""Start this process as one seat: Django is set up from the home's seat.toml."""

import os
from pathlib import Path

from zhika.errors import ConfigurationError
from zhika.seat.config import Seat


def start(home: Path) -> Seat:
    """One process is one seat. Returns the seat's value; its lanes' code is loaded, no other lane's is."""
    told = os.environ.setdefault("ZHIKA_HOME", str(home.resolve()))
    if Path(told).resolve() != home.resolve():
        raise ConfigurationError(f"本进程已是席位 {told}, 不能再作 {home}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhika.seat.settings"
    from django.apps import apps

    from zhika.seat import settings

    apps.populate(settings.INSTALLED_APPS)  # django.setup() without the URLs and forms that no command needs
    assert settings.SEAT is not None
    return settings.SEAT


def current() -> Seat:
    """The seat of this process."""
    from zhika.seat import settings

    if settings.SEAT is None:
        raise ConfigurationError("本进程没有席位。用 zhika -C 席位目录 …")
    return settings.SEAT

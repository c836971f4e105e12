"""The seat on which a command acts."""

import os
from pathlib import Path

from zhika.errors import ConfigurationError
from zhika.seat.config import Seat


def here() -> Seat:
    """Start this process as the seat of `-C HOME`."""
    home = os.environ.get("ZHIKA_HOME")
    if not home:
        raise ConfigurationError("先指明席位目录: zhika -C 席位目录 … (没有席位时: zhika init --help)")
    from zhika.seat.home import unfinished
    from zhika.seat.start import start

    if unfinished(Path(home)):
        raise ConfigurationError(f"{home} 尚未建成 (zhika init 中断过): 再运行同一条 zhika init 即可")
    return start(Path(home))


def near(home: Path) -> str:
    """The home as one would type it from here."""
    return os.path.relpath(home) if home.is_relative_to(Path.cwd()) else str(home)

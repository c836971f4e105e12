"""JSON with one form only: sorted keys, two spaces, UTF-8; any other spelling of the same facts is refused."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from zhika.errors import Fault, Refused

Reader = Callable[[Any], Any]
"""Takes a value as JSON gives it, returns it as we keep it; raises ValueError if it is not of its kind."""

LONGEST_TEXT = 1_000


def dump(facts: Mapping[str, Any]) -> bytes:
    """
    >>> dump({"b": 1, "a": "制卡"}).decode()
    '{\\n  "a": "制卡",\\n  "b": 1\\n}\\n'
    """
    return (json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


def load(raw: bytes, where: str, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The facts in `raw`: every key of `readers`, no other, each value of its kind. Raises `Refused`."""
    try:
        facts = json.loads(raw)
        canonical = isinstance(facts, dict) and dump(facts) == raw
    except (ValueError, RecursionError):
        canonical = False
    if not canonical:
        raise Refused([Fault(where, "不是规定格式的 JSON")])
    faults = [Fault(where, f"缺少 {key}") for key in sorted(readers.keys() - facts.keys())]
    if facts.keys() - readers.keys():
        faults.append(Fault(where, f"有 {len(facts.keys() - readers.keys())} 个未知的键"))
    read = {}
    for key, reader in readers.items():
        try:
            read[key] = reader(facts.get(key))
        except ValueError:
            if key in facts:
                faults.append(Fault(where, f"{key} 的值不合规定"))
    if faults:
        raise Refused(faults)
    return read


def exactly(expected: Any) -> Reader:
    def reader(value: Any) -> Any:
        if type(value) is not type(expected) or value != expected:
            raise ValueError
        return value

    return reader


def matching(pattern: str) -> Reader:
    whole_text = re.compile(pattern)

    def reader(value: Any) -> str:
        if not isinstance(value, str) or not whole_text.fullmatch(value):
            raise ValueError
        return value

    return reader


def optional(inner: Reader) -> Reader:
    return lambda value: None if value is None else inner(value)


def text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
        raise ValueError
    return value


def whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError
    return value


def moment(value: Any) -> datetime:
    at = datetime.fromisoformat(text(value))
    if at.tzinfo is None or at.isoformat() != value:
        raise ValueError
    return at


digest = matching("[0-9a-f]{64}")
"""SHA-256 in small hexadecimal letters."""

"""The chip maker's envelope: a key with its label and its key check value (KCV), so that a wrong one isn't taken.

    label: transport-bank
    kcv: 08D7B4
    key: 0123456789ABCDEFFEDCBA9876543210

A file with nothing but the key, 32 hexadecimal digits, is read too; then its KCV is told by whoever received it.
"""

from pathlib import Path

from zhika.card.keys import check_value
from zhika.errors import Fault, Refused

LENGTH = 16
"""Bytes of a transport master: a double-length DES key."""
_FIELDS = ("label", "kcv", "key")


def write(path: Path, label: str, key: bytes) -> None:
    """Write an envelope, readable by its owner alone."""
    path.touch(mode=0o600)
    path.write_text(f"label: {label}\nkcv: {check_value(key)}\nkey: {key.hex().upper()}\n", encoding="ascii")


def read(path: Path, label: str = "", kcv: str = "") -> bytes:
    """The key of an envelope that is what was expected. Raises Refused, with every fault, and never shows the key.

    `label`: the key that is wanted, if not any; `kcv`: its check value as somebody told it, needed where the file says
    none.
    """
    told = _told(path)
    faults = []
    try:
        key = bytes.fromhex(told["key"])
    except ValueError:
        key = b""
    if len(key) != LENGTH:
        raise Refused([Fault(path.name, f"密钥应为 {2 * LENGTH} 个十六进制字符")])
    if label and told.get("label", label) != label:
        faults.append(Fault(path.name, f"这是 {told['label']} 的信封, 不是 {label} 的"))
    if not told.get("kcv") and not kcv:
        faults.append(Fault(path.name, "信封没有校验值 (KCV): 向芯片厂问明, 用 --kcv 写明后再装"))
    found = check_value(key)
    for where, value in (("信封所写", told.get("kcv", "")), ("--kcv 所写", kcv)):
        if value and value.strip().upper() != found:
            faults.append(Fault(path.name, f"{where}的校验值 (KCV) 与密钥不符, 密钥有误或信封被改动; 不要使用"))
    if faults:
        raise Refused(faults)
    return key


def _told(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        raise Refused([Fault(path.name, "文件不存在, 请核对路径")]) from None
    except UnicodeDecodeError:
        raise Refused([Fault(path.name, "不是密钥信封")]) from None
    if ":" not in text:
        return {"key": text}
    pairs = [line.partition(":") for line in text.splitlines()]
    told = {name.strip(): value.strip() for name, _, value in pairs}
    if len(told) != len(pairs) or not {"key"} <= set(told) <= set(_FIELDS):
        raise Refused([Fault(path.name, f"信封应有 {'、'.join(_FIELDS)} 各一行")])
    return told

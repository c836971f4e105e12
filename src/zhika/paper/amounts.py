"""Amounts of money as they are written: yuan with two decimals, and 人民币大写, which a pen can't change.

Money is whole fen everywhere. Capitals follow 支付结算办法 (银发〔1997〕393号), annex 1.
"""

import re

_WRITTEN = re.compile(r"-?\d{1,10}(\.\d{1,2})?", re.ASCII)
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def yuan(fen: int) -> str:
    """
    >>> yuan(2000), yuan(5), yuan(-123450)
    ('20.00', '0.05', '-1234.50')
    """
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02}"


def fen(text: str) -> int:
    """The amount that somebody wrote, in fen. Raises ValueError for anything but digits with at most two decimals.

    >>> fen("20"), fen("16.5"), fen("-0.05")
    (2000, 1650, -5)
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError("not an amount")
    whole, _, rest = text.lstrip("-").partition(".")
    amount = int(whole) * 100 + int(rest.ljust(2, "0"))
    return -amount if text.startswith("-") else amount


def capitals(fen: int) -> str:
    """人民币大写 of 0 to less than 10¹² yuan.

    >>> capitals(2000), capitals(140950), capitals(600714)
    ('人民币贰拾元整', '人民币壹仟肆佰零玖元伍角', '人民币陆仟零柒元壹角肆分')
    >>> capitals(0), capitals(32504), capitals(5)
    ('人民币零元整', '人民币叁佰贰拾伍元零肆分', '人民币伍分')
    """
    whole, rest = divmod(fen, 100)
    jiao, last = divmod(rest, 10)
    text = f"{_whole(whole)}元" if whole or not rest else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif last and whole:
        text += "零"
    text += f"{_DIGITS[last]}分" if last else "" if jiao else "整"
    return f"人民币{text}"


def _whole(number: int) -> str:
    """A whole number, place by place; zeros between digits are read once, those at the end of it not at all."""
    text, gap, group = "", False, False
    for at, digit in zip(reversed(range(len(str(number)))), map(int, str(number)), strict=True):
        if digit:
            text += ("零" if gap else "") + _DIGITS[digit] + _PLACES[at % 4]
        gap, group = not digit and text != "", group or digit > 0
        if at % 4 == 0:
            text, group = text + (_GROUPS[at // 4] if group else ""), False
    return text or _DIGITS[0]

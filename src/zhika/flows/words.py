"""What lists and pictures of a chart call kinds and grains, and how Chinese text is broken into lines."""

import re

from zhika.flows.chart import Grain, Kind

KINDS = {Kind.AUTO: "自动", Kind.HAND: "人工", Kind.THING: "实物", Kind.EACH: "逐件"}
GRAINS = {
    Grain.LOT: "每份报送",
    Grain.APPLICATION: "每份申请",
    Grain.BATCH: "整批",
    Grain.PARCEL: "每个单位",
    Grain.CARD: "每张卡",
}

_NOT_FIRST = frozenset(",.;:!?)]，。、；：！？）》」·")
_NOT_LAST = frozenset("([（《「")
_GOOD_LAST = frozenset(",.;:，。、；：)）")
_GOOD_FIRST = ("及", "并", "同时", "对应打印", "导入", "卡号对应", "(", "（")
_WHOLE = (
    "公共区",
    "写入",
    "个人化",
    "参合人员",
    "身份证",
    "数据库",
    "数据",
    "信息",
    "相关",
    "芯片",
    "卡面",
    "卡号",
    "应用",
    "系统",
    "半成品",
)
"""Words of the charts' titles that no line break divides."""
_TORN = 40.0
"""What a break within a phrase costs, in squared em of white space."""
_LATIN = 0.58
"""Width of a Latin letter or digit in em, as wide as the widest of the named typefaces sets it on average."""
_PIECE = re.compile(rf"{'|'.join(_WHOLE)}|[!-'*-+\-./0-9A-Za-z]+|.", re.DOTALL)


def em(text: str) -> float:
    """Width of a line in em: a Chinese character is one, anything below U+2000 a little more than half.

    >>> em("芯片")
    2.0
    """
    return sum(_LATIN if character < "\u2000" else 1.0 for character in text)


def _pieces(text: str) -> list[str]:
    """What no line break may divide."""
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        if pieces and (piece[0] in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def wrap(text: str, limit: float) -> tuple[str, ...]:
    """Lines of at most `limit` em: as few as can be, broken where the sense breaks, else nearly equally long.

    Breaks inside no Latin word; no line begins with a closing mark or ends with an opening one. A single word longer
    than the limit stands alone.

    >>> wrap("提交制卡信息文档及半成品卡", 12)
    ('提交制卡信息文档', '及半成品卡')
    >>> wrap("易联众提交采购的卡片、YLZ-COS(卡内操作系统)", 13)
    ('易联众提交采购的卡片、', 'YLZ-COS(卡内操作系统)')
    """
    pieces = _pieces(text)
    best: list[tuple[int, float, tuple[str, ...]]] = [(0, 0.0, ())]
    for end in range(1, len(pieces) + 1):
        ways = []
        for start in range(end):
            line = "".join(pieces[start:end])
            if em(line) > limit and end - start > 1:
                continue
            count, cost, before = best[start]
            natural = end == len(pieces) or line[-1] in _GOOD_LAST or "".join(pieces[end:]).startswith(_GOOD_FIRST)
            cost += (limit - em(line)) ** 2 + (0 if natural else _TORN)
            ways.append((count + 1, cost, (*before, line)))
        best.append(min(ways))
    return best[-1][2]

"""民族 (GB/T 3304): the chip holds two digits, forms and registers the name."""

_ORDER = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 "
    "柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 "
    "塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
)
"""The 56 in the standard's order."""
CODES = {name: f"{number:02}" for number, name in enumerate(_ORDER.split(), 1)}
"""Name without 族 → code 01 to 56."""


def code(nation: str) -> str:
    """Two digits; "" for what the standard does not list, a code stays a code.

    >>> code("汉族"), code("基诺族"), code("土家"), code("08"), code("其他")
    ('01', '56', '15', '08', '')
    """
    name = nation.strip()
    return name if name in CODES.values() else CODES.get(name.removesuffix("族"), "")

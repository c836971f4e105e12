"""What a value of seat.toml must look like, where its type alone says too little: section, key, form, and in words.

Checked when a seat is made and whenever it is read, so that nobody learns of it from the first batch.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from zhika.card.trayfile import MOST


class Form(NamedTuple):
    """A pattern that the whole value must match, or the least and most of a number; and what to say otherwise."""

    pattern: str
    says: str
    most: int = 10**9

    def fits(self, value: object) -> bool:
        """Whether a value is of this form."""
        whole = re.fullmatch(self.pattern, str(value)) is not None
        return whole and (not isinstance(value, int) or value <= self.most)


COUNT = "[1-9][0-9]*"
DAYS = Form(COUNT, "应为天数, 至少 1")
YEARS = Form(COUNT, "应为年数, 1 至 30", 30)
SIZE = Form(COUNT, f"应为 1 至 {MOST} (一盘卡)", MOST)
MAKER = Form("[0-9A-Z]{1,6}", "应为 1 至 6 个大写字母或数字")
FORMS: Mapping[tuple[str, str], Form] = {
    ("batch", "size"): SIZE,
    ("batch", "age_days"): DAYS,
    ("batch", "request_size"): SIZE,
    ("batch", "request_days"): DAYS,
    ("integrator", "application_prefix"): MAKER,
    ("integrator", "ssc_prefix"): Form("[0-9A-Z]{1,7}", "应为 1 至 7 个大写字母或数字"),
    ("integrator", "initialiser"): Form("[0-9]{12}", "应为 12 位数字 (初始化机构编号)"),
    ("integrator", "area"): Form("[0-9]{6}", "应为 6 位数字 (行政区划代码)"),
    ("integrator", "valid_years"): YEARS,
    ("integrator", "cos_version"): Form(".{1,30}", "应为 1 至 30 个字符"),
    ("integrator", "maker"): MAKER,
    ("bank", "prefix"): Form("[0-9]{4,12}", "应为 4 至 12 位数字 (卡号前缀)"),
    ("bank", "first_serial"): Form(COUNT, "应为正整数"),
    ("bank", "account_prefix"): Form("[0-9]{1,9}", "应为 1 至 9 位数字"),
    ("bank", "branch"): Form("[0-9A-Za-z]{1,12}", "应为 1 至 12 个字母或数字"),
    ("bank", "service_code"): Form("[0-9]{3}", "应为 3 位数字 (磁条服务代码)"),
    ("bank", "valid_years"): YEARS,
    ("bank", "expiry_order"): Form("YYMM|MMYY", "可用: YYMM、MMYY"),
    ("bank", "customers"): Form(".+", "应为文件名"),
    ("supplier", "maker"): MAKER,
    ("supplier", "sheet_columns"): Form(COUNT, "应为 1 至 26", 26),
    ("supplier", "sheet_rows"): Form(COUNT, "应为 1 至 26", 26),
    ("mail", "ask_after_hours"): Form(COUNT, "应为小时数, 至少 1"),
    ("retention", "check_lists"): DAYS,
    ("retention", "taken"): DAYS,
}


def breaches(section: str, told: Mapping[str, Any]) -> Iterator[str]:
    """Every value of a section that is not of its form: its key, and what it should be."""
    for key, value in told.items():
        form = FORMS.get((section, key))
        if form and not form.fits(value):
            yield f"[{section}] {key} {form.says}"

"""What the command line's own machinery says, in Chinese: an option that is none, an argument that lacks, headings."""

import re
from typing import Any

import typer

UsageError: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""The family of complaints about what was typed; typer shows its members, not their name."""
_HINT = r"(?: Did you mean (?P<near>.+)\?| \(Possible options: (?P<near2>.+)\))?"
SAYINGS = (
    (rf"No such option: (?P<what>\S+?){_HINT}", "没有选项 {what}{near}"),
    (rf"No such command '(?P<what>.+?)'\.{_HINT}", "没有命令 {what}{near}"),
    (r"Missing (?:argument|parameter) '?(?P<what>[^']+?)'?\.(?:.*)", "缺少 {what}"),
    (r"Missing option '?(?P<what>[^']+?)'?\.(?:.*)", "缺少选项 {what}"),
    (r"Missing command\.", "缺少命令"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((?P<what>.+)\)", "多出 {what}"),
    (r"Option '(?P<what>.+)' requires an argument\.", "选项 {what} 后面须有内容"),
    (r"Option '(?P<what>.+)' does not take a value\.", "选项 {what} 后面不可有内容"),
    (r"Invalid value for '(?P<what>.+?)': .*greater than or equal to (?P<n>\S+?)\.?", "{what} 至少 {n}"),
    (r"Invalid value for '(?P<what>.+?)': .*less than or equal to (?P<n>\S+?)\.?", "{what} 至多 {n}"),
    (r"Invalid value for '(?P<what>.+?)': .*integer.*", "{what} 应为整数"),
    (r"Invalid value for '(?P<what>.+?)': .*(?:number|float).*", "{what} 应为数字"),
    (
        r"Invalid value for '(?P<what>.+?)': .*(?:not one of|should be) (?P<n>.+?)\.?",
        "{what} 可用: {n}",
    ),
    (r"Invalid value for '(?P<what>.+?)': (?P<n>.*)", "{what} 不可用: {n}"),
)
"""What is said in English, as a pattern, and what we say; the first that fits."""


def in_chinese(message: str) -> str:
    """A complaint in Chinese; one that we don't know stays as it is.

    >>> in_chinese("No such option: --lan (Possible options: --lane)")
    '没有选项 --lan。是否要 --lane'
    >>> in_chinese("Missing argument '事项'.")
    '缺少 事项'
    """
    for pattern, saying in SAYINGS:
        if found := re.fullmatch(pattern, message.strip(), re.DOTALL):
            told = found.groupdict("")
            near = told.pop("near", "") or told.pop("near2", "")
            told.pop("near2", None)
            told = {key: value.replace("'", "").replace(", ", "、") for key, value in told.items()}
            near = near.replace("'", "").replace(", ", "、").replace(" or ", "、")
            return saying.format(**told, near=f"。是否要 {near}" if near else "")
    return message


def older(error: Exception) -> bool:
    """Whether a store that another release made lacks what this one asks for."""
    lacks = re.search(r"no such (?:column|table)|(?:column|relation) .* does not exist", str(error))
    return type(error).__module__ == "django.db.utils" and lacks is not None


def heads() -> None:
    """Headings of the help, in Chinese; typer keeps them as words of its module that writes it."""
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE, rich_utils.OPTIONS_PANEL_TITLE = "参数", "选项"
    rich_utils.COMMANDS_PANEL_TITLE, rich_utils.ERRORS_PANEL_TITLE = "命令", "错误"
    rich_utils.DEFAULT_STRING, rich_utils.REQUIRED_LONG_STRING = "[默认: {}]", "[必填]"


def usage(error: Any) -> str:
    """How to learn what the command takes."""
    context = getattr(error, "ctx", None)
    return f"用法: {context.command_path} --help" if context else "用法: zhika --help"

"""How a table stands in a file: UTF-8 CSV, or lines of fixed byte widths where a bank asks for them."""

from dataclasses import dataclass

from zhika.errors import ConfigurationError


@dataclass(frozen=True)
class Layout:
    """A file layout; `widths` is empty for CSV.

    A fixed layout is one line a row, no header: each column left-justified, filled with spaces to its width in
    *bytes* of `encoding` (GB 18030-2005: a Chinese character takes 2 bytes, a rare one 4). `sample` is one line of
    a synthetic person; a layout whose sample does not fill its widths is refused with `ConfigurationError`.

    >>> Layout("bank", "gb18030", (("name", 8), ("pan", 19)), "陈阿山  6222350000000000012").length
    27
    >>> Layout("bank", "gb18030", (("name", 8), ("pan", 19)), "陈阿山").length
    Traceback (most recent call last):
        ...
    zhika.errors.ConfigurationError: layout bank: the sample line has 6 bytes of gb18030, its widths add up to 27
    """

    name: str
    encoding: str = "utf-8"
    widths: tuple[tuple[str, int], ...] = ()
    sample: str = ""

    def __post_init__(self) -> None:
        if not self.widths:
            return
        try:
            given = len(self.sample.encode(self.encoding))
        except (LookupError, UnicodeEncodeError) as error:
            raise ConfigurationError(f"layout {self.name}: the sample line is not {self.encoding}") from error
        if given != self.length:
            raise ConfigurationError(
                f"layout {self.name}: the sample line has {given} bytes of {self.encoding}, "
                f"its widths add up to {self.length}"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the line."""
        return tuple(name for name, _ in self.widths)

    @property
    def length(self) -> int:
        """Bytes of a line, its end not counted."""
        return sum(width for _, width in self.widths)

    @property
    def first_row(self) -> int:
        """Row number of the first person: a CSV header is row 1."""
        return 1 if self.widths else 2


CSV = Layout("csv")
"""UTF-8, comma, header of field names, RFC 4180 quoting."""

"""`zhika init`: settings are checked before anything is written, and a half-made home is in nobody's way."""

from pathlib import Path

import pytest

from zhika.errors import ConfigurationError
from zhika.seat import home as homes
from zhika.seat.config import read
from zhika.seat.home import Kind
from zhika.seat.rules import FORMS


@pytest.mark.parametrize(
    "settings",
    [
        {"bank.prefix": "62x"}, {"bank.valid_years": "0"}, {"bank.valid_years": "ten"}, {"bank.prefx": "622235"},
        {"bnk.prefix": "622235"}, {"seat.store": "mysql://x/y"}, {"batch.size": "5001"}, {"bank.branch": "a\nb"},
        {"prefix": "622235"}, {"supplier.keep_sheets": "yes"},
    ],
)  # fmt: skip
def test_a_setting_that_cannot_work_leaves_no_trace(settings: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        homes.create(tmp_path / "icbc", Kind.BANK, "icbc", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_every_wrong_value_is_named_at_once(tmp_path: Path) -> None:
    settings = {"bank.prefix": "62x", "bank.expiry_order": "YMYM", "mail.ask_after_hours": "soon"}
    with pytest.raises(ConfigurationError) as caught:
        homes.create(tmp_path / "ICBC", Kind.BANK, "ICBC", settings=settings)
    for key in ("prefix", "expiry_order", "ask_after_hours", "name"):
        assert f"] {key} " in str(caught.value)


def test_a_home_that_an_init_left_half_made_is_replaced_by_the_corrected_one(tmp_path: Path) -> None:
    home = homes.create(tmp_path / "icbc", Kind.BANK, "icbc")
    (home / "seat.toml").write_text('[seat]\nname = "icbc"\n[bank]\nprefix = "62x"\n', encoding="utf-8")
    homes.create(home, Kind.BANK, "icbc", settings={"bank.prefix": "622848"})
    assert read(home).bank.prefix == "622848"
    assert [path.name for path in tmp_path.iterdir()] == ["icbc"]
    homes.finish(home)
    with pytest.raises(ConfigurationError, match="不会覆盖"):
        homes.create(home, Kind.BANK, "icbc", settings={"bank.prefix": "622235"})


def test_what_stands_in_a_seat_by_default_is_of_its_form(tmp_path: Path) -> None:
    seat = read(homes.create(tmp_path / "p", Kind.PLATFORM, "p"))
    for (section, key), form in FORMS.items():
        assert form.fits(getattr(getattr(seat, section), key)), (section, key)

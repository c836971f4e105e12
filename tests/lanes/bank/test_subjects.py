"""Host, numbers and the law, without cards."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.card import pan
from zhika.errors import ConfigurationError, Refused
from zhika.lanes.bank import accounts
from zhika.lanes.bank.host import Customer, FileHost, Verdict
from zhika.lanes.bank.host import of as host_of
from zhika.lanes.bank.models import Account
from zhika.seat import home as homes
from zhika.seat.config import BankOptions, read

HEAD = "id_no,name,standing\n"
ON = date(2026, 11, 23)


def host(tmp_path: Path, *rows: str) -> FileHost:
    path = tmp_path / "customers.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return FileHost(path)


def test_the_host_knows_names_and_refuses_accounts_and_welcomes_the_unknown(tmp_path: Path) -> None:
    known = host(tmp_path, "1,陈阿山,good", "2,林小燕,refused")
    people = [Customer("1", "陈阿山"), Customer("1", "陈阿珊"), Customer("2", "林小燕"), Customer("3", "黄大海")]
    assert known.know(people) == [Verdict.OK, Verdict.NAME_DIFFERS, Verdict.OK, Verdict.OK]
    assert known.open_accounts(people) == [Verdict.OK, Verdict.NAME_DIFFERS, Verdict.REFUSED, Verdict.OK]
    assert [known.activate(person) for person in people] == known.open_accounts(people)


def test_a_customer_file_that_is_not_there_or_not_right_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"customers\.csv"):
        FileHost(tmp_path / "customers.csv")
    with pytest.raises(Refused, match="第 3 行") as refused:
        host(tmp_path, "1,陈阿山,good", "350502199001010018,林小燕,maybe")
    assert "350502199001010018" not in str(refused.value)
    (tmp_path / "customers.csv").write_text("id_no,standing\n1,good\n", encoding="utf-8")
    with pytest.raises(Refused, match="name"):
        FileHost(tmp_path / "customers.csv")


def test_the_customer_file_is_read_when_it_has_changed_and_not_each_time_somebody_asks(tmp_path: Path) -> None:
    home = homes.create(tmp_path / "icbc", homes.Kind.BANK, "icbc")
    seat, path = read(home), home / "customers.csv"
    path.write_text(HEAD + "1,陈阿山,good\n", encoding="utf-8")
    first = host_of(seat)
    assert host_of(seat) is first
    path.write_text(HEAD + "1,陈阿山,good\n2,林小燕,refused\n", encoding="utf-8")
    assert host_of(seat).activate(Customer("2", "林小燕")) is Verdict.REFUSED
    path.unlink()
    with pytest.raises(ConfigurationError, match=r"customers\.csv"):
        host_of(seat)


def people(batch: str, n: int) -> list[dict[str, str]]:
    return [{"app_no": f"{batch}-{i}", "id_no": f"{i:018d}", "name": "陈阿山"} for i in range(n)]


@pytest.mark.django_db
def test_numbers_of_batches_never_meet_and_a_batch_asked_again_has_its_own() -> None:
    options = BankOptions(prefix="622848", first_serial=7)
    first = accounts.reserve(options, "B1", people("B1", 3), ON)
    second = accounts.reserve(options, "B2", people("B2", 2), ON)
    again = accounts.reserve(options, "B1", people("B1", 2), date(2030, 1, 1))
    assert [a.pan for a in again.values()] == [a.pan for a in first.values()]
    assert [int(a.pan[6:-1]) for a in (*first.values(), *second.values())] == [7, 8, 9, 10, 11]
    assert {a.expiry for a in Account.objects.all()} == {"3611"}
    assert all(pan.is_valid(a.pan) for a in Account.objects.all())


@given(st.integers(0, 10**15 - 1))
def test_an_account_number_is_19_digits_and_says_its_serial(serial: int) -> None:
    number = accounts.account_number(BankOptions(), serial)
    assert len(number) == 19 and int(number[4:]) == serial

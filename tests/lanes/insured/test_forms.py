"""A file of forms as an office hands it in."""

import pytest

from tests.lanes.house import OFFICE, House, person
from zhika.errors import Refused
from zhika.lanes.insured import forms
from zhika.ledger.batches import organisation


@pytest.mark.parametrize("code", ["100.7", "../x", "一组", "1+2"])
def test_a_unit_code_that_no_parcel_could_bear_is_refused_where_it_stands(house: House, code: str) -> None:
    organisation(OFFICE, kind="centre")
    names = {column.name for column in forms.COLUMNS}
    rows = [{name: text for name, text in person(n).items() if name in names} for n in range(2)]
    rows[1]["unit_no"] = code
    with pytest.raises(Refused) as caught:
        forms.forms(house.seat, house.write("forms.csv", rows), None)
    found = [(fault.row, fault.column) for fault in caught.value.faults if "字母、数字与连字符" in fault.rule]
    assert found == [(3, "单位（村）编号")]

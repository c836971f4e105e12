import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhika.card.chip.files import EF06, FILES, PUBLIC_AREA, File, cut, decode, encode, name_fault
from zhika.errors import Refused

CHINESE = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=40
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.fid:04X}")
def test_each_file_encodes_to_its_own_example_and_back(file: File) -> None:
    data, values = file.example
    assert b"".join(encode(file, values)).hex().upper() == data.upper()
    assert decode(file, cut(file, bytes.fromhex(data))) == values


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.fid:04X}")
def test_blank_values_read_back_blank_at_full_length(file: File) -> None:
    blank = encode(file, {})
    assert [len(data) for data in blank] == [item.length for item in file.items]
    assert set(decode(file, blank).values()) == {""}


@given(CHINESE)
def test_a_name_either_reads_back_whole_or_is_refused_before_production(name: str) -> None:
    parts, bad = [], name_fault(name)
    if bad is None:
        parts = encode(EF06, {"name": name})[1:3]
        assert [len(part) for part in parts] == [30, 20]
        assert "".join(part.rstrip(b"\0").decode("gb18030") for part in parts) == name
        assert decode(PUBLIC_AREA, encode(PUBLIC_AREA, {"name": name}))["name"] == name
    else:
        # Only length can be wrong with such names; up to 3 bytes at the seam are lost to a character not cut in two.
        assert len(name.encode("gb18030")) > 50 - 3
        with pytest.raises(Refused):
            encode(EF06, {"name": name})


def test_a_character_at_the_seam_goes_whole_into_the_extension() -> None:
    name = "阿" * 14 + "𠮷" + "山"
    first, second = encode(EF06, {"name": name})[1:3]
    assert first == ("阿" * 14).encode("gb18030") + b"\0\0"
    assert second.rstrip(b"\0") == "𠮷山".encode("gb18030")


@pytest.mark.parametrize("name", ["陈\ud800", "陈\n山", "陈" * 26, ""])
def test_a_name_that_cannot_stand_on_the_chip_has_a_fault(name: str) -> None:
    assert name_fault(name)


def test_all_faults_are_told_at_once_by_item_and_never_by_value() -> None:
    wrong = {"id_no": "三五〇五", "birth": "1990-01-01", "name": "陈" * 26, "nation": "汉族", "shoe": "42"}
    with pytest.raises(Refused) as refused:
        encode(EF06, wrong)
    columns = {fault.column for fault in refused.value.faults}
    assert columns == {"社会保障号码", "出生日期", "姓名", "姓名扩展", "民族", "shoe"} - {"姓名扩展"}
    assert not any(value in str(refused.value) for value in wrong.values())

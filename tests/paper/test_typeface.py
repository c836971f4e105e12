"""The typeface and what it lacks."""

from hypothesis import given
from hypothesis import strategies as st

from zhika.paper.typeface import FAMILY, font, missing_glyphs

NOTDEF = font(40).getmask("\U0010fffd")


def test_the_packaged_face_is_the_simplified_chinese_one() -> None:
    assert font(20).getname()[0] == FAMILY


def test_rare_characters_of_names_are_found_or_reported() -> None:
    assert missing_glyphs("䶮㛃𬭎𠅤·陈X1") == set()
    assert missing_glyphs("王𮣲") == {"𮣲"}


def test_characters_that_would_break_a_line_count_as_missing() -> None:
    assert missing_glyphs("陈\n阿\t山") == {"\n", "\t"}


@given(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me", "Mc", "Cn", "Co")))
def test_a_character_is_missing_exactly_where_freetype_draws_the_box_for_none(character: str) -> None:
    drawn = font(40).getmask(character)
    box = drawn.size == NOTDEF.size and bytes(drawn) == bytes(NOTDEF)
    assert (character in missing_glyphs(character)) == box

"""Texts are kept as they are sent, without what neither database may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.model.texts import bad_characters, plain, shortened
from tests.mapping.examples import ON_A_BUSY_MACHINE

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Ana\tRuiz\r\n", "Ana Ruiz"),
        ("An\x00a", "Ana"),
        ("A\u202enA", "AnA"),
        ("bad\ud800", "bad"),
        ("zero\u200bwidth", "zerowidth"),
        (f"gift {FAMILY}", f"gift {FAMILY}"),
        ("\uff26ull", "\uff26ull"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_blanks_are_one_and_what_no_field_may_hold_is_gone(written, kept):
    assert plain(written) == kept


@ON_A_BUSY_MACHINE
@given(st.text())
def test_a_plain_text_can_be_stored_anywhere_and_stays_as_it_is(text):
    once = plain(text)
    once.encode()
    assert "\x00" not in once
    assert plain(once) == once


@pytest.mark.parametrize(("key", "bad"), [("BOOT-11", False), ("BOOT\x00", True), ("B\u202eT", True), ("Ü-1", False)])
def test_a_key_with_a_character_that_would_be_dropped_is_noticed(key, bad):
    assert bad_characters(key) is bad


@ON_A_BUSY_MACHINE
@given(st.text(alphabet="ab ", max_size=40), st.integers(1, 40))
def test_a_shortened_text_fits_and_is_the_beginning_of_the_whole(text, limit):
    short = shortened(text, limit)
    assert len(short) <= limit
    assert text.startswith(short)


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two"),
        ("one two three", 7, "one two"),
        ("abcdefgh", 4, "abcd"),
    ],
)
def test_a_text_is_cut_between_words_where_that_keeps_half_of_it(text, limit, short):
    assert shortened(text, limit) == short

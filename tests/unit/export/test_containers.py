"""The check digit of ISO 6346, with the numbers that are published."""

import pytest

from orestream.export.domain.containers import check_digit, has_its_check_digit


@pytest.mark.parametrize("container_no", ["CSQU3054383", "TOLU4734787"])
def test_a_published_number_has_its_check_digit(container_no: str) -> None:
    assert has_its_check_digit(container_no)


@pytest.mark.parametrize("digit", "012456789")
def test_every_other_last_digit_is_wrong(digit: str) -> None:
    assert not has_its_check_digit(f"CSQU305438{digit}")


def test_two_neighbouring_digits_exchanged_are_noticed() -> None:
    assert not has_its_check_digit("CSQU3045383")


def test_a_remainder_of_ten_is_written_as_nought() -> None:
    assert check_digit("CSQU3054300") == 0

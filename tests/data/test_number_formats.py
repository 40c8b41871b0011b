"""Numbers as people write them: one format for a column, and what it reads."""

import pytest

from chainrule.data.number_formats import PLAIN, NumberFormat

CASES = [
    (["1", "-2.5", "1e3"], PLAIN, [1, -2.5, 1000]),
    (["$1,234.50", "$5", "-$3.2", "($7)", "$-1"], (".", ",", "$"), [1234.5, 5, -3.2, -7, -1]),
    (["1.234,5", "17", "2.000.000"], (",", ".", ""), [1234.5, 17, 2e6]),
    (["1,5", "2", "3,25"], (",", "", ""), [1.5, 2, 3.25]),
    (["1,234", "950", "20,500"], (".", ",", ""), [1234, 950, 20500]),
    (["0,123", "0,555"], (",", "", ""), [0.123, 0.555]),
    (["1.234", "0.512", "3"], PLAIN, [1.234, 0.512, 3]),
    (["1.234.567", "1.234"], (",", ".", ""), [1234567, 1234]),
    (["1,23,456", "12,34,567.5"], (".", ",", ""), [123456, 1234567.5]),
    (["1 234,5", "12\u00a0000", "7"], (",", " ", ""), [1234.5, 12000, 7]),
    (["1'234.5", "12’000"], (".", "'", ""), [1234.5, 12000]),
    (["70 %", "5%", "1.5%"], (".", "", "%"), [70, 5, 1.5]),
    (["12 kg", "5.5kg", "1,200 kg"], (".", ",", "kg"), [12, 5.5, 1200]),
    (['5.5"', '6"'], (".", "", '"'), [5.5, 6]),
    (["1 day", "3 days"], (".", "", "day"), [1, 3]),
    (["5 €", "€7", "-2 €"], (".", "", "€"), [5, 7, -2]),
    (["+5", "−3", "(4)"], PLAIN, [5, -3, -4]),
]


@pytest.mark.parametrize(("texts", "form", "values"), CASES)
def test_a_format_is_found_and_reads(texts, form, values):
    found = NumberFormat.find(texts, [1] * len(texts))
    assert found == (form if form == PLAIN else NumberFormat(*form))
    assert [found.value(text) for text in texts] == values
    assert NumberFormat.from_json(found.to_json(), "x") == found


@pytest.mark.parametrize(
    "texts",
    [
        ["u1", "v2"],
        ["2019-03-12", "12/03/2019", "5:30"],
        ["EUR 7", "USD 5"],
        ["3 m", "4 km", "7 mm"],
        ["1,2,3", "0,1,2"],
        ["5 (about)", "x" * 50],
        ["٣", "1_000", "0x10"],
    ],
)
def test_what_is_no_number_is_none(texts):
    found = NumberFormat.find(texts, [1] * len(texts))
    assert [found.value(text) for text in texts] == [None] * len(texts)


def test_one_format_holds_for_a_column():
    comma = NumberFormat(",", ".")
    assert (comma.value("1.5"), comma.value("1.500"), comma.value("1,5,5")) == (None, 1500, None)
    assert NumberFormat(unit="kg").value("5 m") is None
    assert NumberFormat(".", ",").value("1,23") is None


def test_what_could_be_read_in_two_ways_is_named():
    texts = ["950", "1,234", "7,5"]
    assert NumberFormat(".", ",").example(texts) == "1,234"
    assert NumberFormat(".", ",").example(["1,234.5"]) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decimal": ";"}, "expected a decimal point or comma"),
        ({"thousands": "."}, "another sign for thousands"),
        ({"unit": 3}, "unit: expected a text"),
        ({"more": 3}, "expected the keys"),
    ],
)
def test_odd_json_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        NumberFormat.from_json({**PLAIN.to_json(), **change}, "x")

"""One person in any spelling, nobody for null words, counts and never an identifier."""

import pytest

from engine.pilot.text.identity import Identities, Rule, person


@pytest.mark.parametrize(
    ("spellings", "named", "rule"),
    [
        (("１２", "12"), "12", Rule.WIDTH),
        (("ﾔﾏﾀﾞ", "ヤマダ"), "ヤマダ", Rule.WIDTH),
        (("a\u200bnn", "\ufeffann", "ann"), "ann", Rule.INVISIBLE),
        (("  u1", "u1\u3000", "u1"), "u1", Rule.SPACE),
        (("12", "12.0", "1.2e1", "12.", "+12", "1.20E+1"), "12", Rule.NUMBER),
        (("12.50", "12.5"), "12.5", Rule.NUMBER),
        (("Ann@Example.ORG", "ann@example.org"), "ann@example.org", Rule.MAIL_CASE),
    ],
)
def test_spellings_of_one_person_are_one(spellings, named, rule):
    assert {person(spelling) for spelling in spellings} == {named}
    assert len({person(spelling, off=[rule]) for spelling in spellings}) > 1


@pytest.mark.parametrize("value", [12, 12.0, "12", b"12", "１２．０"])
def test_every_source_gives_the_same_person(value):
    assert person(value) == "12"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "ann"), ("007", "7"), ("12", "12.5"), ("1e400", "1e401"), ("a-b", "ab"), ("0", "00")],
)
def test_what_may_be_two_people_stays_two(one, other):
    assert person(one) != person(other)


@pytest.mark.parametrize(
    "value",
    [
        *("nan", "NULL", "None", "-", "－", "なし", "ﾅｼ", "N/A", "ｎ／ａ", "", "  ", "\u200b"),
        *(None, float("nan"), float("inf"), {}, []),
    ],
)
def test_null_words_name_nobody(value):
    assert person(value) is None


def test_a_null_word_is_a_person_where_that_is_asked_for():
    assert person("None", off=[Rule.NULL_WORD]) == "None"


def test_people_are_counted_before_and_after_and_look_alikes_beside():
    identities = Identities()
    for spelling in ("12", "12.0", "007", "7", "Ann", "ann", "ann", "b+x@c.org", "b@c.org", "zoe"):
        named = person(spelling)
        assert named is not None
        identities.add(spelling, named)
    found = identities.counts()
    assert found is not None
    assert (found.spelled, found.people, found.look_alike) == (9, 8, 6)


def test_without_persons_nothing_is_counted():
    assert Identities().counts() is None

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
        (("090\u20101234", "090\u22121234", "090-1234", "090\u20131234"), "090-1234", Rule.HYPHEN),
        (
            (
                "550E8400-e29b-41D4-A716-446655440000",
                "{550e8400-e29b-41d4-a716-446655440000}",
                "550e8400-e29b-41d4-a716-446655440000",
            ),
            "550e8400-e29b-41d4-a716-446655440000",
            Rule.UUID,
        ),
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
    [("Ann", "ann"), ("007", "7"), ("12", "12.5"), ("1e400", "1e401"), ("a-b", "ab"), ("0", "00"),
     ("1,000", "1000"), ("2026-01-02", "2026/01/02"), ("a.nn@x.org", "ann@x.org"),
     ("ann+a@x.org", "ann@x.org"), ("0x1F", "0x1f"), ("データ", "デ-タ"), ("サー", "サ-1")],
)  # fmt: skip
def test_what_may_be_two_people_stays_two(one, other):
    assert person(one) != person(other)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "nan",
            "NULL",
            "None",
            "-",
            "－",
            "−",
            "‒",
            "なし",
            "ﾅｼ",
            "N/A",
            "ｎ／ａ",
            "",
            "  ",
            "\u200b",
        ),
        *("anonymous", "空白", "（なし）", "未記入", "\\N", "#REF!", "unbekannt", "aucun", "未知"),
        *("없음", "нет", "desconocido", "(blank)", "ＮＵＬＬ", "null\u200b"),
        *(None, float("nan"), float("inf"), {}, {"id": 1}, [], True, False),
    ],
)
def test_null_words_name_nobody(value):
    assert person(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "null null",
        "nan_nan",
        "None, none",
        "未入力　なし",
        "(null)/(null)",
        "-----",
        "????",
        "* * *",
    ],
)
def test_runs_of_null_words_and_of_signs_name_nobody(value):
    assert person(value) is None
    assert person(value, off=[Rule.NULL_WORD]) is not None


@pytest.mark.parametrize("value", ["Na Na", "null Smith", "Nan Li", "a_b", "無 無", "1-2", "🐱"])
def test_what_may_name_somebody_beside_a_null_word_stays(value):
    assert person(value) == value


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


@pytest.mark.parametrize(
    ("one", "other"),
    [("2026-01-02", "2026-01-02 00:00:00"), ("2026-01-02", "2026-01-02T00:00Z"), ("1,000", "1000"),
     ("2026-01-02", "2026/01/02"), ("mailto:ann@x.org", "ann@x.org"), ("<ann@x.org>", "ann@x.org"),
     ("a.nn@x.org", "ann@x.org"), ("True", "true")],
)  # fmt: skip
def test_what_is_left_apart_is_counted_as_alike(one, other):
    identities = Identities()
    for spelling in (one, other):
        named = person(spelling)
        assert named is not None
        identities.add(spelling, named)
    found = identities.counts()
    assert found is not None and (found.people, found.look_alike) == (2, 2)


def test_without_persons_nothing_is_counted():
    assert Identities().counts() is None

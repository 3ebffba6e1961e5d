"""Both languages say everything the code says, with the same placeholders, and nothing else."""

import string

import pytest

from engine.errors import InputError
from engine.text import catalogues
from engine.text.i18n import LANGUAGES, Words, from_browser


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def entries(language):
    return {message.id: message for message in catalogues.read(language) if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_lacks_a_translation(language):
    missing = set(catalogues.collect()) - entries(language).keys()
    assert not missing, "run python -m engine.text.catalogues and translate"
    assert not catalogues.lacking(catalogues.read(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_is_not_said(language):
    assert not entries(language).keys() - set(catalogues.collect())


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders(language):
    for message in entries(language).values():
        ids = message.id if message.pluralizable else (message.id,)
        said = message.string if message.pluralizable else (message.string,)
        for text in said:
            assert placeholders(text) == placeholders(ids[-1]), message.id


def test_english_says_the_message_itself():
    for message in entries("en").values():
        assert message.string == message.id


def test_japanese_is_not_english():
    same = {m.id for m in entries("ja").values() if m.string == m.id}
    assert same <= {"ε", "δ"}


def test_the_language_of_the_browser():
    assert [from_browser(name) for name in ("ja", "ja-JP", "en-US", "fr", "", None)] == [
        "ja",
        "ja",
        "en",
        "en",
        "en",
        "en",
    ]


def test_a_refusal_is_translated_with_its_names_units_and_numbers():
    error = InputError(
        "Expected {name} between {low} and {high}{unit}, got {value}: choose a value inside.",
        name="compute_flops",
        low="1e+13",
        high="1e+24",
        unit=" FLOPs",
        value="1e+25",
    )
    assert Words("en").refusal(error) == (
        "Expected compute between 10¹³ and 10²⁴ FLOPs, got 10²⁵: choose a value inside."
    )
    assert Words("ja").refusal(error) == (
        "計算量は10¹³〜10²⁴ FLOPsの範囲ですが、10²⁵が指定されました。範囲内の値を選んでください。"
    )
    people = InputError("{low}{unit}", low="1000", unit=" people")
    assert Words("en").refusal(people) == "1,000 people"
    assert Words("ja").refusal(people) == "1,000人"


def test_a_page_s_refusal_names_files_without_where_they_lie(tmp_path):
    """Nested refusals, paths with spaces and a library's own words included."""
    inner = InputError(
        "Could not read {file}: {reason}.", file=tmp_path / "a b" / "c.csv", reason="x"
    )
    error = InputError(
        "Not {path} of {roots}: {why} {reason}",
        path=tmp_path / "letters.csv",
        roots=f"{tmp_path}/one, {tmp_path}/two",
        why=inner,
        reason=f"[Errno 2] No such file: '{tmp_path}/x y/z.csv'",
    )
    assert Words("en").refusal(error) == (
        r"Not letters.csv of one, two: Could not read c.csv: x. \[Errno 2\] No such file: 'z.csv'"
    )
    assert str(tmp_path) in Words("en").plain_refusal(error), "the command line says where"


def test_a_plain_refusal_holds_what_came_from_outside_as_it_is():
    error = InputError(
        "Expected a number for {name}, got {value}.", name="utilisation", value="*a_b* $5"
    )
    assert Words("en").refusal(error).endswith(r"got \*a\_b\* \$5.")
    assert Words("en").plain_refusal(error) == (
        "Expected a number for the utilisation, got *a_b* $5."
    )
    assert "*a_b* $5" in Words("ja").plain_refusal(error)

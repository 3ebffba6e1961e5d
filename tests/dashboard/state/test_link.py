"""A scenario in a link: exact, short, and forgiving."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.state import link
from engine.errors import InputError
from engine.scenarios import fields as grammar
from engine.scenarios import figures

NUMBERS = {key: field for key, field in link.FIELDS.items() if isinstance(field, grammar.Number)}


@st.composite
def scenarios(draw):
    values = {}
    for key, field in link.FIELDS.items():
        if isinstance(field, grammar.Choice):
            values[key] = draw(st.sampled_from(list(field.options())))
        elif isinstance(field, grammar.Figures):
            own = (figures.EXAMPLE, "2,4.5;2.5,3.9;3,2.4")
            values[key] = draw(st.sampled_from([None, own[key == "pairs"]]))
        elif isinstance(field, link.Names):
            values[key] = draw(st.sampled_from([None, "Proposal 1", "案1\nB | C"]))
        elif isinstance(field, link.Pilot):
            values[key] = draw(st.from_regex(r"[0-9a-f]{16}|new", fullmatch=True))
        elif isinstance(field, link.Token):
            values[key] = draw(st.from_regex(r"[A-Za-z0-9_-]{32}", fullmatch=True))
        elif key in ("data", "slide", "tour"):
            low, high = NUMBERS[key].bounds
            values[key] = draw(st.integers(int(low), int(high)))
        else:
            values[key] = draw(st.floats(*NUMBERS[key].bounds))
    try:
        grammar.own_figures(values)
    except InputError:  # Pairs of one metric are none of another.
        values["pairs"] = None
    return values


@given(scenarios())
def test_every_scenario_survives_its_link(values):
    assert link.read_all(link.write_all(values)) == (values, {})


def test_the_first_visit_has_a_short_link():
    assert link.write_all(link.defaults()) == {"compute": "3.8e20", "data": "1e7", "epsilon": "4"}


def test_what_cannot_be_used_keeps_its_default_and_the_rest():
    values, refused = link.read_all({"compute": "x", "data": "2e5", "sampling": "?", "other": "1"})
    assert refused.keys() == {"compute", "sampling"}
    assert values == link.defaults() | {"data": 200_000}


@pytest.mark.parametrize("key", NUMBERS)
def test_limits_are_allowed_and_beyond_is_refused(key):
    low, high = NUMBERS[key].bounds
    for bound in (low, high):
        assert link.read(key, link.write(key, bound)) == bound
    for outside in (low / 2, high * 2):
        with pytest.raises(InputError, match="between"):
            link.read(key, link.write(key, outside))


@pytest.mark.parametrize("field", grammar.BUDGET_FIELDS.values(), ids=grammar.BUDGETS)
def test_slider_steps_span_the_range_with_about_ten_a_decade(field):
    steps, (low, high) = link.steps(field), field.bounds
    assert (steps[0], steps[-1]) == (low, high)
    ratios = [after / before for before, after in itertools.pairwise(steps)]
    assert min(ratios) > 1 and max(ratios) <= 1.35

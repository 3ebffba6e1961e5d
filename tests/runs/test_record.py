"""Records: what is accepted is normal, what cannot be true is refused with the reason."""

import dataclasses
import math
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError
from engine.runs.record import DEFINING, FIELDS, Provenance, RunRecord, run_id_of
from engine.runs.table import read_rows
from tests.runs.made_runs import NOW, PLAIN

PRIVATE: dict[str, Any] = PLAIN | {
    "noise_multiplier": 2.0,
    "data_budget": 1000,
    "epsilon": 4.0,
    "delta": 1e-6,
    "privacy_unit": "person",
    "neighbouring_relation": "add-or-remove-one",
    "sampling": "poisson",
}


def record(**changes: object) -> RunRecord:
    return RunRecord(**(PLAIN | changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model_size": 0}, "Expected model_size of at least 1, got 0."),
        ({"model_size": None}, "Expected a value for model_size, got none."),
        ({"model_size": True}, "Expected a number for model_size, got True."),
        ({"model_size": "10"}, "Expected a number for model_size, got 10."),
        ({"batch_size": 1.5}, "Expected a whole number for batch_size, got 1.5."),
        ({"iterations": -1}, "Expected iterations of at least 1, got -1."),
        ({"sequence_length": math.nan}, "Expected a whole number for sequence_length, got nan."),
        ({"model_size": 2**63}, f"Expected model_size of at most {2**63 - 1}, got {2**63}."),
        ({"model_size": 10**400}, "Expected a finite number for model_size"),
        ({"vocabulary_size": 1}, "Expected vocabulary_size of at least 2, got 1."),
        ({"seed": -1}, "Expected seed of at least 0, got -1."),
        ({"cross_entropy": 0.0}, "Expected cross_entropy above 0, got 0.0."),
        ({"cross_entropy": math.inf}, "Expected a finite number for cross_entropy, got inf."),
        ({"cross_entropy": 5.83}, "at most 5.822 nats for a vocabulary of 256, got 5.83"),
        ({"learning_rate": 0.0}, "Expected learning_rate above 0, got 0.0."),
        ({"noise_batch_ratio": -0.1}, "Expected noise_batch_ratio of at least 0, got -0.1."),
        ({"noise_batch_ratio": None}, "Expected one of noise_batch_ratio, noise_multiplier or"),
        (
            {"compute_flops": 7.9e7},
            "Expected compute_flops within 1% of 6·M·B·T·S = 7.68e+07, got 7.9e+07.",
        ),
        (
            {"noise_multiplier": 2.1},
            "Expected noise_batch_ratio within 1% of noise_multiplier / batch_size = 0.1313, "
            "got 0.125.",
        ),
        ({"data_budget": 15}, "Expected batch_size of at most the data_budget of 15, got 16."),
        ({"delta": 0.1}, "Expected delta between 1e-12 and 0.01, got 0.1"),
        ({"family": "Toy"}, "Expected small letters, digits, '-', '_' and '.' for family, got"),
        ({"family": "toy\n"}, "for family"),
        ({"family": "a" * 65}, "for family"),
        ({"source": " "}, "Expected a text for source"),
        ({"note": "\ud800"}, "Expected a text for note"),
        ({"provenance": "heard"}, "Expected published | measured | imported for provenance"),
        ({"sampling": "shuffled"}, "Expected poisson | deterministic | best | truncated-poisson"),
        ({"compute_optimal": 1}, "Expected true or false for compute_optimal, got 1."),
        ({"versions": "[1]"}, "Expected a JSON object for versions, got [1]."),
        ({"versions": '{"a": NaN}'}, "Expected a JSON object for versions"),
        ({"created_at": datetime(2026, 1, 1)}, "Expected a time with its zone"),  # noqa: DTZ001
        ({"curve": [(1, 2.0), (1, 1.9)]}, "rise up to 100, got 1 after 1."),
        ({"curve": [(101, 2.0)]}, "rise up to 100, got 101 after -1."),
        ({"curve": [(1, math.nan)]}, "Expected a finite number for curve.cross_entropy, got nan."),
        ({"curve": [(1, 2.0, 3.0)]}, "Expected a list of (iteration, cross_entropy) for curve"),
        ({"curve": "1,2"}, "Expected a list of (iteration, cross_entropy) for curve, got 1,2."),
    ],
)
def test_what_cannot_be_true_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(InputError) as caught:
        record(**changes)
    assert sentence in str(caught.value)
    assert caught.value.template.format(**caught.value.values) == str(caught.value)


@pytest.mark.parametrize("missing", ["delta", "data_budget", "privacy_unit", "sampling"])
def test_a_guarantee_without_one_of_its_parts_is_refused(missing):
    with pytest.raises(InputError, match=f"Expected {missing} beside epsilon"):
        RunRecord(**(PRIVATE | {missing: None}))


def test_a_guarantee_names_its_relation_unless_accounting_chooses_it():
    with pytest.raises(InputError, match="Expected neighbouring_relation beside epsilon"):
        RunRecord(**(PRIVATE | {"neighbouring_relation": None}))
    assert RunRecord(**(PRIVATE | {"neighbouring_relation": None, "sampling": "best"}))


def test_a_guarantee_that_its_sampling_or_noise_cannot_give_is_refused():
    with pytest.raises(InputError, match="Expected neighbouring_relation zero-out-one"):
        RunRecord(**(PRIVATE | {"sampling": "deterministic"}))
    with pytest.raises(InputError, match="with banded noise they are poisson"):
        RunRecord(**(PRIVATE | {"sampling": "banded"}))
    with pytest.raises(InputError, match="Expected noise beside epsilon"):
        RunRecord(**(PRIVATE | {"noise_multiplier": 0.0, "noise_batch_ratio": 0.0}))
    with pytest.raises(InputError, match=r"Expected epsilon between 0\.01 and 64, got 65"):
        RunRecord(**(PRIVATE | {"epsilon": 65}))


def test_bounds_themselves_are_allowed():
    highest = 1.05 * math.log(256)
    assert record(cross_entropy=highest).cross_entropy == highest
    assert record(data_budget=16).data_budget == 16
    assert record(compute_flops=PLAIN["compute_flops"] * 1.0099).compute_flops > 0
    assert record(noise_batch_ratio=0.0).noise_batch_ratio == 0.0
    assert record(curve=[(0, 9.0), (100, 1.0)]).curve == ((0, 9.0), (100, 1.0))


def test_rounded_figures_of_a_paper_may_differ_by_ten_percent_and_no_more():
    near = {"provenance": "published", "compute_flops": PLAIN["compute_flops"] * 1.099}
    assert record(**near).provenance is Provenance.PUBLISHED
    for factor in (1.101, 0.899):
        with pytest.raises(InputError, match="within 10% of"):
            record(**near | {"compute_flops": PLAIN["compute_flops"] * factor})


def test_values_come_out_normal():
    zone = timezone(timedelta(hours=9))
    run = record(
        model_size=np.int64(1000),
        batch_size=16.0,
        learning_rate=np.float32(0.5),
        created_at=datetime(2026, 11, 23, 18, tzinfo=zone),
        versions='{"torch": "2", "a": 1}',
        sampling="poisson",
        neighbouring_relation="zero-out-one",
        curve=[[np.int64(1), np.float64(2.0)]],
    )
    assert (type(run.model_size), type(run.batch_size)) == (int, int)
    assert type(run.learning_rate) is float
    assert run.created_at == NOW
    assert run.created_at.utcoffset() == timedelta(0)
    assert run.versions == '{"a":1,"torch":"2"}'
    assert run.sampling is Sampling.POISSON
    assert run.neighbouring_relation is NeighbouringRelation.ZERO_OUT
    assert run.curve == ((1, 2.0),)
    assert {type(v) for v in run.curve[0]} == {int, float}


def test_records_are_frozen_equal_by_value_and_survive_pickling():
    run = record()
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.seed = 3  # type: ignore[misc]  # that it is refused is the test
    assert run == record()
    assert pickle.loads(pickle.dumps(run)) == run


def test_run_id_is_pinned():
    """A change of this value would give every stored run a second id: migrate the log first."""
    assert record(seed=1).run_id == "3438973724d443b4e7eb1d5f70b3a883"


@pytest.mark.parametrize("name", DEFINING)
def test_each_defining_field_changes_the_id(name):
    other = {
        "provenance": "imported",
        "neighbouring_relation": "zero-out-one",
        "sampling": "best",
        "compute_optimal": True,
    }
    base = {field: getattr(RunRecord(**PRIVATE), field) for field in DEFINING}
    value = base[name]
    changed = other.get(name, f"{value}x" if isinstance(value, str) else (value or 1) * 2)
    assert run_id_of(base | {name: changed}) != run_id_of(base)


@pytest.mark.parametrize(
    "change",
    [
        {"cross_entropy": 2.0},
        {"hardware": "H200"},
        {"versions": '{"torch":"2"}'},
        {"note": "again"},
        {"created_at": NOW + timedelta(days=1)},
        {"curve": ((1, 5.0),)},
        {"compute_flops": PLAIN["compute_flops"] * 1.001},
    ],
)
def test_outcomes_and_circumstances_leave_the_id(change):
    assert record(**change).run_id == record().run_id


def test_a_plan_knows_its_run_id_before_the_run():
    plan = {name: PRIVATE.get(name) for name in DEFINING} | {"compute_optimal": False}
    assert run_id_of(plan | {"minutes": 3}) == RunRecord(**PRIVATE).run_id


@given(
    seed=st.integers(0, 2**53),
    ratio=st.floats(0, 1e3, allow_subnormal=False),
    order=st.permutations(DEFINING),
)
def test_the_id_depends_on_values_alone(seed, ratio, order):
    run = record(seed=seed, noise_batch_ratio=ratio)
    fields = {name: getattr(run, name) for name in order}
    fields["seed"] = np.float64(seed)
    fields["noise_batch_ratio"] = -0.0 if ratio == 0 else np.float64(ratio)
    assert run_id_of(fields) == run.run_id


@given(first=st.integers(0, 2**63 - 1), second=st.integers(0, 2**63 - 1))
def test_ids_differ_exactly_where_runs_do(first, second):
    assert (record(seed=first).run_id == record(seed=second).run_id) == (first == second)


def test_canonical_json_tells_all_but_the_time():
    base = record().canonical_json()
    assert record(created_at=NOW + timedelta(1)).canonical_json() == base
    assert record(cross_entropy=3.4).canonical_json() != base
    assert record(note="x").canonical_json() != base
    assert record(curve=((1, 4.0),)).canonical_json() != base


# --- tables of raw rows -------------------------------------------------------------------------

CELLS = {
    name: str(value) for name, value in PRIVATE.items() if name not in ("created_at", "provenance")
} | {"provenance": "imported"}


def test_rows_of_texts_become_records():
    cells = CELLS | {
        "model_size": " 1.0e3 ",
        "compute_optimal": "TRUE",
        "seed": "",
        "curve": "[[1, 4.5]]",
    }
    records, refusals = read_rows([cells], created_at=NOW)
    assert refusals == []
    expected = PRIVATE | {"provenance": "imported", "compute_optimal": True, "curve": [(1, 4.5)]}
    assert records == [RunRecord(**expected)]


def test_what_follows_from_other_columns_may_be_left_out():
    cells = {k: v for k, v in CELLS.items() if k not in ("compute_flops", "noise_batch_ratio")}
    (run,), _ = read_rows([cells], created_at=NOW)
    assert run.compute_flops == 6 * 1000 * 16 * 100 * 8
    assert run.noise_batch_ratio == 2.0 / 16


def test_defaults_fill_empty_cells_and_give_way_to_others():
    rows = [CELLS | {"note": ""}, CELLS | {"note": "own", "seed": "1"}]
    (first, second), _ = read_rows(rows, created_at=NOW, defaults={"note": "default"})
    assert (first.note, second.note) == ("default", "own")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model_size": "many"}, "Expected a number for model_size, got many."),
        ({"model_size": "1_0"}, "Expected a number for model_size, got 1_0."),
        ({"model_size": ""}, "Expected a value for model_size, got none."),
        ({"model_size": None}, "Expected a value for model_size, got none."),
        ({"model_size": "1e999"}, "Expected a number for model_size, got 1e999."),
        ({"batch_size": "0"}, "Expected batch_size of at least 1, got 0."),
        ({"cross_entropy": "nan"}, "Expected a finite number for cross_entropy, got nan."),
        (
            {"compute_optimal": "perhaps"},
            "Expected true or false for compute_optimal, got perhaps.",
        ),
        ({"created_at": "yesterday"}, "for created_at, got yesterday."),
        ({"curve": "[[1,"}, "Expected a list of (iteration, cross_entropy) for curve, got [[1,."),
        ({"learnig_rate": "1"}, "got also learnig_rate"),
        ({None: ["9"]}, "got also None"),
        ({"noise_multiplier": "x"}, "Expected a number for noise_multiplier, got x."),
    ],
)
def test_a_bad_row_is_refused_with_its_number_and_itself_and_the_rest_stays(change, sentence):
    rows = [CELLS, CELLS | change, CELLS | {"seed": "2"}]
    records, (refusal,) = read_rows(rows, created_at=NOW, first_row=2)
    assert [run.seed for run in records] == [None, 2]
    assert refusal.row_number == 3
    assert refusal.row == rows[1]
    assert sentence in refusal.sentence
    assert refusal.sentence == refusal.template.format(**refusal.values)
    assert str(refusal).startswith("Row 3: Expected")


def test_raw_numbers_that_are_no_numbers_are_refused_too():
    rows: list[dict[str, object]] = [
        {**CELLS, "model_size": object()},
        {**CELLS, "noise_multiplier": "2", "batch_size": "x"},
    ]
    _, refusals = read_rows(rows, created_at=NOW)
    assert [refusal.row_number for refusal in refusals] == [1, 2]


def test_a_repeated_run_is_refused_with_both_rows():
    again = CELLS | {"cross_entropy": "3.4"}
    records, (refusal,) = read_rows([CELLS, again], created_at=NOW)
    assert len(records) == 1
    assert refusal.row_number == 2
    assert refusal.sentence == "Expected every run once, got the run of row 1 again."


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(FIELDS) | st.text(max_size=5),
            st.none() | st.text(max_size=8) | st.integers() | st.floats() | st.booleans(),
            max_size=30,
        ),
        max_size=5,
    )
)
def test_no_table_whatsoever_makes_the_reader_fail(rows):
    rows = [CELLS | row for row in rows]
    records, refusals = read_rows(rows, created_at=NOW)
    assert len(records) + len(refusals) == len(rows)
    for refusal in refusals:
        assert refusal.sentence

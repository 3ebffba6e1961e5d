"""A sweep plan as a person writes it, and as it is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.ladder import shape_for
from engine.pilot.plan import CorpusSource, Engine
from engine.pilot.sweeps.grid import defining, run_id
from engine.pilot.sweeps.gridfile import parse
from engine.runs.fine_tuned import Method, method_of
from tests.pilot.made_start import keep

BLOCK = """
[[grid]]
model_sizes = [3e4]
noise_batch_ratios = [0, "2^-8"]
learning_rates = ["2^-7"]
seeds = [1]
"""


def test_defaults():
    plan = parse(BLOCK)
    assert plan.corpus == CorpusSource(kind="docstrings")
    assert (plan.processes, plan.threads, plan.device, plan.interleave) == (1, 1, "cpu", False)
    assert (plan.batch_size, plan.sequence_length, plan.physical_batch_size) == (128, 64, 32)
    assert (plan.engine, plan.precision) == (Engine.FAST, "float32")
    (grid,) = plan.grids
    assert (grid.iterations, grid.warmup, grid.round) == (1024, 20, 1)
    assert grid.model_sizes == (3e4,)
    assert grid.noise_batch_ratios == (0.0, 2.0**-8)
    assert grid.learning_rates == (2.0**-7,)
    assert grid.seeds == (1,)


def test_everything_said():
    plan = parse(
        """
        interleave = true
        [corpus]
        kind = "csv"
        path = "a.csv"
        text_column = "body"
        unit_column = "author"
        public = true
        [workers]
        processes = 3
        threads = 2
        device = "cuda"
        [defaults]
        batch_size = 256
        sequence_length = 32
        iterations = 50
        warmup = 5
        physical_batch_size = 16
        engine = "opacus"
        precision = "bfloat16"
        """
        + BLOCK
        + "iterations = 60\nround = 4\n"
        + BLOCK
        + "warmup = 7\n"
    )
    assert plan.corpus == CorpusSource(
        kind="csv", path="a.csv", text_column="body", unit_column="author"
    )
    assert (plan.processes, plan.threads, plan.device, plan.interleave) == (3, 2, "cuda", True)
    assert (plan.batch_size, plan.sequence_length, plan.physical_batch_size) == (256, 32, 16)
    assert (plan.engine, plan.precision) == (Engine.OPACUS, "bfloat16")
    assert [(g.iterations, g.warmup, g.round) for g in plan.grids] == [(60, 5, 4), (50, 7, 2)]


def test_blocks_run_in_the_order_written():
    assert [grid.round for grid in parse(BLOCK * 3).grids] == [1, 2, 3]


@given(exponent=st.integers(-40, 10))
def test_powers_are_exact(exponent):
    plan = parse(BLOCK.replace('"2^-8"', f'" 2 ^ {exponent}"'))
    assert plan.grids[0].noise_batch_ratios[1] == 2.0**exponent


@pytest.mark.parametrize(("text", "value"), [('"2^-8.5"', 2**-8.5), ('"1e-3"', 1e-3), ("1", 1.0)])
def test_other_numbers(text, value):
    plan = parse(BLOCK.replace('"2^-7"', text))
    assert plan.grids[0].learning_rates == (value,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("grid = [", "Expected a sweep plan in TOML"),
        ("", r"at least one \[\[grid\]\]"),
        ("[grid]\nseeds = [1]", r"blocks headed \[\[grid\]\]"),
        ("colour = 1\n" + BLOCK, "got colour"),
        ("[corpus]\nkinds = 'x'\n" + BLOCK, "got kinds"),
        ("corpus = 1\n" + BLOCK, r"a block headed \[corpus\] for corpus, got 1"),
        ("[corpus]\nkind = 'folder'\npath = 'x'\n" + BLOCK, "public = true under"),
        ("[corpus]\nkind = 'folder'\npath = 'x'\npublic = false\n" + BLOCK, "public text only"),
        ("[corpus]\npublic = false\n" + BLOCK, "public text only"),
        ("[corpus]\npublic = 'yes'\n" + BLOCK, "true or false for public"),
        ("[corpus]\npath = 3\n" + BLOCK, "a text for path"),
        ("[workers]\nprocesses = 0\n" + BLOCK, "processes of at least 1"),
        ("[workers]\nthreads = 1.5\n" + BLOCK, "whole number for threads"),
        ("[workers]\ndevice = ''\n" + BLOCK, "a text for device"),
        ("[defaults]\nbatch_size = 0\n" + BLOCK, "batch_size of at least 1"),
        ("[defaults]\nprecision = 'half'\n" + BLOCK, r"float32 \| bfloat16 for precision"),
        ("[defaults]\nengine = 'slow'\n" + BLOCK, r"fast \| opacus for engine"),
        ("interleave = 1\n" + BLOCK, "true or false for interleave"),
        (BLOCK + "learning_rate = 1", r"in \[\[grid\]\] 1, got learning_rate"),
        (BLOCK.replace("[3e4]", "[]"), r"a list of numbers for model_sizes of \[\[grid\]\] 1"),
        (BLOCK.replace("[3e4]", "3e4"), "a list of numbers for model_sizes"),
        (BLOCK.replace("seeds = [1]", ""), r"for seeds of \[\[grid\]\] 1, got none"),
        (BLOCK.replace("[3e4]", "[-1]"), "model_sizes above 0"),
        (BLOCK.replace("[3e4]", "[true]"), "a number for model_sizes"),
        (BLOCK.replace("[0,", "[-1,"), "noise_batch_ratio of at least 0"),
        (BLOCK.replace("2^-8", "2^x"), 'a number or a power like "2\\^-8" for noise_batch'),
        (BLOCK.replace("2^-8", "2^99999"), "a number or a power"),
        (BLOCK.replace("2^-8", "nan"), "a finite number for noise_batch_ratio"),
        (BLOCK.replace("2^-7", "0^1"), "learning_rate above 0"),
        (BLOCK.replace("seeds = [1]", "seeds = [-1]"), "seed of at least 0"),
        (BLOCK + "iterations = 0", "iterations of at least 1"),
        (BLOCK + "iterations = 20", "warmup below the 20 iterations, got 20"),
        (BLOCK + "round = 'first'", "a number for round"),
        (BLOCK.replace("seeds = [1]", f"seeds = {list(range(60_000))}"), "at most 100000 runs"),
    ],
)
def test_one_sentence_for_each_mistake(text, sentence):
    with pytest.raises(InputError, match=sentence) as refusal:
        parse(text)
    assert str(refusal.value).endswith(".")


def test_the_first_campaign_is_a_plan():
    campaign = Path(__file__).parents[3] / "data" / "campaign.toml"
    plan = parse(campaign.read_text(encoding="utf-8"))
    assert plan.interleave
    assert plan.settings(vocabulary_size=256, data_budget=30_000)


# --- blocks that begin from public starts -------------------------------------------------------

TUNED = """
[[grid]]
starts = ["mine"]
lora_ranks = [0, 4]
noise_batch_ratios = ["2^-8"]
learning_rates = ["2^-7"]
seeds = [1]
iterations = 32
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))
    return keep("mine", shape_for(30_000))


def test_every_start_by_every_rank(mine):
    runs = parse(TUNED).settings(vocabulary_size=256, data_budget=5000)
    assert [run.start for run in runs] == [mine.begun(0), mine.begun(4)]
    assert {run.shape for run in runs} == {mine.card.shape}
    told = [defining(run, family="gpt-bytes-test") for run in runs]
    assert {one["family"] for one in told} == {"gpt-bytes-test-tuned"}
    assert [method_of(one["source"]) for one in told] == [Method("mine", 0), Method("mine", 4)]
    assert len({run_id(run, family="gpt-bytes-test") for run in runs}) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('starts = ["mine"]', 'starts = ["mine"]\nmodel_sizes = [3e4]'),
            "got both",
        ),
        (('starts = ["mine"]', "model_sizes = [3e4]"), "ranks beside starts"),
        (("lora_ranks = [0, 4]", "lora_ranks = []"), "ranks beside starts"),
        (("lora_ranks = [0, 4]", "lora_ranks = [-1]"), "lora_ranks"),
        (('["mine"]', '["other"]'), "one of the starts"),
        (('["mine"]', '["../mine"]'), "small letters, digits and hyphens"),
        (('["mine"]', "[1]"), "starts"),
    ],
)
def test_what_cannot_be_begun_is_refused(mine, change, said):
    with pytest.raises(InputError, match=said):
        parse(TUNED.replace(*change))

"""Errors that were planted are found, and sound runs are left alone."""

import math

import numpy as np
import pytest

from engine.runs.imports.settle import Flag, Status

HEAD = "name,params,tokens,loss"


def hoffmann(size: float, tokens: float) -> float:
    """Nats per token: the parametric law of Hoffmann et al. (2022), as replicated by Besiroglu et
    al. (2024)."""
    return 1.82 + 482.0 / size**0.35 + 2085.0 / tokens**0.37


@pytest.fixture(scope="module")
def sound() -> list[list[str]]:
    rng = np.random.default_rng(3)
    rows: list[list[str]] = []
    for size in np.geomspace(1e7, 1e9, 6):
        for ratio in (6.0, 20.0, 60.0, 200.0):
            loss = hoffmann(size, ratio * size) * math.exp(rng.normal(scale=0.004))
            rows.append([f"r{len(rows)}", str(int(size)), str(int(ratio * size)), f"{loss:.4f}"])
    return rows


def judged(imported, rows) -> dict[str, list[str]]:
    found = imported("\n".join([HEAD, *map(",".join, rows)]))
    return {run.name: [str(one.flag) for one in run.flags] for run in found.runs}


def planted(rows, place: int, column: int, value: str) -> list[list[str]]:
    copy = [list(row) for row in rows]
    copy[place][column] = value
    return copy


def test_sound_runs_have_no_flags(imported, sound):
    assert {name: flags for name, flags in judged(imported, sound).items() if flags} == {}


@pytest.mark.parametrize("place", [1, 9, 22])
@pytest.mark.parametrize("factor", [0.1, 10])
def test_a_size_ten_times_off_is_found(imported, sound, place, factor):
    wrong = planted(sound, place, 1, str(int(float(sound[place][1]) * factor)))
    found = judged(imported, wrong)
    assert {name: flags for name, flags in found.items() if flags} == {
        f"r{place}": ["size-outlier"]
    }


@pytest.mark.parametrize("place", [0, 11, 23])
def test_bits_among_nats_are_found(imported, sound, place):
    wrong = planted(sound, place, 3, f"{float(sound[place][3]) / math.log(2):.4f}")
    found = judged(imported, wrong)
    assert {name: flags for name, flags in found.items() if flags} == {
        f"r{place}": ["unit-suspect"]
    }


def test_millions_among_units_are_found(imported, sound):
    found = judged(imported, planted(sound, 6, 1, str(float(sound[6][1]) / 1e6)))
    assert found["r6"] == ["unit-suspect"]


def test_all_errors_at_once(imported, sound):
    wrong = planted(sound, 9, 1, str(int(sound[9][1]) * 10))
    wrong = planted(wrong, 14, 3, f"{float(sound[14][3]) / math.log(2):.4f}")
    wrong = planted(wrong, 20, 3, "58.0")
    wrong = planted(wrong, 3, 3, "nan")
    wrong.append(["copy", *sound[5][1:]])
    found = judged(imported, wrong)
    assert {name: flags for name, flags in found.items() if flags} == {
        "r9": ["size-outlier"],
        "r14": ["unit-suspect"],
        "r20": ["out-of-range"],
        "copy": ["duplicate"],
    }


def test_seeds_that_disagree_are_named_and_others_are_not(imported):
    rows = "run,seed,N,D,loss\n" + "".join(
        f"{name},{seed},1e8,2e9,{loss}\n"
        for name, seed, loss in (("a", 1, 3.50), ("b", 2, 3.52), ("c", 3, 3.9), ("d", 4, 3.51))
    )
    found = imported(rows)
    assert [run.name for run in found.runs if run.flags] == ["c"]
    assert found.runs[2].flags[0].flag is Flag.SEED_DISAGREEMENT
    assert len({run.run_id for run in found.runs}) == 4


def test_a_loss_outside_its_range_is_no_point(imported):
    found = imported("run,N,D,loss\na,1e8,2e9,10.9\nb,1e8,3e9,-1\n")
    assert [[str(one.flag) for one in run.flags] for run in found.runs] == [["out-of-range"]] * 2
    assert found.runs[1].record is None
    assert all(run.status is Status.FINISHED for run in found.runs)


def test_a_name_that_says_another_size_is_asked_about(imported):
    found = imported(
        "run,N,D,loss\ngpt-70m,7e8,1e9,4\ngpt-80m,8e7,2e9,3.9\n2b-or-not-7b,3e7,3e9,4\n"
    )
    assert [[str(one.flag) for one in run.flags] for run in found.runs] == [
        ["size-outlier"],
        [],
        [],
    ]


def test_few_exact_runs_of_a_law_have_no_flags(imported):
    rows = [
        [f"r{k}", f"{size:.0f}", f"{ratio * size:.0f}", f"{hoffmann(size, ratio * size):.5f}"]
        for k, (size, ratio) in enumerate(
            (size, ratio) for size in (5e7, 2e8, 1e9, 4e9) for ratio in (5, 20, 80)
        )
    ]
    assert not any(judged(imported, rows).values())


GRID = "run,model_size,batch_size,iterations,sequence_length,sigma,loss\n"


def private_grid(wrong: int | None = None, drop: int | None = None) -> str:
    """Nine settings at each of three sizes that differ by ten, under noise that hides the size."""
    rows: list[str] = []
    for size in (10**6, 10**7, 10**8):
        for steps in (1000, 3000, 9000):
            for sigma in (1, 2, 4):
                place = len(rows)
                loss = 7 - math.log(steps) / 4 + sigma / 8 - math.log10(size) / 50
                shown = size * 10 if place == wrong else size
                rows.append(f"g{place},{shown},256,{steps},128,{sigma},{loss:.3f}")
    return GRID + "\n".join(row for place, row in enumerate(rows) if place != drop)


def test_a_hole_in_a_grid_shows_a_size_that_the_loss_does_not(imported):
    def flagged(text: str) -> list[str]:
        return [run.name for run in imported(text).runs if run.flags]

    assert flagged(private_grid()) == []
    assert flagged(private_grid(drop=20)) == []
    assert flagged(private_grid(wrong=20)) == ["g20"]
    larger = "big,1000000000,256,9000,128,1,4.7"
    assert flagged(private_grid() + "\n" + larger) == []

"""The audit of the law, made small: what it counts, what it reads, what the ranges hold."""

import json
import math

import numpy as np
import pytest

from engine.allocation.space import MARGIN
from engine.decision.audit import judged, known_laws
from engine.decision.audit.coverage import summary
from engine.decision.audit.judged import RANGES, Case, cases
from engine.decision.audit.known_laws import (
    Known,
    RippledLaw,
    drawn_laws,
    made_evidence,
    read_laws,
)
from engine.errors import InputError
from tests.law.made_stack import LIMITS, ONSET, made_fit

MADE = made_fit().law
MIXED = RippledLaw(
    laws=(MADE, made_fit("limits", LIMITS).law), weights=(0.5, 0.5), ripple=0.02, seed=3
)
KNOWN = Known(name="made", law=RippledLaw(laws=(MADE,), weights=(1.0,)), form="signal_onset")


def test_a_ripple_is_a_smooth_error_that_no_form_has():
    sizes = np.geomspace(1e6, 1e9, 400)
    plain = RippledLaw(laws=MIXED.laws, weights=MIXED.weights)
    moved = np.log(MIXED.cross_entropy(sizes, 1e4, 1e-5) / plain.cross_entropy(sizes, 1e4, 1e-5))
    assert 0 < np.abs(moved).max() < 0.08
    assert np.abs(np.diff(moved)).max() < 1e-3
    assert MIXED.cross_entropy(1e6, 10.0, 10.0) <= math.log(30_522)


@pytest.fixture(scope="module")
def frame():
    return made_evidence(KNOWN, seed=1)


def test_made_evidence_is_like_the_published(frame):
    optimal = frame["compute_optimal"].to_numpy(dtype=bool)
    assert (optimal.sum(), (~optimal).sum()) == (20, 3)
    assert frame["model_size"].between(4.5e6 / MARGIN, 7.9e8).all()
    assert frame["iterations"].between(90, 130_000).all()
    for name in ("model_size", "iterations", "batch_size"):
        assert all(value == float(f"{value:.2g}") for value in frame.loc[optimal, name]), name


def test_its_losses_are_the_laws_up_to_scatter(frame):
    point = (frame[name] for name in ("model_size", "iterations", "noise_batch_ratio"))
    errors = np.log(frame["cross_entropy"] / KNOWN.law.cross_entropy(*point))
    # Half a per cent of scatter, three digits, and a plan whose figures were rounded to two.
    assert 0.002 < np.sqrt(np.mean(errors**2)) < 0.02


def test_the_same_seed_makes_the_same_evidence(frame):
    again = made_evidence(KNOWN, seed=1)
    assert again["cross_entropy"].equals(frame["cross_entropy"])


def write(folder, name="one", **changes):
    law = {key: value for key, value in MADE.to_dict().items() if key != "capacity"}
    data = {"laws": [law], "weights": [1.0]} | changes
    (folder / f"{name}.json").write_text(json.dumps(data))


def test_laws_are_read_by_name(tmp_path):
    write(tmp_path, "b", ripple=0.01, seed=5)
    write(tmp_path, "a")
    first, second = read_laws(tmp_path)
    assert (first.name, first.form) == ("a", "signal_onset")
    assert first.law == RippledLaw(laws=(MADE,), weights=(1.0,))
    assert (second.name, second.form) == ("b", None)
    assert (second.law.ripple, second.law.seed) == (0.01, 5)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("not JSON", "{"),
        ("a list", "[]"),
        ("no laws", '{"weights": [1]}'),
        ("no law", '{"laws": [{}], "weights": [1]}'),
        ("words for weights", json.dumps({"laws": [MADE.to_dict()], "weights": ["many"]})),
    ],
)
def test_what_is_no_law_is_refused_by_the_name_of_its_file(tmp_path, name, text):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InputError, match=r"Expected laws and their weights in bad\.json"):
        read_laws(tmp_path)


def test_a_law_of_too_few_numbers_is_refused(tmp_path):
    write(tmp_path, laws=[MADE.to_dict() | {"theta": list(ONSET[:3])}])
    with pytest.raises(InputError, match="8 parameters"):
        read_laws(tmp_path)


@pytest.mark.parametrize("folder", ["absent", "."])
def test_a_folder_without_laws_is_refused(tmp_path, folder):
    with pytest.raises(InputError, match="Expected a folder with laws"):
        read_laws(tmp_path / folder)


def case(law="a", *, held=True, inside=True, width=0.5, within=1.0, regret=0.001) -> Case:
    return Case(
        law=law,
        inside=inside,
        held=dict.fromkeys(RANGES, held),
        width=dict.fromkeys(RANGES, width),
        score=0.1,
        width_known_form=math.expm1(0.5) / 2 if inside else math.nan,
        regret_loss=regret,
        regret_compute=regret,
        within=within,
    )


def test_the_summary_counts():
    found = summary(
        [
            case(),
            case(held=False, width=math.inf, within=math.nan),
            case("b", regret=0.011, within=0.5),
            case("b"),
        ]
    )
    assert (found.laws, found.decisions) == (2, 4)
    assert found.held == pytest.approx(dict.fromkeys(RANGES, 0.75))
    assert found.open_ended == pytest.approx(dict.fromkeys(RANGES, 0.25))
    assert found.median_width == pytest.approx(dict.fromkeys(RANGES, 0.5))
    assert found.within == pytest.approx(2.5 / 3)
    assert found.regret_loss == pytest.approx((0.001, 0.008))
    assert found.width_ratio == pytest.approx(2.0)
    outside = summary([case(inside=False)])
    assert math.isnan(outside.width_ratio)


@pytest.fixture(scope="module")
def audited() -> list[Case]:
    """Two laws, one inside and one outside, fitted with two forms: seconds, and the same path."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (judged, known_laws):
            patch.setattr(module, "STACKED", ("signal_onset", "limits"))
        known = [*drawn_laws(1, outside=False), *drawn_laws(1, outside=True)]
        return cases(known, decisions=2)


def test_every_range_is_judged_for_laws_inside_and_outside(audited):
    assert [one.inside for one in audited] == [True, True, False, False]
    assert {one.law for one in audited} == {"inside-0", "outside-0"}
    for one in audited:
        assert set(one.held) == set(one.width) == set(RANGES)
        assert one.regret_loss < 0.05 and 0 <= one.regret_compute < 1
        assert 0 < one.score < 1
        assert math.isnan(one.width_known_form) is not one.inside


def test_losses_are_mostly_where_they_were_said_to_be(audited):
    """A share of four tells little; the whole audit is ``fit --check-coverage``."""
    assert sum(one.held["loss"] for one in audited) >= 3

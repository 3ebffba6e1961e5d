"""``fit`` on measured curves: figures that do not exist are dashes, and the future is judged."""

import json
from functools import partial

import numpy as np
import pytest

from engine.__main__ import main
from engine.allocation.reach import coverage_of
from engine.allocation.space import space_of
from engine.commands import fit as command
from engine.decision.fitted import FittedEvidence
from engine.law.selection.extrapolation import compare
from engine.law.stack import fit_stack
from engine.runs.evidence import Evidence, EvidenceSummary
from engine.runs.imports.selection import Carries, Selection
from tests.law.known_sweep import STEPS, TRUTH, frame_of

LAWS = ("chinchilla", "surface", "signal_share")


@pytest.fixture(scope="module")
def frame():
    return frame_of(TRUTH.cross_entropy, scatter=0.003, steps=STEPS[::2]).assign(
        sequence_length=64, batch_size=64.0, data_budget=np.nan
    )


@pytest.fixture(scope="module")
def fitted(frame):
    return FittedEvidence(
        fit=fit_stack(frame, forms=("signal_share",), resamples=20),
        space=space_of(frame),
        coverage=coverage_of(frame),
        summary=EvidenceSummary(id="measured", runs=16, hash="ab" * 32),
    )


@pytest.fixture
def measured(monkeypatch, frame, fitted):
    held = Evidence(id="measured", family="measured", runs=16, sha256="ab" * 32, frame=frame)
    monkeypatch.setattr(command, "fit_selection", lambda selection, form: fitted)
    monkeypatch.setattr(
        command,
        "selection_of",
        lambda name, without, also: Selection(evidence=held, carries=Carries.LAW, left_out=()),
    )
    monkeypatch.setattr(command, "compare", partial(compare, names=LAWS))


def test_regret_without_a_published_optimum_is_a_dash(measured, capsys):
    assert main(["fit", "--evidence", "measured"]) == 0
    _, table = capsys.readouterr().out.strip().split("\n\n")
    heading, row = table.splitlines()
    assert "regret" in heading and "nan" not in table
    assert row.split()[-3:-1] == ["–", "–"]


def test_the_judgement_is_a_table(measured, capsys):
    assert main(["fit", "--judge"]) == 0
    _, _, head, table = capsys.readouterr().out.strip().split("\n\n")
    assert head.startswith("Fitted to points of at most ") and "3×: " in head
    rows = [line.split() for line in table.splitlines()]
    assert [row[0] for row in rows] == ["law", "signal_share", "chinchilla", "surface"]
    # Intervals and choices: the form has the first, the peers have none.
    assert rows[1][3] != "–" and rows[2][3] == "–"
    assert "nan" not in table


def test_the_judgement_is_json_without_nan(measured, capsys):
    assert main(["fit", "--judge", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holdouts"][0]["regret_mean"] is None
    first = found["judgements"][0]
    assert first["name"] == "signal_share" and first["rows"] == 96
    assert [at["horizon"] for at in first["horizons"]] == [3, 10, 30]
    assert 0 < first["horizons"][0]["median_error"] < 0.02
    assert found["judgements"][1]["horizons"][0]["coverage"] is None

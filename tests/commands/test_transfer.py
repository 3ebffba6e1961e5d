"""The transfer study on the command line: a table for people, JSON without NaN for machines."""

import argparse
import json
from types import SimpleNamespace

import pytest

from engine.commands import transfer
from engine.errors import InputError
from engine.law.forms import DEFAULT_FORM
from tests.law.transfer.made_families import LARGER, NEW, sweep

FRAMES = {"one": sweep(LARGER, seed=0), "other": sweep(NEW, seed=1)}


@pytest.fixture(autouse=True)
def families(monkeypatch):
    def made(name):
        return SimpleNamespace(id=name, runs=21, sha256="ab" * 32, frame=FRAMES[name])

    monkeypatch.setattr(transfer, "evidence_of", made)
    monkeypatch.setattr(transfer, "fitted_evidence", lambda name: leading(DEFAULT_FORM))


def leading(form):
    """A fitted evidence of whose forms this one has the most say."""
    law = SimpleNamespace(law=SimpleNamespace(form=form))
    return SimpleNamespace(fit=SimpleNamespace(leading=law))


def answer(*arguments: str) -> str:
    parser = argparse.ArgumentParser()
    transfer.add_arguments(parser)
    return transfer.run(parser.parse_args(["one", "other", "--draws", "1", *arguments]))


def test_the_document_names_both_families():
    found = json.loads(answer("--runs", "0", "3", "--json"))
    assert (found["source"]["id"], found["target"]["id"]) == ("one", "other")
    assert [row["method"] for row in found["rows"]] == ["source", "scaled", "target", "pooled"] * 2
    # What cannot be fitted is null: JSON has no NaN.
    assert found["rows"][1]["error"] is None
    assert found["rows"][7]["error"] < found["rows"][4]["error"]


def test_the_table_has_a_line_a_row():
    table, explained = answer("--runs", "0").split("\n\n")
    lines = table.splitlines()
    assert len(lines) == 5
    assert all(f"{name}: " in explained for name in lines[0].split())
    assert lines[0].split()[:3] == ["runs", "law", "draws"]
    assert lines[3].split() == ["0", "target", "0", "-", "-", "-", "-", "-"]


def test_the_sources_leading_form_is_transferred(monkeypatch):
    asked = []

    def watched(*frames, form, **options):
        asked.append(form)
        return []

    monkeypatch.setattr(transfer, "transfer_study", watched)
    answer("--runs", "0")
    monkeypatch.setattr(transfer, "fitted_evidence", lambda name: leading(f"the form of {name}"))
    answer("--runs", "0")
    assert asked == [DEFAULT_FORM, "the form of one"]


def test_numbers_are_checked():
    with pytest.raises(InputError, match="runs"):
        answer("--runs", "many")

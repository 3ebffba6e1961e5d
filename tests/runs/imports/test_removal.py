"""What is deleted comes back, and a corrected import takes its place."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import InputError
from engine.loss_unit import Measure
from engine.runs.catalogue import catalogue
from engine.runs.imports import journal
from engine.runs.imports.importing import imported_before
from engine.runs.imports.journal import live, measure_of
from engine.runs.removal import Chosen, delete, restore
from tests.runs.imports.conftest import WHEN

WRONG = "run,N,D,loss\na,10000000,200000000,4.1\nb,100000000,2000000000,3.4\nc,1,2,nan\n"
RIGHT = WRONG.replace("4.1", "3.9")


def losses(log) -> dict[str, object]:
    return {one.name: one.settings.get("cross_entropy") for one in catalogue(log)}


def test_an_undone_import_makes_way_for_the_corrected_one(log, imported):
    """The clock stands still here, and the ids are the same: neither may hide the new rows."""
    found = imported(WRONG, stored=True, family="ours")
    assert losses(log) == {"a": 4.1, "b": 3.4, "c": None}
    removed = delete(log, Chosen(import_id=found.entry.id), at=WHEN, reason=" wrong\nloss ")
    assert len(removed.run_ids) == 2 and removed.imports == (found.entry.id,)
    assert catalogue(log) == [] and live(log) == []
    again = imported(RIGHT, stored=True, family="ours")
    assert [run.flags for run in again.runs if run.record] == [(), ()]
    assert losses(log) == {"a": 3.9, "b": 3.4, "c": None}
    assert {run.run_id for run in again.records} == set(removed.run_ids)


def test_the_very_file_can_come_again_after_it_was_undone(log, imported):
    found = imported(WRONG, stored=True, family="ours")
    assert imported_before(log, found) is not None
    delete(log, Chosen(import_id="runs.csv"), at=WHEN)
    assert imported_before(log, found) is None
    imported(WRONG, stored=True, family="ours")
    assert losses(log) == {"a": 4.1, "b": 3.4, "c": None}
    with pytest.raises(InputError, match="Expected one import among none"):
        restore(log, Chosen(import_id="runs.csv"), at=WHEN)


def test_an_undone_unit_binds_nobody(log, imported):
    imported(WRONG, stored=True, family="ours")
    with pytest.raises(InputError, match="as the family ours has them"):
        imported(RIGHT, family="ours", loss_unit=Measure.NATS_PER_BYTE)
    delete(log, Chosen(family="ours"), at=WHEN)
    imported(RIGHT, stored=True, family="ours", loss_unit=Measure.NATS_PER_BYTE)
    assert measure_of(live(log), "ours") is Measure.NATS_PER_BYTE


def test_what_was_deleted_comes_back_with_its_import(log, imported):
    imported(WRONG, stored=True, family="ours")
    before = catalogue(log)
    delete(log, Chosen(family="ours"), at=WHEN, reason="twice")
    gone = catalogue(log, deleted=True)
    assert [one.name for one in gone] == ["a", "b", "c"]
    assert {one.deleted_because for one in gone} == {"twice"} and gone[0].deleted_at == WHEN
    removed = restore(log, Chosen(family="ours"), at=WHEN + timedelta(days=1))
    assert len(removed.run_ids) == 2 and len(removed.imports) == 1
    assert catalogue(log) == before and catalogue(log, deleted=True) == []


def test_one_run_that_comes_back_brings_the_unit_of_its_import(log, imported):
    imported(WRONG, stored=True, family="ours", loss_unit=Measure.NATS_PER_BYTE)
    delete(log, Chosen(import_id="runs.csv"), at=WHEN)
    restore(log, Chosen(runs=("b",)), at=WHEN)
    assert losses(log) == {"b": 3.4, "c": None}
    assert measure_of(live(log), "ours") is Measure.NATS_PER_BYTE


def test_a_run_that_is_no_point_comes_back_with_its_import(log, imported):
    imported(WRONG, stored=True, family="ours")
    delete(log, Chosen(import_id="runs.csv"), at=WHEN)
    restore(log, Chosen(runs=("a", "c")), at=WHEN)
    assert losses(log) == {"a": 4.1, "c": None}


def test_an_import_of_which_every_run_was_deleted_binds_nobody(log, imported):
    imported(WRONG.replace("c,1,2,nan\n", ""), stored=True, family="ours")
    delete(log, Chosen(runs=("a",)), at=WHEN)
    assert len(live(log)) == 1
    delete(log, Chosen(runs=("b",)), at=WHEN)
    assert live(log) == []


def test_undoing_an_import_leaves_what_a_later_one_brought(log, imported):
    first = imported(WRONG, stored=True, family="ours", name="first.csv")
    delete(log, Chosen(runs=("a",)), at=WHEN)
    only_a = "\n".join(RIGHT.splitlines()[:2])
    second = imported(only_a, stored=True, family="ours", name="second.csv")
    assert second.records[0].run_id in first.entry.stored
    later = replace(second.entry, created_at=(WHEN + timedelta(days=1)).isoformat())
    journal.write(log.folder, later)
    delete(log, Chosen(import_id=first.entry.id), at=WHEN)
    assert losses(log) == {"a": 3.9}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"runs": ("nope",)}, "Expected a run by its name or its id, got nope"),
        ({"runs": ("c",)}, "delete its import ours-"),
        ({"family": "nope"}, "Expected a family among ours, got nope"),
        ({"import_id": "nope"}, "Expected one import among ours-"),
    ],
)
def test_what_is_not_there_is_refused(log, imported, chosen, expected):
    imported(WRONG, stored=True, family="ours")
    with pytest.raises(InputError, match=expected):
        delete(log, Chosen(**chosen), at=WHEN)
    assert len(catalogue(log)) == 3


@pytest.mark.parametrize("said", [{}, {"runs": ("a",), "family": "ours"}])
def test_one_of_the_three_is_chosen(said):
    with pytest.raises(InputError, match="one of the three"):
        Chosen(**said)


def test_a_name_that_two_runs_have_asks_for_an_id(log, imported):
    imported(WRONG, stored=True, family="ours")
    imported(RIGHT, stored=True, family="theirs")
    with pytest.raises(InputError, match="Expected one run, got 2 called a: say the id") as refused:
        delete(log, Chosen(runs=("a",)), at=WHEN)
    first = str(refused.value.values["ids"]).split(", ")[0]
    assert len(delete(log, Chosen(runs=(first,)), at=WHEN).run_ids) == 1

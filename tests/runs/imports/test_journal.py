"""What the journal of imports keeps of a run's reasons: each reader's own language."""

import json

import pytest

from dashboard.runs import wording
from engine.errors import InputError
from engine.runs.catalogue import catalogue
from engine.runs.imports import journal
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.log import RunLog
from engine.text.i18n import Words
from tests.runs.made_runs import NOW

TABLE = "run,N,D,loss\nfirst,1e7,2e8,4.1\nsecond,1e8,2e9,3.4\nagain,1e7,2e8,4.1\n"


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text(TABLE)
    log = RunLog(tmp_path / "runs")
    store(log, import_file(path, log, Asked(family="ours"), created_at=NOW))
    (file,) = (tmp_path / "runs" / journal.FOLDER).iterdir()
    return log, file


def _copy(log):
    (found,) = [one for one in catalogue(log) if one.name == "again"]
    return found


def test_a_reason_is_read_back_in_either_language(kept):
    log, _ = kept
    (reason,) = _copy(log).reasons
    assert str(reason) == "The same settings and loss as first."
    assert Words("ja").refusal(reason) == "first と設定も損失も同じです。"


def test_a_reason_within_a_reason_survives(kept):
    _, file = kept
    content = json.loads(file.read_text())
    inner = InputError("Expected epsilon > 0, got {value}.", value=-1)
    content["runs"][0]["reasons"] = [InputError("Row {row}: {reason}", row=3, reason=inner)]
    file.write_text(json.dumps(content, default=journal._plain))
    (entry,) = journal.entries(file.parents[1])
    (outer,) = entry.runs[0].reasons
    assert outer.values["row"] == 3 and str(outer.values["reason"]) == str(inner)


def test_a_journal_of_before_is_read_as_it_stands(kept):
    log, file = kept
    content = json.loads(file.read_text())
    for run in content["runs"]:
        run["reasons"] = ["Its {size} looks odd."] if run["run"] == "again" else []
    file.write_text(json.dumps(content))
    (reason,) = _copy(log).reasons
    assert str(reason) == Words("ja").plain_refusal(reason) == "Its {size} looks odd."


@pytest.mark.parametrize("template", ["{value.__class__}", "{value[0]}", "{value:>999}", "{gone}"])
def test_a_template_that_asks_for_more_than_values_is_none(kept, template):
    _, file = kept
    content = json.loads(file.read_text())
    content["runs"][0]["reasons"] = [{"template": template, "values": {"value": "x"}}]
    file.write_text(json.dumps(content))
    assert journal.entries(file.parents[1]) == []


def test_rows_that_were_refused_are_kept_with_the_reason(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text(TABLE + "odd,many,2e8,4.0\n")
    with RunLog(tmp_path / "runs") as log:
        found = import_file(path, log, Asked(family="ours"), created_at=NOW)
        store(log, found)
        (entry,) = journal.live(log)
    (one,) = entry.refused
    assert (one.row, one.run) == (5, "odd") and one.reason == found.refused[0].reason
    words = Words("ja")
    table = wording.refused_table([(one.row, one.run, one.reason)], words)
    (why,) = table[words.say("Refused because")]
    assert "many" in str(why) and str(why) != str(one.reason)
    (file,) = (tmp_path / "runs" / journal.FOLDER).iterdir()
    content = json.loads(file.read_text())
    content["refused"][0]["reason"] = "No {number}."  # as a journal of before has it
    file.write_text(json.dumps(content))
    (entry,) = journal.entries(tmp_path / "runs")
    assert str(entry.refused[0].reason) == "No {number}."

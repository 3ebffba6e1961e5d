"""The log of decisions: whole under two writers and a kill, and not to be changed unseen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.state import link
from engine import decision_log, durable
from engine.__main__ import main
from engine.decision import fitted as fits
from engine.decision import law_store
from engine.decision.fitted import PUBLISHED_BERT
from engine.decision_log import FILE, HEAD, append, entries, recorded, verify
from engine.errors import InputError
from engine.pilot.running import lifecycle
from engine.runs.annotating import annotate
from engine.runs.log import RunLog
from engine.scenarios import acts, saved
from tests.pilot.fake_pilots import made_plan
from tests.runs.made_runs import NOW, record

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    return tmp_path / "log"


def test_lines_are_chained_and_say_who_what_and_on_which_code(place):
    for number in range(3):
        append("save", {"scenario": f"計画 {number}"}, folder=place, who="社長\u202e")
    found = entries(place)
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.before for one in found[1:]] == [one.hash for one in found[:-1]]
    assert found[0].before == decision_log.FIRST
    assert {one.who for one in found} == {"社長�"} and found[0].user and found[0].versions["code"]
    verified = verify(place)
    assert verified.sound and verified.head == found[-1].hash and verified.entries == 3
    assert verify(place, expect=found[1].hash).sound
    assert not verify(place, expect="0" * 64).sound


def changed(lines):
    lines[1] = lines[1].replace(b"second", b"another")


def rehashed(lines):
    """Changed with a hash that fits: the next line tells."""
    one = decision_log._parsed(lines[1].replace(b"second", b"another"))
    lines[1] = (
        lines[1]
        .replace(b"second", b"another")
        .replace(one.hash.encode(), one.expected_hash.encode())
    )


def removed(lines):
    del lines[1]


def cut_off(lines):
    del lines[-1]


def swapped(lines):
    lines[0], lines[1] = lines[1], lines[0]


def doubled(lines):
    lines.insert(1, lines[0])


def emptied(lines):
    lines.clear()


@pytest.mark.parametrize("tamper", [changed, rehashed, removed, cut_off, swapped, doubled, emptied])
def test_tampering_is_noticed(place, tamper, capsys):
    for name in ("first", "second", "third"):
        append("save", {"scenario": name}, folder=place)
    lines = (place / FILE).read_bytes().splitlines(keepends=True)
    tamper(lines)
    (place / FILE).write_bytes(b"".join(lines))
    assert not verify(place).sound
    assert main(["log", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["wrong"]


def test_a_missing_head_is_noticed(place):
    append("save", {}, folder=place)
    (place / HEAD).unlink()
    assert "head is missing" in verify(place).wrong[0]


def test_a_torn_last_line_is_said_and_not_fatal(place):
    append("save", {"scenario": "a"}, folder=place)
    with (place / FILE).open("ab") as file:
        file.write(b'{"act":"delete","who')
    assert verify(place).sound and verify(place).torn == (2,)
    append("save", {"scenario": "b"}, folder=place)
    found = verify(place)
    assert found.sound and found.torn == (2,) and found.entries == 2


def test_a_kill_between_line_and_head_is_sound(place):
    append("save", {"scenario": "a"}, folder=place)
    head = (place / HEAD).read_bytes()
    append("save", {"scenario": "b"}, folder=place)
    (place / HEAD).write_bytes(head)
    assert verify(place).sound


def test_a_writer_may_be_killed_after_any_byte(place):
    append("save", {"scenario": "a"}, folder=place)
    before, head = (place / FILE).read_bytes(), (place / HEAD).read_bytes()
    append("save", {"scenario": "b"}, folder=place)
    after = (place / FILE).read_bytes()
    for cut in range(len(before), len(after) + 1):
        (place / FILE).write_bytes(after[:cut])
        (place / HEAD).write_bytes(head)
        append("save", {"scenario": "c"}, folder=place)
        found = verify(place)
        whole = cut >= len(after) - 1  # only its end is missing
        assert found.sound and found.entries == (3 if whole else 2), cut


def test_two_processes_write_one_chain(place):
    program = (
        "import sys; from pathlib import Path; from engine.decision_log import append\n"
        "for n in range(20): append('save', {'n': n}, folder=Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(place)]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert verify(place).sound and verify(place).entries == 40


def test_what_fails_is_on_record_and_what_cannot_be_recorded_is_not_done(place, monkeypatch):
    with pytest.raises(ZeroDivisionError), recorded("save", {}, folder=place):
        raise ZeroDivisionError("no")
    assert [one.act for one in entries(place)] == ["save", "save-failed"]
    monkeypatch.setenv(decision_log.VARIABLE, os.devnull)
    done = []
    with pytest.raises(InputError, match="Nothing was done"), recorded("save", {}, folder=place):
        done.append(1)
    assert done == []


@pytest.mark.parametrize("fails", ["line", "head"])
def test_a_line_that_was_refused_does_not_stand(place, monkeypatch, fails):
    """The disk is full, for the line or only for the head after it."""
    append("save", {"scenario": "a"}, folder=place)
    before = (place / FILE).read_bytes(), (place / HEAD).read_bytes()
    write, whole = os.write, durable.write

    def part(descriptor, content):
        write(descriptor, content[:9])
        raise OSError(28, "No space left on device")

    def no_head(*arguments, **named):
        if fails == "head":
            whole(*arguments, **named)  # its name is changed, the folder not flushed
            monkeypatch.setattr(durable, "write", whole)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "write", no_head)
    if fails == "line":
        monkeypatch.setattr(os, "write", part)
    with pytest.raises(InputError, match="Nothing was done"):
        append("decide", {"scenario": "a"}, folder=place)
    monkeypatch.undo()
    monkeypatch.setenv(decision_log.VARIABLE, str(place))
    assert ((place / FILE).read_bytes(), (place / HEAD).read_bytes()) == before
    append("save", {"scenario": "b"}, folder=place)
    assert verify(place).sound and verify(place).entries == 2


def test_a_line_that_comes_while_the_log_is_verified_is_no_loss(place, monkeypatch):
    append("save", {"scenario": "a"}, folder=place)
    read = decision_log._content

    def content(folder):
        found = read(folder)
        monkeypatch.setattr(decision_log, "_content", read)
        append("save", {"scenario": "b"}, folder=place)
        return found

    monkeypatch.setattr(decision_log, "_content", content)
    assert verify(place).sound


def test_an_end_that_was_changed_takes_no_more(place):
    append("save", {"scenario": "a"}, folder=place)
    content = (place / FILE).read_bytes()
    (place / FILE).write_bytes(content.replace(b'"a"', b'"b"'))
    with pytest.raises(InputError, match="was changed"):
        append("save", {}, folder=place)


def test_scenarios_leave_a_trace(place, tmp_path, capsys):
    values = {key: field.default for key, field in link.FIELDS.items()}
    one = acts.created(tmp_path, "a plan", values, who="社長", at="2026-11-01")
    acts.added(tmp_path, saved.renamed(one, "from elsewhere"))
    acts.delete(tmp_path, one)
    with pytest.raises(InputError):
        acts.delete(tmp_path, one)
    found = entries(place)
    assert [one.act for one in found] == ["scenario-save", "scenario-import", "scenario-delete"]
    assert found[0].who == "社長" and found[1].who == ""
    assert found[1].what["claimed_changes"] == "1"
    assert main(["log", "list"]) == 0
    assert "scenario-delete" in capsys.readouterr().out
    assert main(["log", "verify"]) == 0


def test_an_entry_names_what_its_act_rests_on(place, tmp_path, monkeypatch):
    """Hashes of evidence and law beside that of the code, wherever there are such."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    (tmp_path / "text.jsonl").write_text('{"text": "a"}\n')
    plan = made_plan(tmp_path / "text.jsonl")
    lifecycle.register(plan)
    lifecycle.cancel(plan.plan_id)
    with RunLog.open() as log:
        (run_id,) = log.append([record()])
        before = log.version
        annotate(log, [run_id], at=NOW, add=["kept"])
        log.delete([run_id], at=NOW)
    found = {one.act: one.versions for one in entries(place)}
    assert found["pilot-cancel"]["evidence"] == plan.evidence_hash
    assert found["runs-annotate"]["evidence"] == found["runs-delete"]["evidence"] == before
    assert all(versions["code"] for versions in found.values())


def test_a_refit_names_the_law_as_exports_print_it(place, tmp_path, monkeypatch, fitted):
    made = law_store.version_of(
        fits.selection_of(PUBLISHED_BERT).evidence, fitted.fit, fitted.space, fitted.coverage
    )
    fits._on_record(fits.selection_of(PUBLISHED_BERT).evidence, fitted, None, keep=False)
    law_store.set_current(made.evidence_id, made, tmp_path)
    refit, current = entries(place)
    assert refit.versions["law"] == current.versions["law"] == made.version
    assert refit.versions["evidence"] == current.versions["evidence"] == made.evidence_hash


def test_nothing_on_record_is_said(place, capsys):
    assert main(["log", "list"]) == 0
    assert "Nothing is on record" in capsys.readouterr().out
    assert verify(place).sound

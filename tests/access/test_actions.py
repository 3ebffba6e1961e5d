"""Every action of the engine asks for its right itself, refuses in a sentence, and does nothing."""

import ast
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.answers import refit
from dashboard.state import link
from engine import approvals, decision_log
from engine.access import check
from engine.access.rights import HOLDS, LOCAL, SAID, Person, Right, Role
from engine.approvals import Ruling
from engine.errors import InputError
from engine.pilot import population
from engine.pilot.plan import CorpusSource
from engine.pilot.running import lifecycle, process
from engine.pilot.running.folder import folder_of
from engine.pilot.running.status import State, Status, write_status
from engine.pilot.text.registry import Cap, Text, changing
from engine.runs import removal
from engine.runs.annotating import annotate
from engine.runs.catalogue import catalogue
from engine.runs.imports.importing import Asked, import_file, store
from engine.runs.log import RunLog
from engine.runs.removal import Chosen
from engine.scenarios import acts, saved
from tests.pilot.fake_pilots import made_plan
from tests.scenarios.made import made_frozen

ROOT = Path(__file__).resolve().parents[2]
AT = "2026-11-29T01:00:00+00:00"
WHEN = datetime(2026, 11, 29, tzinfo=UTC)
NO_RIGHT = "Expected the right to"
RUNS = "run,N,D,loss\na,10000000,200000000,4.1\nb,100000000,2000000000,3.4\n"


def person(*roles: Role, name: str = "someone") -> Person:
    return Person(who=f"{name}@example.com", roles=frozenset(roles), login=f"issuer {name}")


class Place:
    """An installation with a scenario, an import, a population, a text and a registered pilot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenarios = folder / "data" / "scenarios"
        self.log = RunLog(folder / "data" / "runs")
        self.file = folder / "runs.csv"
        self.file.write_text(RUNS)
        text = folder / "letters.jsonl"
        text.write_text("what they wrote")
        self.source = CorpusSource(kind="jsonl", path=str(text))
        with changing() as held:
            held[0] = held[0].with_root(str(folder))
            held[0] = held[0].with_population("customers", Cap(epsilon=40.0, delta=1e-5))
            held[0] = held[0].with_text("letters", Text(source=self.source, population="customers"))
        self.plan = made_plan(text)
        lifecycle.register(self.plan)
        paused = Status(state=State.PAUSED, heartbeat=WHEN.timestamp())
        write_status(folder_of(self.plan.plan_id).status_file, paused)
        self.new_plan = made_plan(text, evidence_hash="1" * 16)
        self.saved = acts.created(self.scenarios, "Base", link.defaults(), who="", at=AT)
        self.proposed, self.approved = (self.propose(name) for name in ("Proposed", "Approved"))
        acts.decided(self.scenarios, self.approved, Ruling.APPROVED)
        self.imported = self.read("ours")
        store(self.log, self.imported)

    def propose(self, name):
        made = acts.created(self.scenarios, name, link.defaults(), who="", at=AT)
        return acts.proposed(self.scenarios, made, made_frozen(), who="", at=AT)

    def read(self, family):
        return import_file(self.file, self.log, Asked(family=family), created_at=WHEN)

    def files(self) -> dict[str, bytes]:
        """All that is kept, but the log of decisions and locks."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "log" not in path.relative_to(self.folder).parts
            if not path.name.endswith((".lock", "lock"))
        }


def cap(place, by):
    with changing(by=by) as held:
        held[0] = held[0].with_population("customers", Cap(epsilon=99.0, delta=1e-5))


def root(place, by):
    (place.folder / "more").mkdir(exist_ok=True)
    with changing(by=by) as held:
        held[0] = held[0].with_root(str(place.folder / "more"))


def leave(place, by):
    """A text that leaves its population evades its cap."""
    with changing(by=by) as held:
        held[0] = held[0].with_text("letters", Text(source=place.source))


ACTIONS = {
    "scenario-save": (Right.SAVE, lambda p, by: acts.created(
        p.scenarios, "New", link.defaults(), who="", at=AT, by=by)),
    "scenario-update": (Right.SAVE, lambda p, by: acts.updated(
        p.scenarios, p.saved, link.defaults() | {"data": 5e6}, who="", at=AT, by=by)),
    "scenario-import": (Right.SAVE, lambda p, by: acts.added(
        p.scenarios, saved.renamed(p.saved, "Other"), by=by)),
    "scenario-delete": (Right.DELETE_ANY, lambda p, by: acts.delete(p.scenarios, p.saved, by=by)),
    "runs-import": (Right.IMPORT, lambda p, by: store(p.log, p.read("others"), by=by)),
    "runs-annotate": (Right.ANNOTATE, lambda p, by: annotate(
        p.log, ["a"], at=WHEN, add=["x"], by=by)),
    "runs-delete": (Right.DELETE_ANY, lambda p, by: removal.delete(
        p.log, Chosen(family="ours"), at=WHEN, by=by)),
    "refit": (Right.REFIT, lambda p, by: refit.renew_evidence(by=by)),
    "pilot-register": (Right.PILOT, lambda p, by: lifecycle.register(p.new_plan, by=by)),
    "pilot-start": (Right.PILOT, lambda p, by: lifecycle.start(p.new_plan, by=by)),
    "pilot-resume": (Right.PILOT, lambda p, by: lifecycle.resume(p.plan.plan_id, by=by)),
    "pilot-pause": (Right.PILOT, lambda p, by: lifecycle.pause(p.plan.plan_id, by=by)),
    "pilot-cancel": (Right.PILOT, lambda p, by: lifecycle.cancel(p.plan.plan_id, by=by)),
    "pilot-prepare": (Right.PILOT, lambda p, by: lifecycle.prepare(p.source, by=by)),
    "population-charge": (Right.CHARGE, lambda p, by: population.charge(
        "customers", population.Charge(what="elsewhere", epsilon=1.0, delta=0.0), by=by)),
    "scenario-propose": (Right.PROPOSE, lambda p, by: acts.proposed(
        p.scenarios, p.saved, made_frozen(), who="", at=AT, by=by)),
    "decision": (Right.DECIDE, lambda p, by: acts.decided(
        p.scenarios, p.proposed, Ruling.APPROVED, by=by)),
    "decision-alone": (Right.DECIDE, lambda p, by: approvals.decide(
        "Base", p.saved.version, Ruling.APPROVED, folder=p.folder, by=by)),
    "scenario-version": (Right.SAVE, lambda p, by: acts.new_version(
        p.scenarios, p.approved, link.defaults(), who="", at=AT, by=by)),
    "texts-change": (Right.TEXTS, root),
    "caps-change": (Right.CAP, cap),
    "text-leaves": (Right.CAP, leave),
}  # fmt: skip
"""Name -> the right that it takes, and the action."""
ACTS = {
    "scenario-version": "scenario-save",
    "decision-alone": "decision",
    "scenario-update": "scenario-save",
    "caps-change": "texts-change",
    "text-leaves": "texts-change",
}
"""What the log calls an action, where that is another name."""
NEEDS_BOTH = {"text-leaves": Right.TEXTS}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "data" / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "data" / "pilots"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "data" / "scenarios"))
    monkeypatch.setenv("KESSAI_TEXTS", str(tmp_path / "data" / "texts.json"))
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setattr(lifecycle, "detached", lambda folder, action, lock, **_: 1)
    monkeypatch.setattr(process, "MODULE", "tests.pilot.fake_pilots")
    check._last.clear()
    made = Place(tmp_path)
    yield made
    made.log.close()


def last(place):
    return decision_log.entries(place.folder)[-1]


def test_whoever_lacks_the_right_changes_nothing_and_is_on_record(place):
    """All roles but those that hold it, together: one role more would not help either."""
    before = place.files()
    for name, (right, act) in ACTIONS.items():
        others = [role for role in Role if not role.may(right)]
        for roles in ([], others):
            by = person(*roles, name=f"{name}{len(roles)}")
            with pytest.raises(InputError, match=NO_RIGHT) as refused:
                act(place, by)
            lacking = refused.value.values["right"]
            assert lacking is SAID[right] or (not roles and name in NEEDS_BOTH), name
            assert f"role: {', '.join(role for role in Role if role.may(right))})" in str(
                refused.value
            ) or (not roles and name in NEEDS_BOTH)
            found = last(place)
            assert (found.act, found.who, found.login) == ("refused", by.who, by.login), name
            assert found.what["act"] == ACTS.get(name, name)
            assert found.what["right"] in {str(right), str(NEEDS_BOTH.get(name))}
            assert place.files() == before, name
    assert decision_log.verify(place.folder).sound


@pytest.mark.parametrize("name", ACTIONS)
def test_whoever_has_the_right_acts_under_the_own_name(place, name):
    right, act = ACTIONS[name]
    holder = next(role for role in Role if role.may(right))
    by = person(holder, *([Role.OPERATOR] if name in NEEDS_BOTH else []))
    act(place, by)
    if name not in ("pilot-register", "pilot-prepare", "refit"):
        assert (last(place).who, last(place).login) == (by.who, by.login)
        assert last(place).act != "refused"


def test_the_local_person_is_named_as_before(place):
    assert all(LOCAL.may(right) for right in Right)
    for line in decision_log.entries(place.folder):
        assert line.login == "" and "login" not in line.content
    content = (place.folder / "log" / decision_log.FILE).read_text()
    assert '"login"' not in content, "lines without login are those of earlier versions"


def test_every_right_is_held_and_said(place):
    assert set(SAID) == set(Right) and frozenset().union(*HOLDS.values()) == set(Right)
    assert all(role.may(Right.SEE) for role in Role)
    assert not Role.OPERATOR.may(Right.CAP) and not Role.APPROVER.may(Right.PILOT)


def test_a_thousand_refusals_are_one_line(place, monkeypatch):
    before = len(decision_log.entries(place.folder))
    for _ in range(1000):
        with pytest.raises(InputError, match=NO_RIGHT):
            lifecycle.cancel(place.plan.plan_id, by=person(Role.VIEWER))
    assert len(decision_log.entries(place.folder)) == before + 1
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + check.QUIET_SECONDS)
    with pytest.raises(InputError, match=NO_RIGHT):
        lifecycle.cancel(place.plan.plan_id, by=person(Role.VIEWER))
    assert len(decision_log.entries(place.folder)) == before + 2


# --- what is one's own --------------------------------------------------------------------------

ANN, BOB = person(Role.ANALYST, name="ann"), person(Role.ANALYST, name="bob")
BOSS = person(Role.OPERATOR, name="boss")


def scenario(place, name, by):
    return acts.created(place.scenarios, name, link.defaults(), who="Bob", at=AT, by=by)


def test_a_scenario_is_deleted_by_who_saved_it(place):
    made = scenario(place, "Hers", ANN)
    assert made.history[0].who == ANN.who, "not the name that was typed"
    changed = acts.updated(
        place.scenarios, made, link.defaults() | {"data": 5e6}, who="", at=AT, by=BOB
    )
    with pytest.raises(InputError, match=NO_RIGHT):
        acts.delete(place.scenarios, changed, by=BOB)
    acts.delete(place.scenarios, changed, by=ANN)
    his = scenario(place, "Hers", BOB)
    with pytest.raises(InputError, match=NO_RIGHT):
        acts.delete(place.scenarios, his, by=ANN)
    acts.delete(place.scenarios, his, by=BOSS)


def test_a_file_that_claims_a_maker_makes_nobody_one(place):
    claims = saved.renamed(scenario(place, "Hers", ANN), "Claimed")
    brought = acts.added(place.scenarios, claims, by=BOB)
    with pytest.raises(InputError, match=NO_RIGHT):
        acts.delete(place.scenarios, brought, by=ANN)
    acts.delete(place.scenarios, brought, by=BOB)


def test_a_name_that_was_only_tried_is_nobodys(place):
    """What was saved without login is nobody's own, and trying its name changes nothing."""
    before = len(decision_log.entries(place.folder))
    with pytest.raises(InputError, match="is called"):
        scenario(place, "base", ANN)
    assert len(decision_log.entries(place.folder)) == before
    with pytest.raises(InputError, match=NO_RIGHT):
        acts.delete(place.scenarios, place.saved, by=ANN)


def test_a_save_that_failed_made_nothing(place, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(InputError, match="is called"):
        patch.setattr(acts, "_require_free", lambda *_: None)
        scenario(place, "Base", ANN)
    assert last(place).act == "scenario-save-failed"
    acts.delete(place.scenarios, place.saved)
    with monkeypatch.context() as patch, pytest.raises(InputError, match="folder of scenarios"):
        patch.setattr(acts, "write", lambda *_, **__: (place.folder / "no" / "no").touch())
        scenario(place, "His", ANN)
    his = scenario(place, "His", BOB)
    with pytest.raises(InputError, match=NO_RIGHT):
        acts.delete(place.scenarios, his, by=ANN)
    acts.delete(place.scenarios, his, by=BOB)


def test_runs_are_deleted_and_brought_back_by_who_imported_them(place):
    store(place.log, place.read("hers"), by=ANN)
    store(place.log, place.read("hers"), by=BOB)  # the same file again makes it nobody else's
    ids = [one.run_id for one in catalogue(place.log) if one.family == "hers"]
    for chosen in (Chosen(family="hers"), Chosen(runs=tuple(ids))):
        with pytest.raises(InputError, match=NO_RIGHT):
            removal.delete(place.log, chosen, at=WHEN, by=BOB)
        assert len(removal.delete(place.log, chosen, at=WHEN, by=ANN).run_ids) == 2
        with pytest.raises(InputError, match=NO_RIGHT):
            removal.restore(place.log, chosen, at=WHEN, by=BOB)
        assert len(removal.restore(place.log, chosen, at=WHEN, by=ANN).run_ids) == 2
    mixed = Chosen(runs=(ids[0], *(one.run_id for one in place.imported.records[:1])))
    with pytest.raises(InputError, match=NO_RIGHT):
        removal.delete(place.log, mixed, at=WHEN, by=ANN)


def test_runs_that_no_import_brought_are_nobodys(place):
    record = replace(place.imported.records[0], family="trained", seed=7)
    place.log.append([record])
    with pytest.raises(InputError, match=NO_RIGHT):
        removal.delete(place.log, Chosen(family="trained"), at=WHEN, by=ANN)
    store(place.log, place.read("hers"), by=ANN)
    ids = (one.run_id for one in catalogue(place.log) if one.family in ("trained", "hers"))
    with pytest.raises(InputError, match=NO_RIGHT):
        removal.delete(place.log, Chosen(runs=tuple(ids)), at=WHEN, by=ANN)
    removal.delete(place.log, Chosen(family="trained"), at=WHEN, by=BOSS)


# --- the dashboard says who asks ----------------------------------------------------------------


def actions() -> dict[str, set[str]]:
    """Name of each function that takes the person who asks -> its modules, by their last names."""
    found: dict[str, set[str]] = {}
    for path in (*(ROOT / "engine").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")):
        source = path.read_text()
        if "by: Person" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if any(one.arg == "by" for one in node.args.kwonlyargs):
                found.setdefault(node.name, set()).add(path.stem)
    return found


def asked_for(tree: ast.Module, known: dict[str, set[str]]) -> Iterator[tuple[ast.Call, str]]:
    """Calls of such functions, by their module or by a name that is imported from the engine."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner, _, name = ast.unparse(node.func).rpartition(".")
            if owner in known.get(name, ()) or (not owner and name in imported & known.keys()):
                yield node, name


def test_no_page_asks_as_the_local_person():
    """Each call of such an action names a person, and only the session's own."""
    known, seen = actions(), set()
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        tree = ast.parse(path.read_text())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "LOCAL" not in names or path.stem in ("visitor", "saved"), path
        if (path.parent.name, path.stem) == ("answers", "refit") or path.stem == "saved":
            # Their actions pass on who asked them.
            continue
        for call, name in asked_for(tree, known):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            assert given.get("by") == "visitor.person()", f"{path.name}:{call.lineno} {name}"
            seen.add(name)
    assert seen >= {
        "start", "resume", "pause", "cancel", "prepare", "store", "delete", "restore", "created",
        "updated", "added", "renew_evidence", "decided", "proposed", "new_version", "keep_now",
        "use",
    }  # fmt: skip


def test_a_call_without_a_person_is_noticed():
    known = {"start": {"lifecycle"}, "store": {"importing"}}
    source = "from engine.api.runs import store\nlifecycle.start(1)\nstore(2)\nother.start(3)\n"
    assert [name for _, name in asked_for(ast.parse(source), known)] == ["start", "store"]

"""What the doctor says of an installation that is sound, and of one that is not."""

import json
from pathlib import Path

import pytest

from engine import decision_log
from engine.__main__ import main
from engine.approvals import Ruling
from engine.decision import fitted
from engine.doctor import examination, installation, network, records
from engine.doctor.examination import findings
from engine.doctor.finding import State
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger, most_charged
from engine.pilot.running.folder import PLAN_FILE
from engine.scenarios import acts
from engine.scenarios.fields import defaults
from tests.pilot.fake_training import settings
from tests.scenarios.made import AT, made_frozen


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folders of one's own."""
    for name in ("DATA", "LOG", "PILOTS", "SCENARIOS"):
        monkeypatch.setenv(f"KESSAI_{name}", str(tmp_path / name.lower()))
    for name in ("ADDRESS", "ALLOWED_HOSTS"):
        monkeypatch.delenv(f"STREAMLIT_SERVER_{name}", raising=False)
    fitted.run_log.cache_clear()
    yield tmp_path
    fitted.run_log.cache_clear()


def found(*names):
    return {(one.name, one.state) for one in findings(only=frozenset(names))}


def test_a_sound_installation_has_nothing_broken(place, capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[1] for line in lines} == set(examination.LOOKS)
    assert not any(line.startswith("broken") for line in lines)
    assert any("this machine alone" in line for line in lines)


def test_readiness_waits_for_the_law_alone(place, capsys, monkeypatch):
    monkeypatch.setattr(records, "is_ready", lambda name: name == fitted.PUBLISHED_BERT)
    assert main(["doctor", "--ready", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sound"] is True
    monkeypatch.setattr(records, "is_ready", lambda name: False)
    assert main(["doctor", "--ready", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in document["findings"]} == examination.NEEDED
    assert document["sound"] is False
    assert main(["doctor", "--json"]) == 0  # slower at first, but nothing is broken


@pytest.fixture
def approved(place):
    """The file of an approved scenario."""
    scenarios = place / "scenarios"
    one = acts.created(scenarios, "Plan A", defaults(), who="", at=AT, frozen=made_frozen())
    acts.decided(
        scenarios, acts.proposed(scenarios, one, made_frozen(), who="", at=AT), Ruling.APPROVED
    )
    assert found("scenarios") == {("scenarios", State.OK)}
    (file,) = scenarios.glob("*.json")
    return file


def altered(file):
    file.write_text(file.read_text().replace("57500000.0", "97500000.0"))


def unreadable(file):
    file.with_name("another.json").write_text("nothing")


@pytest.mark.parametrize(
    ("spoil", "said", "state"),
    [
        (altered, "Plan A: its file is not what was approved", State.BROKEN),
        (Path.unlink, "Plan A: approved, and its file is gone", State.BROKEN),
        (unreadable, "another.json", State.LOOK),
    ],
)
def test_an_approved_scenario_that_was_spoilt_is_told(approved, spoil, said, state):
    spoil(approved)
    first = findings(only=frozenset({"scenarios"}))[0]
    assert said in first.found and first.state is state and "backup" in first.to_do


def test_frozen_figures_of_a_draft_that_were_changed_are_told(place):
    scenarios = place / "scenarios"
    acts.created(scenarios, "Plan A", defaults(), who="", at=AT, frozen=made_frozen())
    altered(next(scenarios.glob("*.json")))
    (one,) = findings(only=frozenset({"scenarios"}))
    assert one.state is State.BROKEN and "frozen figures are not as they were saved" in one.found


def test_a_foreign_file_and_a_folder_that_is_none_are_told(place):
    (place / "data").mkdir()
    (place / "data" / "foreign.parquet").write_text("nothing")
    assert ("runs", State.LOOK) in found("runs")
    (place / "pilots").write_text("a file")
    assert found("pilots") == {("pilots", State.BROKEN)}


def test_a_changed_plan_and_a_damaged_ledger_are_broken(place, capsys):
    pilot = place / "pilots" / ("a" * 16)
    (pilot / "recommended-0").mkdir(parents=True)
    (pilot / PLAN_FILE).write_text("{}")
    (pilot / "recommended-0" / LEDGER_FILE).write_bytes(b'{"format": 1}\n{"charged": 3}\n')
    assert found("pilots") == {("pilots", State.BROKEN), ("ledger", State.BROKEN)}
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["sound"] is False


def test_a_torn_last_line_of_a_ledger_is_no_damage_and_a_lost_one_is(tmp_path):
    path = tmp_path / LEDGER_FILE
    for torn in (b"", b'{"form'):
        path.write_bytes(torn)
        most_charged(path)
    path.write_bytes(b"[1]\n")
    with pytest.raises(InputError):
        most_charged(path)
    path.unlink()
    with Ledger(path, settings(iterations=20)) as ledger:
        ledger.reserve(3)
    most_charged(path)
    content = path.read_bytes()
    path.write_bytes(content + b'{"char')
    most_charged(path)
    path.write_bytes(content[: content[:-1].rfind(b"\n") + 1])
    with pytest.raises(InputError):
        most_charged(path)


@pytest.mark.parametrize(
    ("variable", "value", "state"),
    [("ADDRESS", "0.0.0.0", State.LOOK), ("ALLOWED_HOSTS", "*", State.BROKEN)],
)
def test_an_open_server_is_told(place, monkeypatch, variable, value, state):
    monkeypatch.setenv(f"STREAMLIT_SERVER_{variable}", value)
    assert ("network", state) in found("network")


def test_a_package_of_another_version_or_none_is_told(place, monkeypatch):
    pins = installation.pins()
    assert "streamlit" in pins and len(pins) > 10
    monkeypatch.setattr(installation, "pins", lambda: {**pins, "numpy": "0.1"})
    assert found("packages") == {("packages", State.LOOK)}
    monkeypatch.setattr(installation, "pins", lambda: {"no-such-package-here": "1"})
    assert found("packages") == {("packages", State.BROKEN)}


def test_a_look_that_fails_is_a_line(place, monkeypatch):
    def fails():
        raise ValueError("boom")
        yield

    monkeypatch.setitem(examination.LOOKS, "gpu", fails)
    (one,) = findings(only=frozenset({"gpu"}))
    assert one.state is State.BROKEN and "boom" in one.found


def test_a_log_that_was_changed_is_broken(place, capsys):
    assert found("log") == {("log", State.OK)}
    for number in range(3):
        decision_log.append("tried", {"number": number}, folder=place)
    assert "3 entries, whole, last hash" in next(records.log()).found
    file = place / "log" / decision_log.FILE
    file.write_bytes(file.read_bytes().replace(b'"number":1}', b'"number":9}'))
    assert found("log") == {("log", State.BROKEN)}
    assert main(["doctor"]) == 1
    assert "line 2 was changed" in capsys.readouterr().out


def test_it_writes_nothing(place):
    before = sorted(place.rglob("*"))
    findings()
    assert sorted(place.rglob("*")) == before
    assert (installation.ROOT / "requirements.txt").is_file()


AUTH = """
[auth]
redirect_uri = "https://kessai.example.com/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
"""


def test_a_login_is_looked_at(place, monkeypatch):
    monkeypatch.setattr(network, "find_spec", lambda name: name)
    secrets, roles = place / "secrets.toml", place / "access.toml"
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
    monkeypatch.setenv("KESSAI_ACCESS", str(roles))
    assert found("login") == {("login", State.OK)}, "nobody signs in"
    secrets.write_text(AUTH)
    secrets.chmod(0o600)
    assert found("login") == {("login", State.BROKEN)}, "nobody has a role"
    roles.write_text('[people]\noperator = ["taro@example.com"]')
    assert found("login") == {("login", State.OK)}
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    assert ("network", State.LOOK) not in found("network"), "whoever reaches it signs in"
    secrets.chmod(0o644)
    assert ("login", State.LOOK) in found("login"), "others read it"
    secrets.chmod(0o600)
    secrets.write_text(AUTH.replace("https", "http"))
    assert ("login", State.LOOK) in found("login"), "no TLS"
    secrets.write_text(AUTH.replace("0123456789abcdef", "x"))
    assert ("login", State.BROKEN) in found("login"), "a short secret"
    secrets.write_text("[auth")
    assert ("login", State.BROKEN) in found("login"), "nobody can read it"
    secrets.write_text(AUTH)
    monkeypatch.setattr(network, "find_spec", lambda name: None)
    assert ("login", State.BROKEN) in found("login"), "a package is missing"

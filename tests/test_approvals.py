"""A decision belongs to one version of a scenario, and to a log that is whole."""

from pathlib import Path

import pytest

from dashboard.compare import wording
from dashboard.state import link
from engine import approvals, decision_log
from engine.access.rights import LOCAL, Person, Role
from engine.approvals import LONGEST_REASON, Ruling, State, decide, decisions
from engine.errors import InputError
from engine.scenarios import acts, saved
from engine.scenarios import wording as scenarios
from engine.text.i18n import Words
from tests.scenarios.made import frozen_of, made_frozen

AT = "2026-11-29T01:00:00+00:00"
BOARD = Person(who="board@example.com", roles=frozenset({Role.APPROVER}), login="issuer 1")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    return tmp_path


@pytest.fixture
def kept(place) -> saved.Saved:
    return acts.created(place / "scenarios", "計画", link.defaults(), who="", at=AT)


def stands(one, language="en") -> str:
    return scenarios.standing(acts.standing(one), "UTC", Words(language))


def proposed(place, one, **figures) -> saved.Saved:
    return acts.proposed(place / "scenarios", one, made_frozen(figures=figures), who="Abe", at=AT)


def ruled(place, one, ruling=Ruling.APPROVED, **said) -> None:
    acts.decided(place / "scenarios", one, ruling, **{"by": BOARD, **said})


def test_a_draft_is_proposed_declined_changed_and_approved(place, kept):
    assert stands(kept) == "**Draft**: nobody has proposed this version."
    first = proposed(place, kept)
    assert stands(first).startswith("**Proposed** as it stands, by Abe (name as given")
    assert acts.standing(kept).state is State.DRAFT, "with other figures it is another version"
    ruled(place, first, Ruling.DECLINED, reason="too\n dear")
    assert stands(first).startswith("**Declined** as it stands, by board@")
    values = link.defaults() | {"data": 5e6}
    later = acts.updated(place / "scenarios", first, values, who="", at=AT)
    assert later.frozen is None and "nobody has proposed" in stands(later)
    second = proposed(place, later)
    ruled(place, second)
    assert stands(second).startswith("**Approved** as it stands, by board@")
    one, two = decisions(kept.name, place)
    assert (one.ruling, one.reason, two.reason) == (Ruling.DECLINED, "too dear", "")
    assert decisions("another", place) == ()
    table = wording.decisions(decisions(kept.name, place), second.version, "UTC", Words("en"))
    assert table["Version"] == ["as it stands", "an earlier one"]
    assert table["Decision"] == ["Approved", "Declined"]


def test_four_eyes_approve(place, kept):
    """Who signed in approves nothing that they proposed; declining is taking it back. Another may,
    and so may the local person, who is the only one without login."""
    both = frozenset({Role.ANALYST, Role.APPROVER})
    mine = Person(who="ann@example.com", roles=both, login="issuer 7")
    first = acts.proposed(place / "scenarios", kept, made_frozen(), who="", at=AT, by=mine)
    with pytest.raises(InputError, match=r"somebody else than ann@example\.com"):
        ruled(place, first, by=mine)
    assert acts.standing(first).state is State.PROPOSED
    line = decision_log.entries(place)[-1]
    assert (line.act, line.login, line.what["act"]) == ("refused", "issuer 7", approvals.ACT)
    ruled(place, first, Ruling.DECLINED, by=mine)
    acts.proposed(place / "scenarios", first, made_frozen(), who="", at=AT, by=mine)
    same_name = Person(who="ann@example.com", roles=both, login="issuer 8")
    ruled(place, first, by=same_name)
    assert acts.standing(first).state is State.APPROVED
    other = acts.created(place / "scenarios", "Other", link.defaults(), who="", at=AT)
    ruled(place, proposed(place, other), by=LOCAL)


def test_what_was_declined_can_be_proposed_again(place, kept):
    first = proposed(place, kept)
    ruled(place, first, Ruling.DECLINED)
    again = proposed(place, first)
    assert again == first, "the same figures are not frozen twice"
    ruled(place, again)
    assert acts.standing(again).state is State.APPROVED


def test_acts_are_lines_with_the_hashes_of_evidence_law_figures_and_code(place, kept):
    ruled(place, proposed(place, kept))
    frozen = made_frozen()
    lines = decision_log.entries(place)
    assert [line.act for line in lines] == ["scenario-save", "scenario-propose", "decision"]
    for line in lines[1:]:
        assert dict(line.versions) == {
            "code": line.versions["code"], "evidence": "e" * 64, "law": "a" * 12,
            "frozen": frozen.sha256,
        }  # fmt: skip
    assert decision_log.verify(place).sound


def test_what_was_approved_is_locked_and_a_new_version_takes_its_place(place, kept):
    folder = place / "scenarios"
    first = proposed(place, kept)
    ruled(place, first)
    before = first.path or next(folder.glob("*.json"))
    content = before.read_bytes()
    values = link.defaults() | {"data": 5e6}
    for act in (
        lambda: acts.updated(folder, first, values, who="", at=AT),
        lambda: acts.delete(folder, first),
        lambda: proposed(place, first, npv=1.0),
        lambda: ruled(place, first, Ruling.DECLINED),
    ):
        with pytest.raises(InputError, match="“計画” was approved and stays as it is: make a new"):
            act()
    assert before.read_bytes() == content and len(decisions("計画", place)) == 1
    second = acts.new_version(folder, first, values, who="", at=AT)
    assert (second.name, second.replaces) == ("計画 v2", ("計画", first.version))
    assert saved.listed(folder) == ([first, second], []), "the link is in the file"
    assert acts.standing(first).state is State.APPROVED, "until the new one is approved"
    draft = acts.new_version(folder, first, values, who="", at=AT)
    assert draft.name == "計画 v3"
    second = proposed(place, second)
    ruled(place, second, Ruling.DECLINED)
    assert acts.standing(first).state is State.APPROVED
    second = proposed(place, second, npv=2.0)
    ruled(place, second)
    assert acts.standing(first).state is State.SUPERSEDED
    assert "**Superseded** by “計画 v2”; it was approved by board@" in stands(first)
    assert acts.standing(second).state is State.APPROVED
    assert acts.new_version(folder, second, values, who="", at=AT).name == "計画 v4"
    for act in (
        lambda: acts.delete(folder, first),
        lambda: proposed(place, first),
        lambda: acts.new_version(folder, first, values, who="", at=AT),
        lambda: acts.new_version(folder, draft, values, who="", at=AT),
    ):
        with pytest.raises(InputError, match=r"was approved and stays|Expected an approved"):
            act()


def test_transitions_that_are_none_are_refused(place, kept):
    with pytest.raises(InputError, match="“計画” is a draft: propose it first"):
        ruled(place, kept)
    with pytest.raises(InputError, match="got estimated ones"):
        acts.proposed(place / "scenarios", kept, made_frozen(noise="estimated"), who="", at=AT)
    first = proposed(place, kept)
    with pytest.raises(InputError, match="is proposed already"):
        proposed(place, first)
    with pytest.raises(InputError, match="changed “計画” meanwhile"):
        ruled(place, kept)
    assert [line.act for line in decision_log.entries(place)] == [
        "scenario-save", "scenario-propose",
    ]  # fmt: skip


def test_figures_that_were_changed_in_the_file_are_noticed(place, kept):
    first = proposed(place, kept)
    (file,) = (place / "scenarios").glob("*.json")
    file.write_text(file.read_text().replace("57500000.0", "97500000.0"))
    (changed,) = saved.listed(place / "scenarios")[0]
    assert not frozen_of(changed).is_whole and acts.standing(changed).state is State.DRAFT
    file.write_text(saved.to_json(first))
    ruled(place, first)
    for forged in (changed, saved.renamed(changed, changed.name)):
        file.write_text(saved.to_json(forged))
        (found,) = saved.listed(place / "scenarios")[0]
        standing = acts.standing(found)
        assert (standing.state, standing.was_changed) == (State.DRAFT, True)
        assert "never approved" in stands(found)
        with pytest.raises(InputError, match="its file was changed by other means"):
            acts.delete(place / "scenarios", found)


def test_a_figure_changed_before_the_decision_is_not_approved(place, kept):
    first = proposed(place, kept)
    tampered = made_frozen(figures={"npv": 1.0})
    object.__setattr__(tampered, "sha256", frozen_of(first).sha256)
    other = saved.Saved(name=first.name, fields=first.fields, history=first.history,
                        frozen=tampered)  # fmt: skip
    (file,) = (place / "scenarios").glob("*.json")
    file.write_text(saved.to_json(other))
    decision_log.append(
        approvals.PROPOSE, {"scenario": other.name, "version": other.version}, folder=place
    )
    with pytest.raises(InputError, match="as they were saved, got changed ones"):
        ruled(place, other)


def test_a_file_brings_no_decision_along(place, kept):
    first = proposed(place, kept)
    ruled(place, first)
    other = acts.added(place / "scenarios", saved.renamed(first, "Brought"))
    assert decisions("Brought", place) == () and "**Draft**" in stands(other)
    version = acts.new_version(place / "scenarios", first, link.defaults(), who="", at=AT)
    brought = acts.added(place / "scenarios", saved.renamed(version, "Successor"))
    assert brought.replaces is None, "nobody's place is taken by a file from elsewhere"


def test_a_file_from_elsewhere_claims_its_figures(place, kept):
    first = proposed(place, kept)
    assert not acts.standing(first).is_claimed
    other = acts.added(place / "scenarios", saved.renamed(first, "Brought"))
    assert acts.standing(other).is_claimed
    en = Words("en")
    assert "what it claims" in scenarios.origin(frozen_of(other), acts.standing(other), None, en)
    assert "claims" not in scenarios.origin(frozen_of(first), acts.standing(first), None, en)
    assert "estimated" in scenarios.origin(made_frozen(noise="estimated"), None, None, en)
    again = proposed(place, other, npv=1.0)
    assert not acts.standing(again).is_claimed, "its figures are our own now"


def test_a_history_from_elsewhere_is_shown_as_claimed(place, kept):
    """Whoever writes a file writes any history into it; what is done here comes after it."""
    folder = place / "scenarios"
    history = (saved.Change(at=AT, who="社長", fields={}),) * 3
    forged = saved.Saved(name="Brought", fields=kept.fields, history=history)

    def who(one):
        claimed = acts.standing(one).claimed_changes
        return wording.history(one, None, Words("en"), claimed=claimed)["Who"]

    brought = acts.added(folder, forged)
    assert who(brought) == ["社長 (as the file claims)"] * 3
    changed = acts.updated(
        folder, brought, link.defaults() | {"data": 5e6}, who="Abe", at=AT, by=LOCAL
    )
    assert who(changed) == ["Abe", *["社長 (as the file claims)"] * 3]
    assert who(kept) == ["—"]
    acts.delete(folder, changed)
    own = acts.created(folder, "Brought", link.defaults(), who="Abe", at=AT)
    assert who(own) == ["Abe"]
    (folder / "dropped.json").write_text(saved.to_json(saved.renamed(forged, "Dropped")))
    (dropped,) = (one for one in saved.listed(folder)[0] if one.name == "Dropped")
    assert who(dropped) == ["社長 (as the file claims)"] * 3, "no act of ours put it there"


def test_an_approved_scenario_whose_file_is_gone_is_named(place, kept):
    folder = place / "scenarios"
    first = proposed(place, kept)
    ruled(place, first)
    book = approvals.standings(place)
    assert acts.missing([first], book) == () and acts.missing([], book) == ("計画",)
    second = proposed(place, acts.new_version(folder, first, {**link.defaults()}, who="", at=AT))
    ruled(place, second)
    assert acts.missing([], approvals.standings(place)) == ("計画 v2",)
    decision_log.append("scenario-delete", {"scenario": "計画 v2", "version": "1"}, folder=place)
    assert acts.missing([], approvals.standings(place)) == (), "as earlier versions let one"


def test_figures_that_were_frozen_under_another_law_are_frozen_anew(place, kept):
    folder, values = place / "scenarios", link.defaults()
    first = acts.updated(folder, kept, values, who="", at=AT, frozen=made_frozen())
    assert first.frozen == made_frozen() and first.history[-1].fields == {}
    later = made_frozen(at="2026-11-30T01:00:00+00:00")
    assert acts.updated(folder, first, values, who="", at=AT, frozen=later) is first
    second = acts.updated(folder, first, values, who="", at=AT, frozen=made_frozen(law="b" * 12))
    assert frozen_of(second).law == "b" * 12 and saved.listed(folder)[0] == [second]
    table = wording.history(second, "UTC", Words("en"))
    assert table["What changed"][0] == "Its figures were frozen anew"


def test_what_was_approved_before_figures_were_kept_is_locked_too(place, kept):
    decide(kept.name, kept.version, Ruling.APPROVED, folder=place, by=BOARD)
    with pytest.raises(InputError, match="make a new version"):
        acts.delete(place / "scenarios", kept)
    said = scenarios.nothing_frozen(acts.standing(kept), Words("en"))
    assert "approved before they were kept" in said


def test_a_name_that_nobody_vouches_for_says_so(place, kept):
    first = proposed(place, kept)
    ruled(place, first, who="*社長*", by=Person(who="", roles=frozenset(Role)))
    assert "name as given, without login" in stands(first) and r"\*社長\*" in stands(first)
    assert "ログインなし" in stands(first, "ja")


def test_a_log_that_was_changed_shows_no_decision(place, kept):
    first = proposed(place, kept)
    ruled(place, first, Ruling.DECLINED)
    file = place / "log" / decision_log.FILE
    file.write_text(file.read_text().replace("declined", "approved"))
    for ask in (lambda: decisions(kept.name, place), lambda: acts.standing(first)):
        with pytest.raises(InputError, match="what was decided is not shown"):
            ask()


def test_a_decision_that_is_none_is_refused(place, kept):
    with pytest.raises(InputError, match="at most 500 characters"):
        decide(kept.name, kept.version, Ruling.APPROVED, reason="x" * (LONGEST_REASON + 1),
               folder=place)  # fmt: skip
    decision_log.append(approvals.ACT, {"scenario": kept.name, "version": "1"}, folder=place)
    for ask in (lambda: decisions(kept.name, place), lambda: acts.standing(kept)):
        with pytest.raises(InputError, match="what was decided is not shown"):
            ask()

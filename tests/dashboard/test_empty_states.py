"""Places with nothing in them: each says what will be here, what for, and what fills it."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.scenarios import saved
from engine.text.i18n import LANGUAGES


def _draw(name, language):
    import importlib
    from dataclasses import replace

    from dashboard.state import address, session

    address.follow_url()
    view = importlib.import_module(f"dashboard.{name}.page")
    view.render(replace(session.current(), language=language))


@pytest.fixture
def view(monkeypatch, tmp_path):
    """A page with nothing saved and nothing tried."""
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))

    def opened(name, language="en"):
        page = AppTest.from_function(_draw, default_timeout=120, args=(name, language)).run()
        assert not page.exception
        return page

    return opened


def said(page):
    return " ".join(part.value for part in (*page.markdown, *page.caption))


def test_nothing_saved_one_click_saves_and_the_sentence_goes(view, tmp_path):
    page = view("compare")
    assert "Saved scenarios are laid beside this one here" in said(page)
    assert "Saved scenarios will stand here" in said(page)
    page.button(key="compare:first").click().run()
    kept, refused = saved.listed(tmp_path / "scenarios")
    assert [each.name for each in kept] == ["Proposal 1"] and not refused
    assert "Saved scenarios will stand here" not in said(page)
    assert "Nothing is chosen" in said(page)
    page.multiselect(key="compare:chosen").set_value(["Proposal 1"]).run()
    assert "Nothing is chosen" not in said(page)
    assert "“Proposal 1” is this scenario as it stands" in said(page)


def test_a_folder_that_cannot_be_written_says_so(view, tmp_path):
    (tmp_path / "scenarios").write_text("a file where the folder should be")
    page = view("compare")
    page.button(key="compare:first").click().run()
    assert "Set KESSAI_SCENARIOS" in page.error[0].value and not page.exception


def test_before_a_target_it_is_said_what_one_is_answered_with(view):
    page = view("roi")
    assert "The least of each budget that reaches the target will stand here" in said(page)
    page.number_input(key="goal:target-npv").set_value(1.0).run()
    assert "The least of each budget that reaches" not in said(page)


def test_before_the_first_pilot_and_before_a_text_of_one_s_own(view):
    page = view("pilot")
    assert "Every pilot will stand here with what was predicted" in said(page)
    assert "registers it once on the command line" in said(page)
    assert "engine texts add" in page.code[0].value


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["compare", "roi", "pilot"])
def test_in_both_languages_the_sentences_are_marked_alike(view, name, language):
    marked = [p.value for p in view(name, language).markdown if ":material/inbox:" in p.value]
    assert marked and all(text.endswith("。" if language == "ja" else ".") for text in marked)


def test_uploads_say_what_they_take(view):
    for name, label in (("compare", "Import a scenario"), ("roi", "Load a table")):
        uploader = next(u for u in view(name).get("file_uploader") if u.proto.label == label)
        assert len(uploader.proto.help) > 40

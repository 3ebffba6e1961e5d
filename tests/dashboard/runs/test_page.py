"""The import panel: a file is previewed before anything is written, and refused in a sentence."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.decision import fitted

GRID = "run,N,D,loss\n" + "".join(
    f"r{n},{size},{size * 20},{loss}\n"
    for n, (size, loss) in enumerate([(10**7, 4.1), (10**8, 3.4), (10**9, 2.9)])
)


def _page():
    from dashboard.runs import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())


@pytest.fixture
def runs(monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "log"))
    fitted.run_log.cache_clear()
    yield lambda: AppTest.from_function(_page, default_timeout=180).run()
    fitted.run_log.cache_clear()


def _upload(page, text, name="runs.csv"):
    page.file_uploader[0].set_value((name, text.encode(), "text/csv")).run()
    assert not page.exception
    return page


def test_a_file_is_previewed_and_then_written(runs):
    page = _upload(runs(), GRID, "ours.csv")
    assert any("3 runs, 3 points of a law" in text.value for text in page.markdown)
    assert "ours" not in fitted.run_log().families(), "nothing is written before the button"
    page.button(key="runs:import").click().run()
    assert fitted.run_log().families()["ours"] == 3
    assert "family ours" in page.success[0].value
    (table,) = [one.value for one in page.dataframe if "Reasons" in one.value]
    assert table["Run"].tolist() == ["r0", "r1", "r2"] and not any(table["Flags"])
    assert any("Imported on" in text.value and "3 runs" in text.value for text in page.markdown)
    assert any("at least 8 points at 3 model sizes" in text.value for text in page.caption)


def test_a_refusal_names_the_fields_of_the_page(runs):
    page = _upload(runs(), "people,epsilon\n1000,4\n")
    assert "“Columns”: Loss" in page.error[0].value
    assert "--map" not in page.error[0].value


def test_a_wrong_guess_is_corrected_with_a_selector(runs):
    page = _upload(runs(), GRID.replace("loss", "score"))
    assert page.error
    role = next(box for box in page.selectbox if box.label == "Loss")
    role.set_value("=score").run()
    assert not page.error
    assert any("3 points of a law" in text.value for text in page.markdown)


def test_the_headline_counts_what_the_table_lists(runs):
    page = runs()
    families = fitted.run_log().families()
    assert f"{sum(families.values())} runs of {len(families)} families" in page.title[0].value
    counts = page.table[0].value["Runs"].tolist()
    assert counts == [str(count) for count in families.values()]


def test_doubted_runs_are_named_with_the_reason_and_come_first(runs):
    rows = "".join(
        f"sound-{n},{size},{size * 20},{loss}\n"
        for n, (size, loss) in enumerate([(10**7, 4.1), (10**8, 3.4), (10**9, 2.9)])
    )
    page = _upload(runs(), f"run,N,D,loss\n{rows}odd,31,2e9,3.1\ngone,10000000,2e8,nan\n")
    (said,) = [text.value for text in page.markdown if text.value.startswith("- odd")]
    assert "it looks like millions" in said
    (table,) = [one.value for one in page.dataframe if "Reasons" in one.value]
    assert table["Run"].tolist() == ["odd", "gone", "sound-0", "sound-1", "sound-2"]
    assert any("come first" in text.value for text in page.caption)
    page.button(key="runs:import").click().run()
    assert said in [text.value for text in page.markdown], "and are named once they are imported"
    (table,) = [one.value for one in page.dataframe if "Reasons" in one.value]
    assert table["Run"].tolist()[:2] == ["odd", "gone"]


def test_of_many_doubted_runs_the_first_are_named(runs):
    odd = "".join(f"odd-{n},3,{10**9 + n},3.{n:02}\n" for n in range(12))
    page = _upload(runs(), GRID + odd + "".join(f"s{n},1e9,2e10,2.9{n}\n" for n in range(12)))
    said = [text.value for text in page.markdown if text.value.startswith("- ")]
    assert len(said) == 11 and said[-1].endswith(" more runs")
    assert sum("it looks like millions" in one for one in said) >= 9

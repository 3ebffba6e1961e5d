"""The live sheets calculate what the engine calculates, also after a change in the file."""

import argparse
import io
import math
import shutil
import subprocess
from dataclasses import dataclass, replace

import numpy as np
import pytest
from openpyxl import load_workbook

from engine.commands import question_options, recommend
from engine.cost import Workload
from engine.errors import InputError
from engine.report.deck import Deck
from engine.report.workbook.book import workbook
from engine.report.workbook.model import Given, Live, Valued
from engine.roi.appraise import DEFAULT_CURVE, central, outlay_of
from engine.roi.assumption_files import load
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.draws import LossForecast
from engine.roi.kinds import MetricKind
from engine.roi.metric import AssumedCurve, Curve, fit_metric
from engine.roi.plan import Plan
from engine.roi.study import study
from engine.text.i18n import Words
from engine.text.workbook import labels, units
from tests.report.workbook.recalculated import Cell, by_formulas, by_names

WORDS = Words("en")
PLAN = Plan(
    name="recommendation",
    workload=Workload(
        compute_flops=3.8e20, model_size=5e7, iterations=9_000, data_budget=10_000_000
    ),
    loss=LossForecast(name="recommendation", value=2.85, ceiling=10.3),
    advantage=0.28,
)


@dataclass(frozen=True)
class Case:
    """A scenario: figures that differ from the defaults, the curve, the plan."""

    name: str
    changes: dict[str, float]
    curve: Curve = DEFAULT_CURVE
    plan: Plan = PLAN

    @property
    def table(self) -> Assumptions:
        start = with_metric(DEFAULT_ASSUMPTIONS, self.curve.kind)
        return start.edited({name: {"value": value} for name, value in self.changes.items()})


def _larger(people: int, compute: float, advantage: float) -> Plan:
    work = replace(PLAN.workload, data_budget=people, compute_flops=compute, model_size=2e9)
    return replace(PLAN, workload=work, advantage=advantage)


MEASURED = fit_metric(
    MetricKind.MINUTES_SAVED, ((2.0, 4.5), (2.5, 3.9), (3.0, 2.4), (3.5, 1.2)), 5.0
)
CASES = (
    Case("usual", {"horizon_years": 1.5, "tax_rate": 0.3}),
    Case("no-tax", {"horizon_years": 5}),
    Case("not-launched", {"tasks_per_year": 1_000, "tax_rate": 0.3, "horizon_years": 3}),
    Case("many-devices", {"devices": 8, "federated_links": 3, "tokens_per_day": 1e12}),
    Case("late", {"launch_months": 13.5, "ramp_months": 0, "horizon_years": 2.375}),
    Case("measured", {"horizon_years": 3}, curve=MEASURED),
    Case("errors", {"horizon_years": 3}, curve=AssumedCurve(kind=MetricKind.ERROR_RATE)),
    Case("seconds", {"horizon_years": 3}, curve=AssumedCurve(kind=MetricKind.RESPONSE_TIME)),
    Case("bytes", {"horizon_years": 3}, curve=AssumedCurve(scale=1.7)),
    Case("huge", {"horizon_years": 10}, plan=_larger(120_000_000, 1e23, 0.9)),
)


def live(case: Case) -> Live:
    """The live part of a case's workbook, with no more months than its horizon."""
    table, plan = case.table, case.plan
    found = study((plan,), table, case.curve)
    work = plan.workload
    given = {
        "compute_flops": work.compute_flops, "model_size": work.model_size,
        "iterations": work.iterations, "data_budget": work.data_budget,
        "predicted_loss": plan.loss.value, "attack_advantage": plan.advantage or 0.0,
    }  # fmt: skip
    return Live(
        plan=plan,
        table=table,
        given=tuple(Given(code=c, name=c, value=v, source="law") for c, v in given.items()),
        outlay=outlay_of(found.appraisal),
        valued=Valued(curve=case.curve, study=found),
        labels=labels(WORDS),
        units=units(WORDS),
        sources={row.name: f"said: {row.source}" for row in table.rows},
        japanese=False,
        jpy_per_usd=150.0,
        spare_months=0,
    )


def book(deck: Deck, case: Case) -> bytes:
    return workbook(replace(deck, slides=(), appendix=(), data=(), live=live(case)))


def changed(content: bytes, name: str, value: object, column: str = "value") -> bytes:
    """The workbook with one figure typed over, as somebody does in Excel."""
    made = load_workbook(io.BytesIO(content))
    sheet = made["assumptions"]
    heads = next(row for row in sheet.iter_rows() if {cell.value for cell in row} >= {"value"})
    columns = {cell.value: cell.column for cell in heads}
    row = next(r[0].row for r in sheet.iter_rows() if r[columns["name"] - 1].value == name)
    sheet.cell(row, columns[column]).value = value
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def differing(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if not cell.agrees]


def test_a_change_in_the_file_moves_every_sheet_as_the_engine_moves(deck, tmp_path):
    """Recalculated with the changed figure, each formula gives what the engine gives when it is
    asked with the table that is read back from the file."""
    case = CASES[0]
    content = changed(book(deck, case), "adoption", 0.75)
    cells = by_formulas(content, tmp_path)
    table = load("board.xlsx", content).table
    assert table == case.table.edited({"adoption": {"value": 0.75}})
    again = book(deck, replace(case, changes=case.changes | {"adoption": 0.75}))
    ours, written = (load_workbook(io.BytesIO(file), data_only=True) for file in (content, again))
    compared: set[str] = set()
    assert len(cells) > 400
    formulas = {cell.place for cell in cells}
    for cell in cells:
        sheet, place = cell.place.split("!")
        if sheet in ("reconciliation", "draws") or "assumptions" in cell.formula + sheet:
            continue  # Beside values of the draws, which stay those of the export.
        if sheet == "break_even" and place[0] == "D" and f"{sheet}!C{place[1:]}" not in formulas:
            continue  # Beside a value that the engine searched for.
        where = place
        if sheet == "break_even":  # Each list has what is within reach of it, the nearest first.
            listed = {row[5].value: row[5].row for row in written[sheet].iter_rows()}
            row = listed.get(ours["break_even"][f"F{place[1:]}"].value)
            if row is None:
                continue
            where = f"{place[0]}{row}"
            compared.add(where)
        expected = Cell(cell.place, cell.formula, written[sheet][where].value, cell.calculated)
        assert expected.agrees, expected
    assert len({place[1:] for place in compared}) > 4
    named = by_names(cells, content)
    assert named["assumptions_changed"] == 1
    found = central(case.plan, table, case.curve)
    assert named["calc_npv"] == pytest.approx(found.npv[0], abs=0.5)
    assert named["calc_npv_by_month"] == pytest.approx(found.npv[0], abs=0.5)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_formula_reproduces_the_engine(case, deck, tmp_path):
    content = book(deck, case)
    cells = by_formulas(content, tmp_path)
    assert not differing(cells)
    named = by_names(cells, content)
    found = central(case.plan, case.table, case.curve)
    assert named["calc_npv"] == pytest.approx(found.npv[0], abs=0.5)


@pytest.mark.exhaustive
@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice (soffice) here")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_libreoffice_calculates_the_same(case, deck, tmp_path):
    content = changed(book(deck, case), "discount_rate", 0.05)
    (tmp_path / "in.xlsx").write_bytes(content)
    command = [
        "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
        "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", "out", "in.xlsx",
    ]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    made = load_workbook(tmp_path / "out" / "in.xlsx", data_only=True)
    table = case.table.edited({"discount_rate": {"value": 0.05}})
    found = central(case.plan, table, case.curve)
    names = made.defined_names
    for name, value in (("calc_npv", found.npv[0]), ("calc_npv_by_month", found.npv[0]),
                        ("calc_once", -found.spent[0])):  # fmt: skip
        sheet, cell = names[name].attr_text.replace("$", "").split("!")
        assert made[sheet.strip("'")][cell].value == pytest.approx(value, abs=0.5), name


@pytest.fixture(scope="module")
def usual():
    case = CASES[0]
    return case, live(case)


_MADE: list[bytes] = []


@pytest.fixture
def content(usual, deck):
    """The usual case's workbook, made once."""
    if not _MADE:
        _MADE.append(workbook(replace(deck, slides=(), appendix=(), data=(), live=usual[1])))
    return _MADE[0]


def test_the_table_comes_back_as_it_was(usual, content):
    """Sources too, although the file shows them in the reader's words."""
    assert load("kessai.xlsx", content).table == usual[0].table


def test_a_typed_source_is_kept_and_a_value_widens_its_range(usual, content):
    again = changed(content, "adoption", "Our own survey", column="source")
    again = changed(again, "adoption", 0.95)
    again = changed(again, "tax_rate", 0.2)
    table = load("kessai.xlsx", again).table
    assert table["adoption"].source == "Our own survey"
    assert (table["adoption"].low, table["adoption"].high) == (0.3, 0.95)
    assert (table["tax_rate"].low, table["tax_rate"].high) == (0.2, 0.2)


@pytest.mark.parametrize(
    ("name", "value", "column", "said"),
    [
        ("adoption", 3.0, "value", "Expected adoption between 0 % and 100 %, got 300 %."),
        ("adoption", "a lot", "value", "Expected a number for adoption, none was given."),
        ("adoption", None, "value", "Expected a number for adoption, none was given."),
        ("adoption", "rate", "unit", "Expected adoption in share, got rate."),
        ("adoption", "adaption", "name", "Expected a known figure, got adaption."),
    ],
)
def test_a_wrong_cell_is_refused_in_a_sentence(content, name, value, column, said):
    with pytest.raises(InputError) as refused:
        load("kessai.xlsx", changed(content, name, value, column))
    assert str(refused.value) == said


def test_files_that_are_no_such_workbook_are_refused():
    file = io.BytesIO()
    made = load_workbook(io.BytesIO(_empty()))
    made.save(file)
    with pytest.raises(InputError, match=r"a sheet named assumptions in other\.xlsx"):
        load("other.xlsx", file.getvalue())
    made.active.title = "assumptions"
    made.save(file := io.BytesIO())
    with pytest.raises(InputError, match="Expected a row with name, value"):
        load("other.xlsx", file.getvalue())
    with pytest.raises(InputError, match=r"a readable workbook, got torn\.xlsx"):
        load("torn.xlsx", file.getvalue()[:200])


def _empty() -> bytes:
    from openpyxl import Workbook

    file = io.BytesIO()
    Workbook().save(file)
    return file.getvalue()


def test_texts_that_begin_like_formulas_stay_texts(usual, deck):
    made = usual[1]
    hostile = replace(made, sources=dict.fromkeys(made.sources, "=1+1"))
    content = workbook(replace(deck, live=hostile))
    sheet = load_workbook(io.BytesIO(content))["assumptions"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1"]
    assert cells and all(cell.data_type == "s" and cell.quotePrefix for cell in cells)


def test_no_more_months_than_there_is_room_for(usual):
    """A horizon beyond the rows makes every result #N/A instead of a wrong one."""
    case, made = usual
    assert made.rows == 18
    assert replace(made, spare_months=60).rows == 120
    long = case.table.edited({"horizon_years": {"value": 30}})
    assert replace(made, table=long, spare_months=60).rows == 360


def test_without_a_value_there_are_assumptions_alone(usual, deck):
    made = replace(usual[1], valued=None)
    names = load_workbook(io.BytesIO(workbook(replace(deck, live=made)))).sheetnames
    assert names[:3] == ["cover", "assumptions", "plan"] and "npv" not in names


def test_sheets_are_called_by_codes_and_charts_are_native(content):
    made = load_workbook(io.BytesIO(content))
    assert made.sheetnames[:10] == [
        "cover", "assumptions", "plan", "npv", "cash_flow", "waterfall", "break_even",
        "reconciliation", "draws", "months",
    ]  # fmt: skip
    for name in ("cash_flow", "waterfall", "draws"):
        assert len(made[name]._charts) == 1
    for name in made.sheetnames:
        assert made[name].freeze_panes and made[name].page_setup.orientation == "landscape"


def test_draws_stand_with_their_seed(usual, content):
    made = usual[1]
    sheet = load_workbook(io.BytesIO(content))["draws"]
    shown = {row[4]: row[1] for row in sheet.iter_rows(values_only=True) if row[4]}
    worth = made.valued.study.appraisal
    assert (shown["seed"], shown["draws_count"]) == (0, 20_000)
    assert shown["npv"] == pytest.approx(worth.npv.value)
    assert shown["probability"] == pytest.approx(worth.probability)
    band = [row[7] for row in sheet.iter_rows(min_row=4, values_only=True) if row[7] is not None]
    assert np.allclose(band, worth.cash.mean)
    assert not math.isnan(sum(band))


def test_the_command_line_takes_the_workbook(content, tmp_path):
    path = tmp_path / "board.xlsx"
    path.write_bytes(changed(content, "adoption", 0.75))
    parser = argparse.ArgumentParser()
    recommend.add_arguments(parser)
    asked = ["--compute", "3.8e20", "--data", "1e7", "--epsilon", "4", "--assumptions", str(path)]
    assert question_options.question(parser.parse_args(asked)).assumptions["adoption"].value == 0.75

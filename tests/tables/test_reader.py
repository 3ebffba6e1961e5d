"""Tables of other people's spreadsheets: equivalents of files that failed before, and their kind.

The files were reported in public by people who do this work; these are made anew.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.tables.guard import csv_text
from engine.tables.numbers import Mark
from engine.tables.reader import read_file, read_table
from engine.tables.table import Corrections, Row, Skip, Table

COLUMNS = ("data_budget", "batch_size", "epsilon")
HEADER = "data_budget,batch_size,epsilon"


def table(text: str | bytes, *, columns=COLUMNS, **said) -> Table:
    content = text if isinstance(text, bytes) else text.encode()
    corrections = Corrections(**said)
    return read_table(
        content, name="a.csv", columns=columns, numeric=columns, corrections=corrections
    )


def numbers(found: Table) -> list[list[float | int]]:
    return [[found.number(row, name) for name in COLUMNS] for row in found.rows]


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n1000,10,0.5\n",
        f"{HEADER}\r1000,10,0.5\r",
        f"{HEADER}\r\n1000,10,0.5",
        f"{HEADER}\n\n1000,10,0.5\n,,\n  ,\n",
        f'{HEADER}\n"1,000","10","0.5"\n',
        f'{HEADER}\n1000,10,"0,5"\n',
        "data_budget;batch_size;epsilon\n1.000;10;0,5\n",
        "data_budget;batch_size;epsilon\n1.000,0;10;0,5\n",
        "data_budget\tbatch_size\tepsilon\n1000\t10\t0.5\n",
        "data_budget|batch_size|epsilon\n1000|10|0.5\n",
        "sep=;\ndata_budget;batch_size;epsilon\n1000;10;0,5\n",
        "data_budget, batch_size, epsilon\n 1000, 10, 0.5\n",
        'data_budget, batch_size, epsilon\n1000, 10, "0,5"\n',
        "Data Budget,Batch-Size, EPSILON \n1000,10,0.5\n",
        f"{HEADER},,\n1000,10,0.5,,\n,,,,\n",
        f"{HEADER},note\n1000,10,0.5,本番\n",
        f"Results of March\n\n{HEADER}\n1000,10,0.5\n",
        f"Data,Training,Privacy\n{HEADER}\n1000,10,0.5\n",
        f"{HEADER}\npeople,people,nats\n1000,10,0.5\n",
        f"{HEADER}\n{HEADER}\n1000,10,0.5\n",
        f",{HEADER}\n0,1000,10,0.5\n",
        f"{HEADER}\n１０００,１０,０．５\n",
        f"{HEADER}\n1千,10人,50%\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_the_same_table_however_it_was_saved(text, encoding):
    assert numbers(table(text.encode(encoding))) == [[1000, 10, 0.5]]


def test_what_was_detected_and_left_out_is_told():
    text = f"Title\n{HEADER}\npeople,people,none\n1000,10,0.5\n\n{HEADER}\n,,\n"
    found = table(text).detected
    assert (found.encoding, found.separator, found.header_line) == ("utf-8", ",", 2)
    assert found.skipped == {
        Skip.TITLE: (1,),
        Skip.BLANK: (5, 7),
        Skip.REPEATED_HEADER: (6,),
        Skip.UNITS: (3,),
    }
    assert found.decimal is Mark.POINT
    assert (found.proofs[Mark.POINT].text, found.proofs[Mark.POINT].line) == ("0.5", 4)
    assert table(f",{HEADER}\n1,1000,10,4\n2,1000,10,5\n").detected.index_column


def test_a_doubtful_number_is_settled_by_another_cell_or_asked():
    comma = 'data_budget,batch_size,epsilon\n1500,10,"1,500"\n1500,10,"0,5"\n'
    assert numbers(table(comma)) == [[1500, 10, 1.5], [1500, 10, 0.5]]
    point = 'data_budget,batch_size,epsilon\n"1,500",10,2.5\n'
    assert numbers(table(point)) == [[1500, 10, 2.5]]
    alone = 'data_budget,batch_size,epsilon\n"1,500",10,4\n'
    sentence = "“1,500” for data_budget in line 2: 1.5 with a decimal comma, 1500 with"
    with pytest.raises(InputError, match=re.escape(sentence)):
        numbers(table(alone))
    assert numbers(table(alone, decimal=Mark.POINT)) == [[1500, 10, 4]]
    assert numbers(table(alone, decimal=Mark.COMMA)) == [[1.5, 10, 4]]


def test_both_marks_in_one_file_settle_nothing_else():
    both = 'data_budget,batch_size,epsilon\n"1,500",10,"0,5"\n1000,10,2.5\n'
    found = table(both)
    assert found.detected.decimal is None
    assert set(found.detected.proofs) == {Mark.POINT, Mark.COMMA}
    assert found.number(found.rows[1], "epsilon") == 2.5
    with pytest.raises(InputError, match="Expected one meaning of “1,500”"):
        found.number(found.rows[0], "data_budget")


def test_three_digits_behind_a_point_are_doubtful_between_semicolons():
    text = "data_budget;batch_size;epsilon\n1000;10;1.500\n"
    with pytest.raises(InputError, match=r"1500 with a decimal comma, 1.5 with a decimal point"):
        numbers(table(text))
    assert numbers(table(text.replace(";", ","))) == [[1000, 10, 1.5]]
    assert numbers(table(text + "1000;10;0,25\n"))[0] == [1000, 10, 1500]
    assert numbers(table(text + "1000;10;0.25\n"))[0] == [1000, 10, 1.5]


def test_a_chosen_mark_holds_against_the_cells():
    text = "data_budget;batch_size;epsilon\n1000;10;0,5\n"
    with pytest.raises(InputError, match="Expected a number for epsilon in line 2, got 0,5"):
        numbers(table(text, decimal=Mark.POINT))


def test_a_cell_too_many_is_refused_with_its_line():
    found = table(f"{HEADER}\n1000,10,0,5\n1000,10,4\n")
    assert [row.extra for row in found.rows] == [("5",), ()]
    with pytest.raises(InputError, match=r"3 cells in line 2 of a.csv, got more \(5\)"):
        found.require_whole(found.rows[0])
    found.require_whole(found.rows[1])
    unnamed = table(f"{HEADER},,\n1000,10,4,,7\n").rows[0]
    assert unnamed == Row(2, ("1000", "10", "4"), ("7",))


def test_a_column_that_stands_twice_is_refused_where_it_is_needed():
    found = table(f"{HEADER},Epsilon\n1000,10,4,0.5\n")
    with pytest.raises(InputError, match=r"every column of a.csv once, got epsilon twice"):
        found.require_once(COLUMNS)
    found.require_once(["batch_size"])


def test_short_rows_and_missing_columns():
    found = table(f"{HEADER}\n1000,10\n")
    with pytest.raises(InputError, match="a number for epsilon in line 2, got nothing"):
        found.number(found.rows[0], "epsilon")
    assert table("a,b\n1,2\n").missing(COLUMNS) == list(COLUMNS)


def test_lines_are_those_of_the_file_also_behind_cells_with_line_ends():
    found = table(f'{HEADER},note\n1000,10,4,"two\nlines"\n1000,10,x,\n')
    assert [row.line for row in found.rows] == [2, 4]
    with pytest.raises(InputError, match="epsilon in line 4, got x"):
        numbers(found)


def test_corrections_are_followed():
    text = "título;n\n1;2\n".encode("cp1252")
    assert table(text, columns=(), encoding="cp1252").header == ("título", "n")
    assert table("a;b,c\n1;2,3\n", columns=(), separator=",").header == ("a;b", "c")
    assert table("x,y\n1,2\na,b\n3,4\n", columns=(), header_line=3).header == ("a", "b")
    with pytest.raises(InputError, match="Expected a header in line 9"):
        table("x,y\n1,2\n", header_line=9)
    with pytest.raises(InputError, match="Expected text in utf-16"):
        table("x,y\n1,2\n3", encoding="utf-16")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "got nothing in it"),
        (b"\xef\xbb\xbf\n,,\n", "got nothing in it"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "its row in line 3 cannot be read"),
        (b'a,b\n1,"2"x\n', "its row in line 2 cannot be read"),
        (b"\0\1\2\3binary\0\0\0", "Expected a text file"),
        (b"PK\x03\x04rest", "got the workbook a.csv"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(content, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        table(content)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"got a.csv: there is no such file"):
        read_file(tmp_path / "a.csv")
    with pytest.raises(InputError, match="that is a folder"):
        read_file(tmp_path)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_one_sentence(content):
    try:
        found = table(content)
    except InputError:
        return
    for row in found.rows:
        assert len(row.cells) == len(found.header)
        for cell in row.cells:
            found.reading(cell)


_CELLS = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=5))
def test_what_the_guard_writes_the_reader_reads(rows):
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    text = csv_text(["first_name", "second_name"], [("x", "y"), *rows])
    found = read_table(text.encode(), name="a.csv", columns=("first_name", "second_name"))
    back = [(found.cell(row, "first_name"), found.cell(row, "second_name")) for row in found.rows]
    assert back == [("x", "y"), *rows]


def test_tables_of_other_tools_are_read_as_they_are():
    """Equivalents of a chart that a tracker exports and of published N, D, loss records."""
    chart = '"Step","run-a - eval/loss","run-a - eval/loss__MIN"\n"100","4.10","4.10"\n'
    found = read_table((chart + '"200","NaN","NaN"\n').encode(), name="chart.csv")
    step, loss = found.header[:2]
    assert [found.number(row, step) for row in found.rows] == [100, 200]
    values, refused = found.numbers(loss)
    assert values[0] == 4.10
    assert list(refused) == [1]
    assert "in line 3, got NaN" in str(refused[1])
    sweep = "C,N,D,loss\n1.3972367362937152e+18,73824672,3154403320,3.405928\n"
    found = read_table(sweep.encode(), name="sweep.csv")
    (row,) = found.rows
    assert [found.number(row, name) for name in found.header] == [
        1.3972367362937152e18,
        73824672,
        3154403320,
        3.405928,
    ]
    values, refused = found.numbers("loss")
    assert (values, refused) == ([3.405928], {})


@pytest.mark.parametrize("unit", ["(M)", "千", "thousands", "%"])
def test_units_that_scale_are_never_left_out(unit):
    """Who knows no scales refuses the row then: without it every number would be another."""
    text = f"model_size,data_budget\n{unit},people\n10,1000\n"
    names = ("model_size", "data_budget")
    table = read_table(text.encode(), name="a.csv", columns=names, numeric=names)
    assert [row.line for row in table.rows] == [2, 3]


def test_columns_between_spaces_and_the_row_numbers_of_r():
    text = 'model_size data_budget epsilon\n"1"   10   1000   4\n"2"   20   1000   0.5\n'
    names = ("model_size", "data_budget", "epsilon")
    table = read_table(text.encode(), name="a.txt", columns=names, numeric=names)
    assert (table.header, table.detected.separator) == (names, " ")
    assert table.detected.index_column and table.number(table.rows[1], "epsilon") == 0.5

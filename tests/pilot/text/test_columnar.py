import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import columnar, refusals, sources
from engine.pilot.text.refusals import Refused, Row


def _read(kind, path, **columns):
    shares: list[float] = []
    rows = list(sources.rows(CorpusSource(kind=kind, path=str(path), **columns), shares.append))
    assert shares == sorted(shares)
    return rows, shares


def _write(tmp_path, text, who=None):
    path = tmp_path / "f.parquet"
    columns = {"text": text, "who": pa.array(range(len(text))) if who is None else who}
    pq.write_table(pa.table(columns), path, row_group_size=3, write_page_checksum=True)
    return path


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_texts_of_every_type(tmp_path, kind):
    path = _write(tmp_path, pa.array(["one", None, "日本", ""], type=pa.string()).cast(kind))
    rows, shares = _read("parquet", path)
    assert [row.text for row in rows if isinstance(row, Row)] == ["one", "日本"]
    assert [row for row in rows if isinstance(row, Refused)] == [
        Refused(reason=refusals.NO_TEXT, place=2),
        Refused(reason=refusals.EMPTY, place=4),
    ]
    assert shares[-1] == 1.0


def test_a_wrong_byte_refuses_its_row_alone(tmp_path):
    broken = pa.Array.from_buffers(  # a text column that a careless writer made
        pa.string(), 2, pa.array([b"ok", b"\xff"], type=pa.binary()).buffers()
    )
    rows, _ = _read("parquet", _write(tmp_path, broken))
    assert rows[0] == Row(text="ok", unit=None, place=1)
    assert rows[1] == Refused(reason=refusals.ENCODING, place=2)


def test_persons_of_a_column_with_gaps(tmp_path):
    frame = pd.DataFrame({"text": ["a", "b", "c"], "who": [1.0, None, 1.0]})
    frame.to_parquet(tmp_path / "f.parquet")
    rows, _ = _read("parquet", tmp_path / "f.parquet", unit_column="who")
    assert [getattr(row, "unit", None) for row in rows] == ["1", None, "1"]


def test_batches_do_not_change_the_rows(tmp_path, monkeypatch):
    path = _write(tmp_path, pa.array([f"text {i}" for i in range(20)]))
    whole, _ = _read("parquet", path)
    monkeypatch.setattr(columnar, "_ROWS", 4)
    pieces, shares = _read("parquet", path)
    assert whole == pieces and len(shares) >= 5
    assert [row.place for row in whole] == list(range(1, 21))


def test_other_columns_and_types_are_no_text(tmp_path):
    path = _write(tmp_path, pa.array([1, 2]))
    rows, _ = _read("parquet", path)
    assert {row.reason for row in rows} == {refusals.NOT_TEXT}
    with pytest.raises(InputError, match="a column body"):
        _read("parquet", path, text_column="body")


@pytest.mark.parametrize("damage", ["head", "middle", "end"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "f.parquet"
    table = pa.table({"text": [f"{i:x} {i**9:x} {i**7:x}" for i in range(2000)]})
    pq.write_table(table, path, use_dictionary=False, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    at = {"head": 4, "middle": len(content) // 4, "end": len(content) - 60}[damage]
    content[at : at + 50] = b"\xff" * 50
    path.write_bytes(content[: -20 if damage == "end" else None])
    with pytest.raises(InputError, match="as parquet"):
        _read("parquet", path)


# --- Hugging Face: the package is optional, so a stand-in with its behaviour --------------------


class FakeDataset:
    def __init__(self, rows):
        self.rows, self._fingerprint = rows, "f00d"

    @property
    def column_names(self):
        return list(self.rows[0])

    def select_columns(self, names):
        return FakeDataset([{name: row[name] for name in names} for row in self.rows])

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


ROWS: list[dict[str, object]] = [
    {"text": "one", "who": "ann", "image": object()},
    {"text": None, "who": "bob"},
]


@pytest.fixture
def package(monkeypatch):
    """The module ``datasets``; what it loads is in its ``loaded``, what was asked in ``asked``."""
    module: Any = ModuleType("datasets")
    module.loaded, module.asked = FakeDataset([{**ROWS[0]}, {**ROWS[1], "image": None}]), []
    module.exceptions = SimpleNamespace(DatasetsError=type("DatasetsError", (Exception,), {}))

    def load(how, path):
        module.asked.append((how, path))
        if isinstance(module.loaded, Exception):
            raise module.loaded
        return module.loaded

    module.load_from_disk = lambda path: load("disk", path)
    module.load_dataset = lambda path: load("name", path)
    monkeypatch.setitem(sys.modules, "datasets", module)
    return module


def test_a_saved_dataset_is_read_from_its_folder(package, tmp_path):
    (tmp_path / "state.json").write_text("{}")
    rows, _ = _read("huggingface", tmp_path, unit_column="who")
    assert rows == [
        Row(text="one", unit="ann", place=1),
        Refused(reason=refusals.NO_TEXT, place=2),
    ]
    assert package.asked == [("disk", str(tmp_path))]


def test_of_several_splits_the_one_called_train(package):
    only = package.loaded
    package.loaded = {"test": FakeDataset([{"text": "no"}]), "train": only}
    assert _read("huggingface", "some/name")[0][0].text == "one"
    package.loaded = {"rest": only}
    assert _read("huggingface", "some/name")[0][0].text == "one"
    package.loaded = {"a": only, "b": only}
    with pytest.raises(InputError, match="none of them called train"):
        _read("huggingface", "some/name")
    assert set(package.asked) == {("name", "some/name")}


def test_a_dataset_elsewhere_has_its_own_fingerprint(package):
    source = CorpusSource(kind="huggingface", path="some/name")
    assert sources.state(source) == f"{sources.CODE_VERSION} f00d"
    assert '"some/name"' in sources.identity(source)


@pytest.mark.parametrize("error", [FileNotFoundError("x"), ValueError("x"), None])
def test_a_dataset_that_is_not_there_is_refused(package, error):
    package.loaded = error or package.exceptions.DatasetsError("secret text")
    with pytest.raises(InputError, match="as huggingface") as refused:
        _read("huggingface", "some/name")
    assert "secret" not in str(refused.value)


def test_columns_are_asked_for(package):
    with pytest.raises(InputError, match="a column body"):
        _read("huggingface", "some/name", text_column="body")


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match="pip install datasets"):
        _read("huggingface", tmp_path)

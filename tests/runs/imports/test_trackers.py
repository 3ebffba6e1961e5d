"""Files of experiment trackers: as the real tools wrote them, and anew where they are installed."""

import json
import math
import shutil
import sqlite3
import struct
import zlib
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.runs.imports.importing import Asked, import_file
from engine.runs.imports.mlflow_server import server_name, server_sheet
from engine.runs.imports.settle import Flag, Status
from engine.runs.imports.tracked import TrackedRun, tracked_sheet
from engine.runs.imports.wandb_offline import offline_sheet
from engine.runs.log import RunLog
from engine.runs.mlflow_store import Stored, to_mlflow
from tests.runs.imports.conftest import WHEN
from tests.runs.made_runs import record as made_run

FILES = Path(__file__).parent / "files"


def database(name: str, target: Path) -> Path:
    with closing(sqlite3.connect(target)) as base:
        base.executescript((FILES / name).read_text())
    return target


def mlruns(target: Path) -> Path:
    for name, content in json.loads((FILES / "mlruns.json").read_text()).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return target


@pytest.fixture
def read(log):
    def found(path: Path):
        return import_file(path, log, Asked(family="team"), created_at=WHEN)

    return found


def outcome(found) -> list[tuple[str, Status, int | None]]:
    return [
        (run.name, run.status, None if run.record is None else run.record.model_size)
        for run in found.runs
    ]


MLFLOW = [
    ("run-0", Status.FINISHED, 10_000_000),
    ("run-1", Status.FINISHED, 20_000_000),
    ("run-2", Status.DIVERGED, None),
]
TWO = [("run-0", Status.FINISHED, 10_000_000), ("run-1", Status.DIVERGED, None)]


def test_mlflow_database_and_folder_hold_the_same_runs(read, tmp_path):
    for path in (database("mlflow.sql", tmp_path / "mlflow.db"), mlruns(tmp_path / "mlruns")):
        found = read(path)
        assert outcome(found) == MLFLOW
        record = found.runs[0].record
        assert record.source == "MLflow"
        assert (record.batch_size, record.iterations, record.vocabulary_size) == (256, 1000, 50257)
        assert record.noise_multiplier == 0.8
        assert record.curve[0] == (100, 7.8) and len(record.curve) == 10
        assert "NaN" not in str(found.runs[2].ended) and "700" in str(found.runs[2].ended)


def test_a_stored_0_that_mlflow_calls_nan_is_a_divergence_and_deleted_runs_stay_out(read, tmp_path):
    path = database("mlflow.sql", tmp_path / "mlflow.db")
    with closing(sqlite3.connect(path)) as base, base:
        assert base.execute("SELECT value FROM metrics WHERE is_nan").fetchone() == (0.0,)
        base.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'run-0'")
        base.execute("UPDATE runs SET status = 'KILLED' WHERE name = 'run-1'")
    assert [run.status for run in read(path).runs] == [Status.CUT, Status.DIVERGED]


def test_runs_of_one_name_are_told_apart_by_their_ids(read, tmp_path):
    path = database("mlflow.sql", tmp_path / "mlflow.db")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE runs SET name = 'same'")
    names = [run.name for run in read(path).runs]
    assert len(set(names)) == 3 and all(name.startswith("same ") for name in names)


def test_a_loss_without_a_step_is_the_runs_last(read, tmp_path):
    path = database("mlflow.sql", tmp_path / "mlflow.db")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("DELETE FROM metrics WHERE step < 1000")
        base.execute("UPDATE metrics SET step = 0")
    first = read(path).runs[0]
    assert (first.record.iterations, first.record.cross_entropy) == (1000, 6.0)
    assert first.record.curve == ()


def test_a_damaged_database_is_refused(read, tmp_path):
    path = database("mlflow.sql", tmp_path / "mlflow.db")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"lifecycle_stage", b"lifecycle\xb9\xb9tage"))
    with pytest.raises(InputError, match=r"Expected a readable database"):
        read(path)


def test_trackio(read, tmp_path):
    found = read(database("trackio.sql", tmp_path / "sweep.db"))
    assert outcome(found) == TWO
    assert found.runs[0].record.curve[-1] == (700, 4.5)


def test_tensorboard_folder_file_and_torn_file(read, tmp_path):
    found = read(FILES / "tensorboard")
    assert outcome(found) == TWO
    record = found.runs[0].record
    assert (record.batch_size, record.sequence_length, record.iterations) == (256, 128, 900)
    assert record.curve[0][1] == pytest.approx(7.7)
    (single,) = (FILES / "tensorboard" / "run-0").glob("*.tfevents.*")
    (run,) = read(single).runs
    assert (run.loss, [one.flag for one in run.flags]) == (pytest.approx(5.3), [Flag.INCOMPLETE])
    torn = tmp_path / single.name
    torn.write_bytes(single.read_bytes()[:-200])
    assert 0 < read(torn).runs[0].measured.steps.size < run.measured.steps.size


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"\xff" * 300, bytes(range(256)) * 3])
def test_what_is_no_event_file_is_refused(read, tmp_path, content):
    path = tmp_path / "events.out.tfevents.1.host"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read(path)


def test_wandb_offline_folder_file_torn_and_altered_file(read, tmp_path):
    """Written by wandb 0.31.0 with WANDB_MODE=offline: nine steps of two runs, as above."""
    found = read(FILES / "wandb")
    assert sorted(outcome(found)) == TWO
    whole = next(run for run in found.runs if run.name == "run-0")
    assert whole.record.noise_multiplier == 0.8
    assert whole.record.curve[0] == (100, 7.7) and len(whole.record.curve) == 9
    path = FILES / "wandb" / "run-x9nt5eqy.wandb"
    assert outcome(read(path)) == TWO[:1]
    content = path.read_bytes()
    torn = tmp_path / path.name
    torn.write_bytes(content[:-700])
    (run,) = read(torn).runs
    assert run.status is Status.CUT and 3 < run.measured.steps.size < 9
    torn.write_bytes(content.replace(b"eval/loss", b"eval/lost"))
    with pytest.raises(InputError, match=r"got an altered record at byte"):
        read(torn)


def test_a_long_record_of_wandb_stands_in_several_blocks(tmp_path):
    """The same log with a setting of 100 kB in front: it fills three blocks of 32 kB."""
    content = (FILES / "wandb" / "run-x9nt5eqy.wandb").read_bytes()
    item = _field(1, b"long") + _field(16, b'"' + b"x" * 100_000 + b'"')
    long = _field(5, _field(1, item))
    written, at = content[:7], 0
    while at < len(long):
        room = 32_768 - len(written) % 32_768 - 7
        part = long[at : at + room]
        kind = 2 if at == 0 else 4 if at + room >= len(long) else 3
        crc = zlib.crc32(bytes([kind]) + part)
        written += struct.pack("<IHB", crc, len(part), kind) + part
        at += room
    path = tmp_path / "run-long.wandb"
    path.write_bytes(written + content[7:])
    sheet = offline_sheet(path)
    assert len(sheet.rows) == 9 and len(sheet.text(sheet.rows[0], "long")) == 100_000


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in protocol buffers."""

    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value % 128 + 128]) + varint(value >> 7)

    return varint(number << 3 | 2) + varint(len(content)) + content


def test_a_folder_of_neither_is_refused(read, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"a folder of MLflow \(mlruns\), of TensorBoard"):
        read(tmp_path / "folder")


def losses(run: int) -> list[float]:
    """Nine losses; the second run's last three are NaN."""
    down = [8 - 0.3 * step - 0.2 * run for step in range(1, 10)]
    return [*down[:6], *[math.nan] * 3] if run else down


SETTINGS = {"batch_size": 256, "sequence_length": 128, "noise_multiplier": 0.8, "vocab_size": 50257}


def write_to_mlflow(uri: str) -> None:
    tracking = pytest.importorskip("mlflow.tracking", reason="mlflow-skinny is not installed")
    client = tracking.MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("sweep")
    for run in range(2):
        made = client.create_run(experiment, run_name=f"run-{run}").info.run_id
        for name, value in {**SETTINGS, "model_size": 10_000_000 * (run + 1)}.items():
            client.log_param(made, name, value)
        for step, loss in enumerate(losses(run), start=1):
            client.log_metric(made, "eval/loss", loss, step=100 * step)
        client.set_terminated(made)


@pytest.mark.filterwarnings("ignore")  # the tools' own
@pytest.mark.parametrize("store", ["sqlite", "folder"])
def test_what_mlflow_writes_now(read, tmp_path, monkeypatch, store):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    place = tmp_path / ("mlflow.db" if store == "sqlite" else "mlruns")
    write_to_mlflow(f"sqlite:///{place}" if store == "sqlite" else str(place))
    assert outcome(read(place)) == TWO


@pytest.mark.filterwarnings("ignore")  # the tools' own
def test_an_mlflow_server_by_mlflows_own_client(log, tmp_path):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    write_to_mlflow(store)
    from tests.runs.imports.mlflow_rest import serving

    with serving(store) as uri:
        found = import_file(
            Path(server_name(uri)),
            log,
            Asked(family="team"),
            created_at=WHEN,
            sheet=server_sheet(uri, "sweep"),
        )
        assert outcome(found) == TWO
        assert found.runs[0].measured.steps.tolist() == list(range(100, 1000, 100))
        with pytest.raises(InputError, match=r"got others: it has Default, sweep"):
            server_sheet(uri, "others")
    with pytest.raises(InputError, match=r"Could not read MLflow at 127.0.0.1") as refused:
        server_sheet(uri.replace("//", "//me:s3cret@"))
    assert "s3cret" not in str(refused.value)


@pytest.mark.filterwarnings("ignore")  # the tools' own
def test_what_tensorboard_writes_now(read, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    writer_of = pytest.importorskip("torch.utils.tensorboard").SummaryWriter
    for run in range(2):
        writer = writer_of(str(tmp_path / "logs" / f"run-{run}"))
        for step, loss in enumerate(losses(run), start=1):
            writer.add_scalar("eval/loss", loss, 100 * step)
        settings = {**SETTINGS, "model_size": 10_000_000 * (run + 1)}
        writer.add_hparams(settings, {"hparam/loss": 5.0})
        writer.close()
    assert outcome(read(tmp_path / "logs")) == TWO


@pytest.mark.filterwarnings("ignore")  # the tools' own
def test_what_trackio_writes_now(read, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    trackio = pytest.importorskip("trackio", reason="trackio is not installed")
    for run in range(2):
        settings = {**SETTINGS, "model_size": 10_000_000 * (run + 1)}
        trackio.init(project="sweep", name=f"run-{run}", config=settings, embed=False)
        for step, loss in enumerate(losses(run), start=1):
            trackio.log({"eval/loss": loss}, step=100 * step)
        trackio.finish()
    (path,) = (tmp_path / "trackio").glob("*.db")
    shutil.copy(path, tmp_path / "copy.db")
    assert outcome(read(tmp_path / "copy.db")) == TWO


def test_a_history_with_the_ends_of_intervals_is_read_by_its_loss(imported):
    """As Weights & Biases exports the history of one run."""
    head = "_step,eval/loss,eval/loss__MIN,eval/loss__MAX,params,batch_size,_timestamp\n"
    rows = "".join(
        f"{100 * k},{6 - k / 5},{5.9 - k / 5},{6.1 - k / 5},1e7,64,1\n" for k in range(1, 6)
    )
    found = imported(head + rows, name="history.csv")
    (run,) = found.runs
    assert run.measured.steps.tolist() == [100, 200, 300, 400, 500]
    assert run.record is not None and run.loss == 5.0


@pytest.mark.filterwarnings("ignore")  # the tool's own
def test_what_was_exported_to_mlflow_comes_back(read, tmp_path, capsys):
    """Losses and settings of our own runs, by our own importer; asked twice, written once."""
    pytest.importorskip("mlflow.tracking", reason="mlflow-skinny is not installed")
    size = {"model_size": 2_000_000, "compute_flops": 6.0 * 2_000_000 * 16 * 100 * 8}
    runs = [made_run(seed, **size, cross_entropy=3.5 - seed / 10) for seed in (1, 2)]
    with RunLog.open(tmp_path / "runs") as log:
        log.append(runs)
        uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
        assert to_mlflow(log, uri) == Stored(made=2, known=0)
        assert to_mlflow(log, uri) == Stored(made=0, known=2)
        with pytest.raises(InputError, match="got none of nobody"):
            to_mlflow(log, uri, family="nobody")
    found = read(tmp_path / "mlflow.db")
    assert sorted(run.loss for run in found.runs) == sorted(run.cross_entropy for run in runs)
    for run in found.runs:
        assert run.record is not None
        assert run.record.model_size == runs[0].model_size
        assert run.record.noise_batch_ratio == runs[0].noise_batch_ratio


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_of_an_offline_run_is_a_sheet_or_one_sentence(tmp_path_factory, data):
    """Also with a checksum that fits: then the messages inside are anybody's."""
    content = bytearray((FILES / "wandb" / "run-x9nt5eqy.wandb").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(7, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        at = 7
        while at + 7 < len(content):
            length, kind = struct.unpack_from("<HB", content, at + 4)
            part = bytes(content[at + 7 : at + 7 + length])
            struct.pack_into("<I", content, at, zlib.crc32(bytes([kind]) + part))
            at += 7 + length
    path = tmp_path_factory.mktemp("wandb") / "run-x.wandb"
    path.write_bytes(bytes(content))
    with suppress(InputError):
        assert offline_sheet(path).header


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE metrics SET step = 'later'", "UPDATE metrics SET step = 1e300",
        "UPDATE metrics SET value = 'high'", "UPDATE metrics SET value = x'00ff'",
        "UPDATE metrics SET key = NULL", "UPDATE params SET value = x'00ff'",
        "UPDATE params SET key = 'eval/loss' WHERE key = 'batch_size'",
    ],
)  # fmt: skip
def test_a_database_with_what_its_schema_forbids_is_runs_or_one_sentence(read, tmp_path, change):
    path = database("mlflow.sql", tmp_path / "mlflow.db")
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA ignore_check_constraints = ON")
        try:
            base.execute(change)
        except sqlite3.IntegrityError:
            pytest.skip("this column refuses it")
    with suppress(InputError):
        assert all(run.record is None for run in read(path).runs)


def test_a_setting_beyond_64_bits_is_a_text():
    """As NumPy's seeds are."""
    runs = [
        TrackedRun(id=str(n), name=f"r{n}", status="", settings={"seed": 2**70 + n}) for n in (1, 2)
    ]
    for run in runs:
        run.measure_all("loss", [1, 2], [3.0, 2.0])
    sheet = tracked_sheet("a", runs)
    assert str(2**70 + 2) in repr(sheet)

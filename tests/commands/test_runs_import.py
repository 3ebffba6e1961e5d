"""``runs import``: its JSON, its words, a dry run, and refusals with exit code 2."""

import json

import pytest

from engine.__main__ import main

TABLE = "id,N,D,loss,colour\nsmall,1e7,1e9,4.2,red\nlarge,1e8,1e9,nan,blue\nodd,many,1e9,3,\n"


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    path = tmp_path / "Our runs.csv"
    path.write_text(TABLE)

    def run(*options: str, code: int = 0) -> tuple[str, str]:
        assert main(["runs", "import", str(path), *options]) == code
        said = capsys.readouterr()
        return said.out, said.err

    return run


def test_json_has_every_run_and_refusal(command):
    found = json.loads(command("--json")[0])
    assert (found["family"], found["accepted"]) == ("our-runs", 2)
    assert found["refused"] == [
        {"row": 4, "run": "odd", "reason": "Expected a number for N in line 4, got many."}
    ]
    assert [(run["run"], run["status"], run["flags"]) for run in found["runs"]] == [
        ("small", "finished", []),
        ("large", "diverged", []),
    ]
    assert all(len(run["run_id"]) == 32 for run in found["runs"])
    assert set(found) == {"family", "accepted", "refused", "runs"}


def test_words_say_how_columns_were_read_and_why_runs_are_no_points(command):
    out, err = command("--family", "ours")
    assert "N = model_size" in err and "Not used: colour." in err
    assert "No column says the noise: all runs count as trained without." in err
    assert "diverged; The training diverged: its loss is nan." in out
    assert "refused: row 4" in out


def test_a_dry_run_writes_nothing(command, tmp_path):
    out, _ = command("--dry-run")
    assert "nothing: a dry run" in out
    assert not (tmp_path / "runs").exists()
    command()
    assert list((tmp_path / "runs" / "imports").glob("our-runs-*.json"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--map", "N"], "Expected --map THEIRS=OURS, got N."),
        (["--map", "N=colour"], "behind the = of --map, got colour."),
        (["--map", "N=model_size:dozens"], "behind the : of --map, got dozens."),
        (["--family", "published-bert"], "choose another name with --family."),
        (["--family", "Ours"], "Expected small letters"),
    ],
)
def test_refusals_are_a_sentence(command, options, sentence):
    assert sentence in command(*options, code=2)[1]


def test_listing_still_works(command, capsys, monkeypatch, tmp_path):
    command()
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["families"]["our-runs"] == 1


def test_an_experiment_belongs_to_a_server(command):
    _, err = command("--experiment", "sweep", code=2)
    assert err.startswith("Expected --experiment beside an MLflow server's address, got ")


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_an_mlflow_server_and_its_database_are_the_same_runs(capsys, monkeypatch, tmp_path):
    tracking = pytest.importorskip("mlflow.tracking", reason="mlflow-skinny is not installed")
    from tests.runs.imports.mlflow_rest import serving

    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = tracking.MlflowClient(tracking_uri=store)
    made = client.create_run(client.create_experiment("Sweep 1"), run_name="a").info.run_id
    client.log_param(made, "params", 10_000_000)
    client.log_param(made, "batch_size", 256)
    for step in (100, 200, 300):
        client.log_metric(made, "eval/loss", 5 - step / 1000, step=step)

    def imported(*options: str) -> dict:
        capsys.readouterr()
        assert main(["runs", "import", *options, "--dry-run", "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    with serving(store) as uri:
        found = imported(uri, "--experiment", "Sweep 1")
    assert (found["family"], [run["run"] for run in found["runs"]]) == ("sweep-1", ["a"])
    assert imported(store, "--family", "sweep-1") == found

"""``runs list``, ``show``, ``delete``, ``restore`` and ``export`` as a person types them."""

import json

import pytest

from engine.__main__ import main

TABLE = "run,N,D,loss\n" + "".join(
    f"r{n},{size},{size * 20},{loss}\n"
    for n, (size, loss) in enumerate([(10**7, 4.1), (10**8, 3.4), (10**9, "nan")])
)


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    path = tmp_path / "ours.csv"
    path.write_text(TABLE)

    def run(*arguments: str, code: int = 0):
        assert main(["runs", *arguments]) == code
        said = capsys.readouterr()
        return json.loads(said.out) if "--json" in arguments and not code else said.out + said.err

    run("import", str(path))
    return run


def test_runs_are_listed_with_what_is_known_of_them(command):
    found = command("list", "--family", "ours", "--json")
    assert [(one["run"], one["status"]) for one in found["runs"]] == [
        ("r0", "finished"), ("r1", "finished"), ("r2", "diverged"),
    ]  # fmt: skip
    first, _, last = found["runs"]
    assert (first["model_size"], first["cross_entropy"], first["noise_multiplier"]) == (
        10**7, 4.1, 0.0,
    )  # fmt: skip
    assert first["loss_unit"] == "nats-per-token" and first["file"] == "ours.csv"
    assert last["reasons"] and not last["point_of_a_law"]
    assert [(one["import"], one["runs"]) for one in found["imports"]] == [(first["import"], 3)]
    text = command("list", "--family", "ours")
    assert text.splitlines()[0].split()[:3] == ["run", "id", "family"]
    assert "published-bert" in command("list") and "diverged" in text


def test_one_run_is_shown_with_its_curve(command):
    one = command("show", "r1", "--json")
    assert (one["run"], one["model_size"], one["curve"]) == ("r1", 10**8, [])
    assert one["vocabulary_size"] == 50257
    run_id = one["run_id"]
    assert "cross_entropy" in command("show", run_id[:8])
    assert "Expected a run by its name or its id, got nope" in command("show", "nope", code=2)


def test_a_deletion_is_undone(command):
    gone = command("delete", "r1", "--reason", "mislabelled", "--json")
    assert len(gone["deleted"]) == 1 and gone["imports"] == []
    listed = command("list", "--family", "ours", "--json")["runs"]
    assert [one["run"] for one in listed] == ["r0", "r2"]
    (deleted,) = command("list", "--deleted", "--json")["runs"]
    assert (deleted["run"], deleted["deleted_because"]) == ("r1", "mislabelled")
    assert "mislabelled" in command("list", "--deleted")
    assert command("restore", "r1", "--json") == {"restored": gone["deleted"], "imports": []}
    assert command("list", "--deleted") == "No runs.\n"


def test_a_deleted_family_is_no_evidence_and_says_so(command, capsys):
    command("delete", "--family", "ours")
    assert main(["fit", "--evidence", "ours"]) == 2
    assert "The runs of ours were deleted: bring them back" in capsys.readouterr().err
    assert "Expected a family among published-bert" in command("list", "--family", "ours", code=2)


def test_published_runs_stay(command):
    refused = command("delete", "--family", "published-bert", code=2)
    assert "come with Kessai" in refused


def test_runs_are_exported(command, tmp_path):
    path = tmp_path / "out.csv"
    assert str(path) in command("export", str(path), "--family", "ours", "--bom")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfrun,run_id,")
    base = tmp_path / "out.duckdb"
    assert command("export", str(base), "--json")["bytes"] == base.stat().st_size
    assert "--bom with a CSV" in command("export", str(base), "--bom", code=2)
    assert "Could not write" in command("export", str(tmp_path / "no" / "out.csv"), code=2)


def test_runs_are_tagged_listed_by_tag_and_shown_with_who_said_what(command):
    assert (
        len(command("tag", "r0", "r1", "--add", "要確認", "--add", "good", "--json")["tagged"]) == 2
    )
    command("tag", "r1", "--remove", "good")
    command("note", "r1", "--text", "wrong tokenizer?")
    listed = command("list", "--tag", "good", "--json")["runs"]
    assert [(one["run"], one["tags"]) for one in listed] == [("r0", ["good", "要確認"])]
    one = command("show", "r1", "--json")
    assert one["tags"] == ["要確認"] and one["remark"] == "wrong tokenizer?"
    assert one["annotation"]["note"]["text"] == "wrong tokenizer?"
    assert "tagged 要確認" in command("show", "r1")
    assert "among good, 要確認, got bad" in command("list", "--tag", "bad", code=2)
    assert "Expected --add TAG or --remove TAG" in command("tag", "r1", code=2)


def test_seeds_are_one_line(command, tmp_path):
    path = tmp_path / "seeds.csv"
    path.write_text(
        "run,N,D,sigma,seed,loss\n"
        + "".join(f"s{n},10000000,200000000,0,{n},{3 + n / 10}\n" for n in range(3))
    )
    command("import", str(path))
    (one,) = command("list", "--family", "seeds", "--group-seeds", "--json")["configurations"]
    assert one["seeds"] == [0, 1, 2] and one["mean_cross_entropy"] == pytest.approx(3.1)
    assert one["spread_cross_entropy"] == pytest.approx(0.1)
    text = command("list", "--family", "seeds", "--group-seeds")
    assert text.splitlines()[1].split()[-3:] == ["3", "3.1", "0.1"]


def test_runs_are_asked_about_in_sql(command, tmp_path):
    query = "SELECT run, '=1+1' AS f, 1/0.0 AS i FROM runs WHERE family = 'ours' ORDER BY run"
    found = command("sql", query, "--json")
    assert found["columns"] == ["run", "f", "i"] and found["rows"][0] == ["r0", "=1+1", "inf"]
    assert "10 rows" not in command("sql", query, "--csv", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == "r0,'=1+1,inf"
    assert "Expected --bom with --csv FILE" in command("sql", query, "--bom", code=2)

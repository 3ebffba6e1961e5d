"""Files for somebody's cluster: taken by the official models and schemas, and their commands run.

No cluster is asked: Kubernetes' Python client says what a Job is made of, SkyPilot (where it is
installed) what a task is, and the commands in both run here against a stand-in for Python.
"""

import copy
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.__main__ import main
from engine.errors import InputError
from engine.pilot.sweeps import manifests
from engine.pilot.sweeps.launchers import part_of
from engine.pilot.sweeps.manifests import Target, as_yaml, job_file
from engine.pilot.sweeps.parts import ROOT

PLAN = ROOT / "data" / "campaign.toml"
TEXT = PLAN.read_text("utf-8")
PASSED = ["--delta", "1e-08", "--compute", "1e15; touch stolen"]
KUBERNETES = {"image": "registry.example.com/kessai:1", "claim": "shared", "gpus": "2"}
SKYPILOT = {"volume": "shared", "accelerators": "H100:1", "spot": "yes"}


def documents(target=Target.KUBERNETES, parts=3, **changes):
    job = (KUBERNETES if target is Target.KUBERNETES else SKYPILOT) | changes
    return list(yaml.safe_load_all(job_file(target, PLAN, TEXT, parts, PASSED, job)))


@pytest.fixture(scope="module")
def models():
    return pytest.importorskip(
        "kubernetes.client.models", reason="the client of Kubernetes is not installed"
    )


def test_kubernetes_own_models_take_every_field_and_no_other(models):
    plan, job = documents()
    models.V1ConfigMap.model_validate(plan)
    made = models.V1Job.model_validate(job)
    assert made.model_dump(by_alias=True, exclude_none=True) == job
    # What the models know is asked, not assumed: each of these is refused.
    for where, wrong in (
        (("spec",), {"completionsMode": "Indexed"}),
        (("spec",), {"parallelism": "3"}),
        (("spec", "template", "spec"), {"containers": [{"image": "no name"}]}),
        (("spec", "podFailurePolicy"), {"rules": [{"onPodConditions": [{"type": "x"}]}]}),
    ):
        broken = copy.deepcopy(job)
        inner = broken
        for name in where:
            inner = inner[name]
        inner |= wrong
        with pytest.raises(ValueError, match="validation error"):
            models.V1Job.model_validate(broken)


def test_what_the_jobs_controller_demands_of_an_index_that_fails():
    """kubernetes.io, "Jobs": retries by index need Indexed and pods that never restart; a rule on
    exit codes names one of the containers."""
    _, job = documents()
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert spec["completionMode"] == "Indexed" and pod["restartPolicy"] == "Never"
    assert spec["backoffLimitPerIndex"] == 3 and spec["maxFailedIndexes"] == spec["completions"]
    ignored, refused = spec["podFailurePolicy"]["rules"]
    assert ignored == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    assert refused["onExitCodes"]["containerName"] == pod["containers"][0]["name"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == volumes
    # A plan that a part could change would be another one for the rest.
    assert pod["containers"][0]["volumeMounts"][1]["readOnly"] is True
    assert pod["volumes"][1]["configMap"]["name"] == documents()[0]["metadata"]["name"]
    # The user of the image that docs/deploy builds may write to the claim.
    image = (ROOT / "docs" / "deploy" / "Dockerfile").read_text("utf-8")
    assert f"--uid {pod['securityContext']['runAsUser']} " in image
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]


@pytest.fixture
def said(tmp_path):
    """Runs a command with a stand-in for Python that says what it was called with."""
    stand_in = tmp_path / "python"
    stand_in.write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\n')
    stand_in.chmod(0o755)

    def run(command, **environment):
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True,
            env={"PATH": path, "HOME": str(tmp_path), **environment},
        )  # fmt: skip
        assert not (tmp_path / "stolen").exists()
        return done.stdout.splitlines()

    return run


def test_each_index_trains_its_own_part(said):
    _, job = documents()
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    called = [said(command, JOB_COMPLETION_INDEX=str(index)) for index in range(3)]
    whole = ["-m", "engine", "sweep", "/plan/plan.toml", *PASSED, "--part"]
    assert [words[:-1] for words in called] == [whole] * 3
    assert [part_of(words[-1]) for words in called] == [(1, 3), (2, 3), (3, 3)]


def test_a_task_of_skypilot_trains_the_part_that_it_is_given(said, tmp_path):
    (task,) = documents(Target.SKYPILOT)
    words = said(["bash", "-c", task["run"]], PART="2/3")
    where = str(tmp_path / "kessai" / "plan.toml")
    assert words == ["-m", "engine", "sweep", where, "--part", "2/3", *PASSED]
    assert task["file_mounts"] == {"~/kessai/plan.toml": str(PLAN)}
    hint = manifests.launch_hint(Target.SKYPILOT, 3)
    assert "seq 1 3" in hint and "--env PART=$i/3" in hint and "PART" in task["envs"]
    assert subprocess.run(["bash", "-n", "-c", hint], check=False).returncode == 0


def test_skypilots_own_schema_takes_the_task(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    pytest.importorskip(
        "sky", reason="SkyPilot is not installed; it needs an environment of its own"
    )
    jsonschema = pytest.importorskip("jsonschema")
    schemas = pytest.importorskip("sky.utils.schemas")

    (task,) = documents(Target.SKYPILOT)
    jsonschema.validate(task, schemas.get_task_schema())
    jsonschema.validate(task["resources"], schemas.get_resources_schema())


def test_all_parts_share_folders_on_the_claim():
    _, job = documents()
    (task,) = documents(Target.SKYPILOT)
    container = job["spec"]["template"]["spec"]["containers"][0]
    folders = {one["name"]: one["value"] for one in container["env"]}
    assert folders.items() <= task["envs"].items()
    assert set(folders) == {"KESSAI_DATA", "KESSAI_PILOTS", "KESSAI_LOG", "KESSAI_CACHE"}
    shared = container["volumeMounts"][0]["mountPath"]
    assert all(Path(folder).parent == Path(shared) for folder in folders.values())
    assert task["volumes"] == {shared: "shared"}


def test_a_changed_plan_is_another_job():
    names = {
        yaml.safe_load_all(job_file(Target.KUBERNETES, PLAN, text, parts, [], KUBERNETES))
        .__next__()["metadata"]["name"]
        for text, parts in ((TEXT, 3), (TEXT, 4), (TEXT + "\n", 3), (TEXT, 3))
    }  # fmt: skip
    assert len(names) == 3 and all(re.fullmatch(r"[a-z0-9-]{1,63}", name) for name in names)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.recursive(
            st.none() | st.booleans() | st.integers()
            | st.text(st.characters(exclude_categories=["Cs"])),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab: -"), inner),
            max_leaves=8,
        ),
    )
)  # fmt: skip
@example({"a": "yes", "b": "1e3", "c": "- x", "d": "#no\n\tyes: ü😀\u2028", "on": "off"})
@example({"a": "x = 1\n\n[b]", "g h": [], "e": [[1, ["x"]], {"f": {}}], "true": "k", "1": 1})
def test_yaml_says_what_was_meant(meant):
    assert yaml.safe_load(as_yaml(meant) if meant else "{}") == meant


@pytest.mark.parametrize(
    ("target", "changes", "sentence"),
    [
        (Target.KUBERNETES, {"partition": "gpu"}, "to be one of image, claim"),
        (Target.KUBERNETES, {"claim": "Shared_Disk"}, "Expected a claim that kubernetes takes"),
        (Target.KUBERNETES, {"image": "x; rm -rf"}, "Expected a image"),
        (Target.KUBERNETES, {"memory": "much"}, "Expected a memory"),
        (Target.KUBERNETES, {"user": "0"}, "Expected a user"),
        (Target.SKYPILOT, {"spot": "maybe"}, "Expected a spot"),
    ],
)
def test_options_that_cannot_be_are_refused(target, changes, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        documents(target, **changes)


def test_what_lacks_or_is_too_much_is_refused():
    with pytest.raises(InputError, match="Expected --job image=VALUE for kubernetes"):
        job_file(Target.KUBERNETES, PLAN, TEXT, 3, [], {})
    with pytest.raises(InputError, match="Expected --parts from 1 to"):
        documents(parts=0)
    with pytest.raises(InputError, match="a ConfigMap holds no more"):
        job_file(Target.KUBERNETES, PLAN, "#" * 1_000_000, 3, [], KUBERNETES)


def test_the_command_prints_the_file_and_launches_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    asked = ["sweep", str(PLAN), "--print-job", "kubernetes"]
    job = ["--job", "image=kessai:1", "--job", "claim=shared"]
    assert main([*asked, *job]) == 2
    assert "Expected --parts with --print-job" in capsys.readouterr().err
    assert main([*asked, *job, "--parts", "3", "--on", "ray"]) == 2
    assert "it prints the file alone" in capsys.readouterr().err
    assert main([*asked, *job, "--parts", "3"]) == 0
    printed = capsys.readouterr()
    assert "kubectl apply -f job.yaml" in printed.err
    plan, found = yaml.safe_load_all(printed.out)
    assert found["spec"]["completions"] == 3 and plan["data"]["plan.toml"] == TEXT
    assert not list(tmp_path.iterdir())

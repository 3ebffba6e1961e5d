"""A sweep in parts as a file for somebody's cluster: printed here, launched by them.

Kubernetes gets an Indexed Job, one index a part (kubernetes.io, "Jobs", completion mode), with the
plan in a ConfigMap and the folders on a claim that all parts share. An index that fails is started
again three times and goes on from its checkpoints; a part whose node is taken away costs none of
them, one that refuses its plan is not tried again. SkyPilot gets a task that is launched once for
each part, its folders on a volume of theirs. Both are built of the parts of
:mod:`engine.pilot.sweeps.launchers`, so that no two ever train the same run.

The image is that of docs/deploy/Dockerfile, or another whose work folder is the checkout. Not
covered: storage without a shared file system, such as buckets; private texts, which no sweep takes.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.errors import InputError

SHARED = "/data"
"""Where all parts find the folders that they share."""
FOLDERS = {
    "KESSAI_DATA": f"{SHARED}/runs",
    "KESSAI_PILOTS": f"{SHARED}/pilots",
    "KESSAI_LOG": f"{SHARED}/log",
    "KESSAI_CACHE": f"{SHARED}/cache",
}
RETRIES = 3
GRACE_SECONDS = 60
"""From the request to stop to the end: time for a checkpoint."""
MOST_PARTS = 10_000
_REFUSED = 2
"""Exit code of a command that refuses what it was asked."""
_PLAN = "/plan/plan.toml"
_SKY_PLAN = "~/kessai/plan.toml"
_PLAN_BYTES = 900_000
"""A ConfigMap may hold 1 MiB."""
_USER = "10001"
"""Of docs/deploy/Dockerfile."""
_OPTIONS = {
    "kubernetes": {
        "image": None, "claim": None, "cpus": "1", "memory": "4Gi", "gpus": "0", "user": _USER,
    },
    "skypilot": {
        "volume": None, "cpus": "1+", "memory": "4+", "accelerators": "", "infra": "",
        "spot": "no",
    },
}  # fmt: skip
"""What ``--job`` takes and its default; None: it must be said."""
_QUANTITY = re.compile(r"[1-9]\d*(\.\d+)?(m|[kKMGT]i?)?\+?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""What YAML takes for something else than a text."""
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_IMAGE = re.compile(r"[\w./:@-]{1,255}")


class Target(StrEnum):
    """Whose file."""

    KUBERNETES = "kubernetes"
    SKYPILOT = "skypilot"


def job_file(
    target: Target, plan: Path, text: str, parts: int, passed: Sequence[str], job: Mapping[str, str]
) -> str:
    """The file as YAML. ``text`` is the plan's; ``passed`` are the sweep's own options; ``job``
    those of the target.

    Raises :class:`InputError` for options that it has not, that are missing or cannot be, and for
    too many parts or too long a plan.
    """
    if not 1 <= parts <= MOST_PARTS:
        raise InputError(
            "Expected --parts from 1 to {most}, got {value}.", most=MOST_PARTS, value=parts
        )
    options = _options(target, job)
    # What is launched again unchanged has its name again; a Job that differs is another one.
    whole = json.dumps([text, parts, list(passed), options])
    name = f"kessai-sweep-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    if target is Target.SKYPILOT:
        return as_yaml(skypilot_task(name, plan, parts, passed, options))
    if len(text.encode()) > _PLAN_BYTES:
        raise InputError(
            "Expected a plan of at most {most} bytes, got {size}: a ConfigMap holds no more.",
            most=_PLAN_BYTES,
            size=len(text.encode()),
        )
    documents = kubernetes_job(name, text, parts, passed, options)
    return "---\n".join(as_yaml(document) for document in documents)


def launch_hint(target: Target, parts: int) -> str:
    """How the file, saved as job.yaml, is launched."""
    if target is Target.KUBERNETES:
        return "kubectl apply -f job.yaml"
    return (
        f"for i in $(seq 1 {parts}); do sky jobs launch -y -d -n kessai-$i "
        f"--env PART=$i/{parts} job.yaml; done"
    )


def kubernetes_job(
    name: str, text: str, parts: int, passed: Sequence[str], options: Mapping[str, str]
) -> list[dict[str, Any]]:
    """A ConfigMap with the plan and an Indexed Job (batch/v1) of so many parts."""
    labels = {"app.kubernetes.io/name": "kessai-sweep", "app.kubernetes.io/instance": name}
    wanted = {"cpu": options["cpus"], "memory": options["memory"]}
    limits = {"memory": options["memory"]}
    if options["gpus"] != "0":
        limits["nvidia.com/gpu"] = options["gpus"]
    part = f'exec "$@" --part "$((JOB_COMPLETION_INDEX + 1))/{parts}"'
    container = {
        "name": "part",
        "image": options["image"],
        "command": ["sh", "-c", part, "part", "python", "-m", "engine", "sweep", _PLAN, *passed],
        "env": [{"name": key, "value": value} for key, value in FOLDERS.items()],
        "resources": {"requests": wanted, "limits": limits},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "shared", "mountPath": SHARED},
            {"name": "plan", "mountPath": str(Path(_PLAN).parent), "readOnly": True},
        ],
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": int(options["user"]),
            "fsGroup": int(options["user"]),
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "shared", "persistentVolumeClaim": {"claimName": options["claim"]}},
            {"name": "plan", "configMap": {"name": name}},
        ],
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "completionMode": "Indexed",
            "completions": parts,
            "parallelism": parts,
            "backoffLimitPerIndex": RETRIES,
            "maxFailedIndexes": parts,
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
                    {
                        "action": "FailIndex",
                        "onExitCodes": {
                            "containerName": "part",
                            "operator": "In",
                            "values": [_REFUSED],
                        },
                    },
                ]
            },
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    plan = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels},
        "data": {Path(_PLAN).name: text},
    }
    return [plan, job]


def skypilot_task(
    name: str, plan: Path, parts: int, passed: Sequence[str], options: Mapping[str, str]
) -> dict[str, Any]:
    """A task of SkyPilot for one part, which ``PART`` names (2/8)."""
    resources: dict[str, Any] = {"cpus": options["cpus"], "memory": options["memory"]}
    resources |= {key: options[key] for key in ("accelerators", "infra") if options[key]}
    if options["spot"] == "yes":
        resources["use_spot"] = True
    resources["job_recovery"] = {"strategy": "FAILOVER", "max_restarts_on_errors": RETRIES}
    command = f'python -m engine sweep {_SKY_PLAN} --part "$PART" {shlex.join(passed)}'
    return {
        "name": name,
        "workdir": ".",
        "resources": resources,
        "envs": {"PART": f"1/{parts}", **FOLDERS},
        "volumes": {SHARED: options["volume"]},
        "file_mounts": {_SKY_PLAN: str(plan.resolve())},
        "setup": "pip install -r requirements.txt",
        "run": command,
    }


def as_yaml(value: Mapping[str, Any]) -> str:
    """A document of mappings, lists, texts and numbers as YAML; every text in double quotes, as
    JSON writes it, so that none is taken for a number or a command of YAML.

    >>> print(as_yaml({"name": "a: b", "steps": [{"ready": True}, 2]}), end="")
    name: "a: b"
    steps:
      - ready: true
      - 2
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    found = []
    if isinstance(value, Mapping):
        for key, inner in value.items():
            plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS
            found += _under(f"{key if plain else _scalar(key)}:", inner)
        return found
    for inner in value:
        lines = _lines(inner) if _nested(inner) else [_scalar(inner)]
        found += [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]
    return found


def _under(head: str, value: Any) -> list[str]:
    if not _nested(value):
        return [f"{head} {_scalar(value)}"]
    return [head, *(f"  {line}" for line in _lines(value))]


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _scalar(value: Any) -> str:
    """As JSON writes it, but for characters that YAML wants escaped (its 1.2.2, section 5.1)."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _options(target: Target, given: Mapping[str, str]) -> dict[str, str]:
    known = _OPTIONS[target]
    for name in given:
        if name not in known:
            raise InputError(
                "Expected --job of {target} to be one of {expected}, got {name}.",
                target=str(target),
                expected=", ".join(known),
                name=name[:40],
            )
    found: dict[str, str] = {}
    for name, default in known.items():
        value = given.get(name, default)
        if value is None:
            raise InputError(
                "Expected --job {name}=VALUE for {target}: it has no default.",
                name=name,
                target=str(target),
            )
        if not _possible(name, value):
            raise InputError(
                "Expected a {name} that {target} takes, got {value}.",
                name=name,
                target=str(target),
                value=value[:60],
            )
        found[name] = value
    return found


def _possible(name: str, value: str) -> bool:
    match name:
        case "claim" | "volume":
            return _NAME.fullmatch(value) is not None
        case "cpus" | "memory":
            return _QUANTITY.fullmatch(value) is not None
        case "gpus":
            return re.fullmatch(r"\d{1,3}", value) is not None
        case "user":
            return re.fullmatch(r"[1-9]\d{0,8}", value) is not None
        case "spot":
            return value in ("yes", "no")
        case _:
            return value == "" or _IMAGE.fullmatch(value) is not None

"""``python -m tests.mutation engine/accounting --sample 300 --seed 1``: do tests notice changes?

Draws mutants, runs the tests of each, and prints the killed share. Every trial is written to a
state file at once: an interrupted run goes on where it stopped. What was killed stays killed as
long as its module is the same; what survived is tried again when a test of its selection changed.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.mutation.mutants import Mutant, changes_of, sample
from tests.mutation.score import Score, equivalent_mutants
from tests.mutation.selection import tests_of
from tests.mutation.trial import SURVIVED, Outcome, copy_repository, load_libraries, run_tests

ROOT = Path(__file__).resolve().parents[2]
PASSED_FAST = "passed fast tests"
FAST, SLOW = "not slow and not exhaustive", "slow and not exhaustive"


def main(arguments: list[str] | None = None) -> int:
    """0 where the tests are good enough, 1 where not, 2 where trials are left to make."""
    options = _options(arguments)
    package = ROOT / options.package
    modules = sorted(package.glob("*.py")) if package.is_dir() else [package]
    changes = [change for module in modules for change in changes_of(ROOT, module)]
    drawn = sample(ROOT, changes, options.sample, options.seed)
    name = options.package.strip("/").replace("/", ".")
    state = options.state or ROOT / ".mutation" / f"{name}-{options.seed}.jsonl"
    state.parent.mkdir(parents=True, exist_ok=True)
    known = _known(state, drawn)
    missing = [mutant for mutant in drawn if mutant.change.name not in known]
    print(f"{len(drawn)} of {len(changes)} changes drawn, {len(missing)} to try", flush=True)
    if not options.report:
        _try(drawn, known, state, until=time.monotonic() + 60 * options.minutes)
    return _report(drawn, known, equivalent_mutants(options.package))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", help="folder or module, such as engine/accounting")
    parser.add_argument("--sample", type=int, default=300, help="mutants to draw (default 300)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e6, help="stop trying after so long")
    parser.add_argument("--state", type=Path, help="file of the trials that were made")
    parser.add_argument("--report", action="store_true", help="try nothing, say what is known")
    return parser.parse_args(arguments)


def _try(drawn: list[Mutant], known: dict[str, Outcome], state: Path, *, until: float) -> None:
    """First the fast tests of all mutants, then the slow ones of those that are left."""
    load_libraries()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder, state.open("a") as file:
        copy = Path(folder)
        copy_repository(ROOT, copy)

        @cache
        def limit(module: str, marks: str) -> float:
            return _limit(copy, module, marks)

        for marks in (FAST, SLOW):
            asked = [m for m in drawn if _open(known.get(m.change.name), marks)]
            for count, mutant in enumerate(asked, start=1):
                if time.monotonic() > until:
                    return
                outcome = _trial(copy, mutant, marks, limit(mutant.change.module, marks))
                known[mutant.change.name] = outcome
                line = {"name": mutant.change.name, "state": _fingerprint(mutant, outcome)}
                file.write(json.dumps({**line, **vars(outcome)}) + "\n")
                file.flush()
                print(
                    f"{count}/{len(asked)} {outcome.result} {outcome.seconds} s "
                    f"{mutant.change.module}:{mutant.change.line} "
                    f"{mutant.before!r} -> {mutant.after!r} {outcome.by}",
                    flush=True,
                )


def _open(outcome: Outcome | None, marks: str) -> bool:
    return outcome is None or (marks == SLOW and outcome.result == PASSED_FAST)


def _limit(copy: Path, module: str, marks: str) -> float:
    """Seconds: five times what the tests of the unchanged module take."""
    unchanged = run_tests(copy, tests_of(ROOT, module), marks=marks, timeout=1_800)
    if unchanged.result != SURVIVED:
        output = (copy / "output.txt").read_text()[-2_000:]
        raise SystemExit(f"The tests of {module} fail without any change:\n{output}")
    print(f"{module}, {marks}: {unchanged.seconds} s unchanged", flush=True)
    return 20 + 5 * unchanged.seconds


def _trial(copy: Path, mutant: Mutant, marks: str, limit: float) -> Outcome:
    target = copy / mutant.change.module
    original = target.read_text(encoding="utf-8")
    target.write_text(mutant.code, encoding="utf-8")
    try:
        outcome = run_tests(copy, tests_of(ROOT, mutant.change.module), marks=marks, timeout=limit)
    finally:
        target.write_text(original, encoding="utf-8")
    if marks == FAST and outcome.result == SURVIVED:
        return replace(outcome, result=PASSED_FAST)
    return outcome


def _fingerprint(mutant: Mutant, outcome: Outcome) -> str:
    """What the outcome depends on: the module, and for survivors the tests as well."""
    files = [ROOT / mutant.change.module]
    if outcome.result in (SURVIVED, PASSED_FAST):
        files += [ROOT / test for test in tests_of(ROOT, mutant.change.module)]
    digest = hashlib.sha256()
    for file in dict.fromkeys(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _known(state: Path, drawn: list[Mutant]) -> dict[str, Outcome]:
    """Outcomes in the state file that still hold."""
    mutants = {mutant.change.name: mutant for mutant in drawn}
    known: dict[str, Outcome] = {}
    for line in state.read_text().splitlines() if state.exists() else ():
        entry = json.loads(line)
        mutant = mutants.get(entry["name"])
        outcome = Outcome(result=entry["result"], by=entry["by"], seconds=entry["seconds"])
        if mutant is not None and entry["state"] == _fingerprint(mutant, outcome):
            known[mutant.change.name] = outcome
    return known


def _report(drawn: list[Mutant], known: dict[str, Outcome], equivalent: dict[str, str]) -> int:
    tried = [mutant for mutant in drawn if mutant.change.name in known]
    survived = [
        mutant for mutant in tried if known[mutant.change.name].result in (SURVIVED, PASSED_FAST)
    ]
    excused = [mutant for mutant in survived if mutant.change.name in equivalent]
    for mutant in survived:
        if mutant.change.name not in equivalent:
            print(
                f"survived: {mutant.change.name} {mutant.change.module}:{mutant.change.line} "
                f"in {mutant.change.function}()"
            )
            print(f"    - {mutant.before}\n    + {mutant.after}")
    score = Score(tried=len(tried), killed=len(tried) - len(survived), equivalent=len(excused))
    print(score)
    left = len(drawn) - len(tried)
    unsure = sum(known[mutant.change.name].result == PASSED_FAST for mutant in tried)
    if left or unsure:
        print(
            f"{left} of {len(drawn)} still to try, {unsure} still to meet the slow tests: "
            "run the command again"
        )
        return 2
    return 0 if score.enough else 1


if __name__ == "__main__":
    sys.exit(main())

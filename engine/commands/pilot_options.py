"""What ``python -m engine pilot`` is asked of a text: a promise and a budget."""

import argparse
from dataclasses import replace

from engine.accounting.domain import MOST_BANDS, require_sampling
from engine.commands.options import hours_for, number, whole
from engine.config import Sampling
from engine.errors import InputError
from engine.pilot.audits.audit import FEWEST
from engine.pilot.compiling import Compiling
from engine.pilot.imported_start import RATES, STEPS, Asked
from engine.pilot.plan import CorpusSource
from engine.pilot.prepared import RECOMPUTING
from engine.pilot.question import PilotBudget, PrivacyTerms, WantedRun, require_repeats
from engine.pilot.running.ranks import Ranks, ranks_of
from engine.pilot.starts import StartFile, read
from engine.pilot.sweeps.launchers import Where

DEFAULT_DELTA = 1e-6
"""Well below one in the number of documents of the default text, see :func:`terms_for`."""
_SHARE = 0.1
"""Of 1/N, above which the default δ never lies: at 1/N, publishing one unit whole would pass."""


def add_question(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """What the pilot may take and must promise."""
    budget = parser.add_mutually_exclusive_group(required=required)
    budget.add_argument("--minutes", help="for all trainings together, on this machine")
    budget.add_argument("--compute", metavar="FLOPS", help="for each training")
    budget.add_argument("--money", metavar="USD", help="for all trainings together; needs --price")
    budget.add_argument(
        "--run",
        dest="wanted_run",
        metavar="SIZE,STEPS,RATIO",
        help="a run that `law next` asks for: parameters, steps and σ/B; the batch is the one that "
        "ε asks for this noise",
    )
    parser.add_argument("--price", metavar="USD", help="of an hour of this machine")
    parser.add_argument("--epsilon", default="4", metavar="ε", help="(default: %(default)s)")
    parser.add_argument(
        "--delta",
        metavar="δ",
        help=f"(default: {DEFAULT_DELTA:g}, or a tenth of one in the units where that is less)",
    )
    parser.add_argument(
        "--unit",
        choices=["document", "person"],
        help="whom ε protects (default: person with --unit-column, else document)",
    )
    parser.add_argument(
        "--no-rule", action="store_true", help="do not train the 20-tokens rule to compare with"
    )
    parser.add_argument(
        "--repeats", default="1", metavar="N", help="trainings of each (default: %(default)s)"
    )
    parser.add_argument(
        "--keep-weights", action="store_true", help="keep the models, each with its card"
    )
    parser.add_argument(
        "--recompute",
        action="store_true",
        help="compute activations anew on the way back instead of keeping them (activation "
        f"checkpointing): the same gradients in less memory, and about {RECOMPUTING:g} times the "
        "time",
    )
    parser.add_argument(
        "--canaries",
        default="0",
        metavar="N",
        help="insert random sequences to audit the recommended model; its loss is then no test",
    )
    parser.add_argument(
        "--from-start",
        metavar="NAME",
        help="fine-tune a public start (`starts list`) instead of training from nothing",
    )
    parser.add_argument(
        "--rank",
        metavar="R",
        help="of LoRA, 0 for all weights; with --from-start (default: what should do best)",
    )
    parser.add_argument(
        "--steps",
        metavar="T",
        help=f"with an imported start, unknown to the law (default: {STEPS})",
    )
    parser.add_argument(
        "--learning-rate",
        metavar="RATE",
        help=f"with an imported start (default: {RATES[True]:g} of LoRA, {RATES[False]:g} of all "
        "weights)",
    )


def add_mechanism(parser: argparse.ArgumentParser) -> None:
    """How the promise is kept."""
    parser.add_argument(
        "--sampling",
        choices=[str(Sampling.POISSON), str(Sampling.TRUNCATED_POISSON)],
        default=str(Sampling.POISSON),
        help="how batches are drawn; truncated ones have a largest size (default: %(default)s)",
    )
    parser.add_argument(
        "--bands",
        default="1",
        metavar="STEPS",
        help="correlate the noise over so many steps while as many groups of units take turns; "
        "nothing is then predicted (default: %(default)s, independent noise)",
    )
    parser.add_argument(
        "--documents-per-person",
        default="1",
        metavar="K",
        help="a person gives a step the mean gradient of a window from each of up to so many of "
        "their documents: the same promise, up to K times the compute, and nothing is predicted "
        "(default: %(default)s)",
    )


def add_ranks(parser: argparse.ArgumentParser) -> None:
    """In how many processes it trains."""
    parser.add_argument(
        "--ranks",
        metavar="N",
        help="processes of this machine that train together, one a GPU where it has some "
        "(default: as before, at first one)",
    )


def add_compiling(parser: argparse.ArgumentParser) -> None:
    """Whether its pass is compiled."""
    parser.add_argument(
        "--compile",
        choices=[str(one) for one in Compiling],
        help="compile the pass: on; off; or auto, tried where an hour or more is left and kept "
        "where it is faster (default: as before, at first auto)",
    )


def compiling_of(options: argparse.Namespace) -> Compiling | None:
    """None where nothing was said."""
    return None if options.compile is None else Compiling(options.compile)


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Where it trains, if not in a process of this machine."""
    parser.add_argument(
        "--on",
        choices=[str(where) for where in Where],
        default=str(Where.LOCAL),
        help="launcher: a job on the same folders, which is waited for (default: %(default)s)",
    )
    parser.add_argument(
        "--job",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the launcher: minutes=600 and any of Slurm's, such as partition=gpu; address=auto "
        "and cpus=2 of Ray",
    )


def add_machines(parser: argparse.ArgumentParser) -> None:
    """For how many processes and machines the command is told."""
    parser.add_argument(
        "--ranks", metavar="N", help="tell the command that trains it in N processes, one a GPU"
    )
    parser.add_argument("--nodes", metavar="M", help="machines that share them evenly (default: 1)")


def ranks_here(options: argparse.Namespace) -> int | None:
    """Processes to start on this machine; None where nothing was said."""
    return None if options.ranks is None else whole("--ranks", options.ranks)


def held_by(options: argparse.Namespace, device: str) -> int:
    """Devices that may hold a model together: those of all processes, where each has a GPU of its
    own. Models whose activations are computed anew are held whole."""
    if device != "cuda" or options.recompute or options.ranks is None:
        return 1
    return whole("--ranks", options.ranks)


def machines_of(options: argparse.Namespace) -> Ranks | None:
    """Processes and machines that a command is asked for; None where it is not."""
    if options.ranks is None and options.nodes is None:
        return None
    nodes = whole("--nodes", options.nodes or "1")
    return ranks_of(whole("--ranks", options.ranks or str(nodes)), nodes)


def start_of(options: argparse.Namespace) -> StartFile | None:
    """The public start, if one was named. Raises :class:`InputError` for what cannot go with it."""
    if options.from_start is None:
        for name in ("rank", "steps", "learning_rate"):
            if getattr(options, name) is not None:
                raise InputError(
                    "Expected --from-start beside {option}, got {option} alone.",
                    option=f"--{name.replace('_', '-')}",
                )
        return None
    if (
        whole("--canaries", options.canaries)
        or bands_of(options) > 1
        or whole("--documents-per-person", options.documents_per_person) > 1
    ):
        raise InputError(
            "Expected --from-start without --canaries, --bands and --documents-per-person: a "
            "fine-tuning pilot takes no canaries, has independent noise and one window a step."
        )
    return read(options.from_start)


def asked_of(options: argparse.Namespace) -> Asked:
    """Rank, steps and learning rate; None to have them chosen. Raises :class:`InputError`."""
    rank, steps, rate = options.rank, options.steps, options.learning_rate
    return Asked(
        lora_rank=None if rank is None else whole("--rank", rank),
        steps=None if steps is None else whole("--steps", steps),
        learning_rate=None if rate is None else number("--learning-rate", rate),
    )


def budget_of(options: argparse.Namespace) -> PilotBudget:
    """The one budget that was given. Raises :class:`InputError` for none."""
    if options.price is not None and options.money is None:
        raise InputError("Expected --money with --price, got --price alone.")
    if options.compute is not None:
        return PilotBudget(compute_flops=number("--compute", options.compute))
    if options.money is not None:
        return PilotBudget(seconds=3600 * hours_for(options.money, options.price))
    if options.wanted_run is not None:
        return PilotBudget(run=_run_of(options.wanted_run))
    if options.minutes is None:
        raise InputError(
            "Expected --minutes, --compute, --money or --run, got none: choose a budget."
        )
    return PilotBudget(seconds=60 * number("--minutes", options.minutes))


def _run_of(text: str) -> WantedRun:
    parts = text.split(",")
    if len(parts) != 3:
        raise InputError("Expected --run SIZE,STEPS,RATIO, got {value}.", value=text[:40])
    return WantedRun(
        model_size=whole("--run", parts[0]),
        iterations=whole("--run", parts[1]),
        noise_batch_ratio=number("--run", parts[2]),
    )


def terms_for(units: int, terms: PrivacyTerms, options: argparse.Namespace) -> PrivacyTerms:
    """The promise for so many units: a δ that nobody named falls with their number."""
    if options.delta is not None:
        return terms
    return replace(terms, delta=min(DEFAULT_DELTA, _SHARE / units))


def terms_of(options: argparse.Namespace, source: CorpusSource) -> PrivacyTerms:
    """The promise for the units of ``source``, before anybody has counted them."""
    delta = DEFAULT_DELTA if options.delta is None else number("--delta", options.delta)
    unit = source.unit
    if options.unit not in (None, unit):
        raise InputError(
            "Expected --unit {unit}, which is what this text protects, got {value}: a person is "
            "protected where a column of a table names the person (--unit-column).",
            unit=unit,
            value=options.unit,
        )
    return PrivacyTerms(
        epsilon=number("--epsilon", options.epsilon),
        delta=delta,
        privacy_unit=unit,
        sampling=Sampling(options.sampling),
        bands=bands_of(options),
        documents=whole("--documents-per-person", options.documents_per_person),
    )


def bands_of(options: argparse.Namespace) -> int:
    """Steps over which noise is correlated. Raises :class:`InputError`."""
    bands = whole("--bands", options.bands)
    require_sampling(Sampling(options.sampling), bands)
    if not 1 <= bands <= MOST_BANDS:
        raise InputError("Expected 1 to {most} bands, got {value}.", most=MOST_BANDS, value=bands)
    return bands


def repeats_of(options: argparse.Namespace) -> int:
    """Trainings of each arm. Raises :class:`InputError`."""
    repeats = whole("--repeats", options.repeats)
    require_repeats(repeats)
    return repeats


def require_canaries(canaries: int, units: int) -> None:
    """Raise :class:`InputError` for more canaries than there are units to train on."""
    if canaries > units:
        raise InputError(
            "Expected at most {units} canaries, as many as there are units to train on, got "
            "{count}: the model would learn little else.",
            units=units,
            count=canaries,
        )


def canaries_of(options: argparse.Namespace) -> int:
    """How many canaries to draw, 0 for none."""
    count = whole("--canaries", options.canaries)
    if count and count < FEWEST:
        raise InputError(
            "Expected at least {fewest} canaries, got {count}: an audit with fewer shows nothing.",
            fewest=FEWEST,
            count=count,
        )
    return count


_UNASKED = {
    "minutes": None, "compute": None, "money": None, "wanted_run": None, "price": None,
    "delta": None, "unit": None, "text": None, "from_start": None, "path": "",
    "epsilon": "4", "corpus": "docstrings", "repeats": "1", "canaries": "0",
}  # fmt: skip
"""Options of a question as they stand where nobody named them."""


def require_one_question(options: argparse.Namespace) -> None:
    """Raise :class:`InputError` where a plan is named and a question asked as well: the plan is
    frozen, and would not follow."""
    named = [name for name, usual in _UNASKED.items() if getattr(options, name) != usual]
    if options.plan_id is not None and named:
        raise InputError(
            "Expected a plan's id or the options of a new plan, got {plan_id} and {option}: a plan "
            "is frozen, so leave one of them out.",
            plan_id=options.plan_id,
            option="--" + named[0].replace("wanted_run", "run").replace("_", "-"),
        )

"""What a rank other than 0 does of a pilot: adds up sums for rank 0, training after training.

It reads the plan and the text, which must lie where rank 0 has them, and writes nothing. What it
computes with, who is in a batch and the weights, comes from rank 0
(:mod:`engine.pilot.dpsgd.team`).
"""

from collections.abc import Callable
from functools import cache

from engine.errors import InputError
from engine.pilot.dpsgd.team import Helper, Team
from engine.pilot.plan import CorpusSource
from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.recording import settings_of
from engine.pilot.running.trainer import inserted_canaries
from engine.pilot.text.corpus import Corpus


def follow(
    folder: PilotFolder, team: Team, *, device: str, load: Callable[[CorpusSource], Corpus]
) -> None:
    """Serve until rank 0 says that all is done.

    Raises :class:`InputError` where plan or text are not what rank 0 has, or rank 0 is gone.
    """

    @cache
    def text() -> Corpus:
        """Read when rank 0 has read it: by then a cache of it is there."""
        corpus = load(plan.corpus)
        if corpus.fingerprint != plan.corpus_fingerprint:
            raise InputError(
                "Expected the text that the plan was made for ({expected}), found another one "
                "({found}) on this machine: let all machines read the same.",
                expected=plan.corpus_fingerprint[:12],
                found=corpus.fingerprint[:12],
            )
        return corpus

    def begin(arm_number: int, repeat: int) -> Helper:
        arm = plan.arms[arm_number]
        settings = settings_of(arm, repeat)
        return Helper(
            settings,
            text(),
            device=device,
            canaries=inserted_canaries(plan, arm, repeat),
            shards=team.sharded(settings),
        )

    plan = folder.plan()
    team.serve(begin)

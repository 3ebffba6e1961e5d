"""Tracebacks for a log that holds no text of a corpus.

Where an error was raised is code and is shown; its words are shown only where they are the
system's, torch's or ours. Loads no torch.
"""

import sys
import traceback
from types import TracebackType

from engine.errors import InputError

_TELLING = (OSError, InputError, RuntimeError, MemoryError)
"""Errors whose words hold no text of a corpus."""


def without_text(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What a process that reads private text has as ``sys.excepthook``."""
    sys.stderr.writelines(traceback.format_tb(trace))
    words = f": {error}" if isinstance(error, _TELLING) else ""
    sys.stderr.write(f"{kind.__name__}{words}\n")

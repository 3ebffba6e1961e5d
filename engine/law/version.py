"""The name of a fitted law: what was fitted, so that two exports can be
told to rest on the same."""

import hashlib
import json
from collections.abc import Mapping

from engine.law.stack import StackedFit


def fit_version(fit: StackedFit) -> str:
    """12 hexadecimal digits: hash of the law and everything that its intervals are made from."""
    return law_version(fit.to_dict())


def law_version(content: Mapping[str, object]) -> str:
    """The same of any law, given as plain values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

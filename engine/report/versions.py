"""The name of a fitted law: what was fitted, so that two exports can be
told to rest on the same."""

import hashlib
import json

from engine.law.stack import StackedFit


def fit_version(fit: StackedFit) -> str:
    """12 hexadecimal digits: hash of the law and everything that its intervals are made from."""
    content = json.dumps(fit.to_dict(), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]

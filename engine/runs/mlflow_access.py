"""MLflow's client for writing, and failures of MLflow in words that show no password."""

import re
from typing import Any

from engine.errors import InputError
from engine.untrusted.guard import reason_of

_LOGIN = re.compile(r"(?<=//)[^/@\s]*@")


def without_login(text: str) -> str:
    """The text without the logins of its addresses.

    >>> without_login("API request to http://me:secret@mlflow.example:5000/api failed")
    'API request to http://mlflow.example:5000/api failed'
    """
    return _LOGIN.sub("", text)


def failure(error: BaseException) -> str:
    """Why MLflow failed, on one line."""
    return without_login(reason_of(error))


def writing_client(uri: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """A client of the store at ``uri``, and what its calls raise. Raises :class:`InputError` where
    MLflow is not installed, or the store cannot be opened."""
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError:
        raise InputError(
            "Expected MLflow to be installed for this export: pip install mlflow-skinny sqlalchemy "
            "alembic."
        ) from None
    failures = (MlflowException, OSError)
    try:
        return MlflowClient(tracking_uri=uri), failures
    except failures as error:
        raise unwritten(uri, error) from error


def unwritten(uri: str, error: BaseException) -> InputError:
    """The refusal of a store that does not take what is written."""
    return InputError(
        "Could not write the MLflow store {uri}: {reason}.",
        uri=without_login(uri),
        reason=failure(error),
    )

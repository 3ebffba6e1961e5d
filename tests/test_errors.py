"""A refusal keeps its template on its way between processes, so that it can be translated there."""

import pickle

from engine.errors import InputError


def test_a_refusal_survives_pickling():
    error = InputError("Expected {name} > 0, got {value}.", name="epsilon", value=-1)
    again = pickle.loads(pickle.dumps(error))
    assert (again.template, again.values) == (error.template, error.values)
    assert str(again) == "Expected epsilon > 0, got -1."
    assert isinstance(again, ValueError)

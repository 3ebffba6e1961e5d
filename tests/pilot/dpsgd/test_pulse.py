"""Who beats lives, who does not is lost; asking changes neither."""

from datetime import timedelta

import pytest
from torch._C._distributed_c10d import TCPStore

from engine.pilot.dpsgd import pulse
from engine.pilot.dpsgd.pulse import Pulse


@pytest.fixture
def store(monkeypatch):
    """In which ranks find each other, on a port of its own."""
    made = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(made.port))
    monkeypatch.setattr(pulse, "_BEAT", 0.02)
    monkeypatch.setattr(pulse, "_SILENT", 0.3)
    monkeypatch.setattr(pulse, "_ASK", timedelta(seconds=10))
    return made


def test_a_rank_that_never_beats_is_silent_and_one_that_does_is_not(store):
    first, second = Pulse(0, 3), Pulse(1, 3)
    try:
        assert first.silent() == [2]
        second.end()
        assert first.silent() == [1, 2]
    finally:
        first.end()
        second.end()

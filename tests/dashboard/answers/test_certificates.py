"""Certificates are made once, aside, and remembered."""

from threading import Event

import pytest

from dashboard.answers.certificates import Certificates
from engine.errors import InputError


def test_nobody_waits_and_nothing_is_made_twice():
    made, go = [], Event()

    def certify(question):
        go.wait(10)
        made.append(question)
        return "certificate"

    desk = Certificates(certify)
    assert desk.known(1) is None
    desk.ask(1)
    desk.ask(1)
    assert desk.known(1) is None
    go.set()
    desk.close()
    assert desk.known(1) == "certificate"
    assert made == [1]


def test_the_newest_question_goes_first_and_the_rest_ask_again():
    made, go = [], Event()

    def certify(epsilon):
        go.wait(10)
        made.append(epsilon)
        return epsilon

    desk = Certificates(certify)
    for epsilon in (1, 2, 3):  # 1 has begun when 2 is asked, 2 has not when 3 is.
        desk.ask(epsilon)
        while epsilon == 1 and not desk._jobs[1].running():
            pass
    assert desk.known(2) is None
    desk.ask(2)
    desk.ask(3)
    go.set()
    desk.close()
    assert made == [1, 3]
    assert (desk.known(1), desk.known(2), desk.known(3)) == (1, None, 3)


def test_a_refusal_is_remembered_and_raised():
    def certify(question):
        raise InputError("Expected more.")

    desk = Certificates(certify)
    desk.ask(1)
    desk.close()
    with pytest.raises(InputError, match="Expected more"):
        desk.known(1)

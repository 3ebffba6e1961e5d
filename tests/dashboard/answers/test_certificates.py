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


class Slow:
    """Certifies when it is told to, in the order that it notes."""

    def __init__(self):
        self.made, self.go = [], Event()

    def __call__(self, question):
        self.go.wait(10)
        self.made.append(question)
        return question


def test_one_visitor_never_waits_for_all_of_another(monkeypatch):
    """A viewer who asks for many, again and again, delays another by one certificate."""
    slow = Slow()
    desk = Certificates(slow)
    for number in range(20):  # the first has begun
        desk.ask(*range(number, number + 8), by="greedy")
    desk.ask("mine", by="patient")
    desk.ask(*range(30, 38), by="greedy")
    slow.go.set()
    desk.close()
    assert slow.made.index("mine") <= 2
    assert slow.made[-7:] == list(range(31, 38)), "the greedy one's newest too"
    assert 19 not in slow.made, "and those of before are not"


def test_who_has_not_asked_for_longest_gives_way_to_one_too_many(monkeypatch):
    monkeypatch.setattr("dashboard.answers.certificates._MOST_WAITING", 3)
    slow = Slow()
    desk = Certificates(slow)
    desk.ask("first", by="0")
    for visitor in "123":
        desk.ask(visitor, by=visitor)
    desk.ask("1", by="1")
    desk.ask("4", by="4")
    slow.go.set()
    desk.close()
    assert slow.made == ["first", "1", "3", "4"]
    assert desk.known("2") is None


def test_what_an_act_stands_still_for_goes_before_all_turns():
    """A save waits for the one under way and for its own, however many pages are open."""
    slow = Slow()
    desk = Certificates(slow)
    for visitor in range(60):
        desk.ask(f"{visitor}.1", f"{visitor}.2", by=str(visitor))
    desk.ask_first("saved")
    desk.ask_first("saved")
    desk.ask_first("saved too")
    desk.ask_first("0.2")
    slow.go.set()
    desk.close()
    assert slow.made[:4] == ["0.1", "saved", "saved too", "0.2"]
    assert len(slow.made) == len(set(slow.made)) == 122


def test_what_two_visitors_ask_is_made_once():
    slow = Slow()
    desk = Certificates(slow)
    desk.ask(0, by="a")
    desk.ask(1, by="a")
    desk.ask(1, by="b")
    slow.go.set()
    desk.wait(10, 1)
    assert desk.known(1) == 1
    desk.close()
    assert slow.made == [0, 1]


def test_a_refusal_is_remembered_and_raised():
    def certify(question):
        raise InputError("Expected more.")

    desk = Certificates(certify)
    desk.ask(1)
    desk.close()
    with pytest.raises(InputError, match="Expected more"):
        desk.known(1)

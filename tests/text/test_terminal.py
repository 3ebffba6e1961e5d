"""What reaches a terminal that lacks signs, a closed pipe, a full disk."""

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from engine.__main__ import COMMANDS, main, parser
from engine.text import terminal
from engine.text.terminal import shown

ROOT = Path(__file__).resolve().parents[2]
NARROW = ("ascii", "latin-1", "cp1252", "cp932", "euc_jp", "cp437")
"""Encodings of terminals that lack some of our signs."""
ENGLISH = ROOT / "engine" / "text" / "locale" / "en" / "LC_MESSAGES" / "kessai.po"


@pytest.fixture
def output(monkeypatch):
    """Standard output and error in an encoding of one's choice: what they hold is read back."""

    def made(encoding):
        streams = []
        for name in ("stdout", "stderr"):
            stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
            monkeypatch.setattr(sys, name, stream)
            streams.append(stream)
        return streams

    return made


def text_of(stream):
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)


def test_every_sign_of_the_english_words_and_of_help_is_written_out():
    with ENGLISH.open("rb") as file:
        words = [str(message.id) for message in read_po(file)]
    commands = next(a.choices for a in parser()._actions if isinstance(a.choices, dict))
    helps = [one.format_help() for one in commands.values()]
    assert len(helps) == len(COMMANDS)
    signs = {sign for text in (*words, *helps) for sign in text if sign > "\x7f"}
    assert len(signs) > 15
    for encoding in NARROW:
        assert [sign for sign in sorted(signs) if "\\" in shown(sign, encoding)] == [], encoding


def test_numbers_keep_their_meaning():
    assert shown("10¹³ to 10²⁴", "latin-1") == "10¹³ to 10^24"  # not 10²^4
    assert shown("10¹³", "ascii") == "10^13"
    assert shown("σ̄ = ½", "ascii") == "sigma_bar = 1/2"
    assert shown("１２", "ascii") == "12"


def test_an_unknown_sign_is_escaped_and_half_a_character_too():
    assert shown("決", "ascii") == "\\u6c7a"
    assert shown("a\udcffb", "utf-8") == "a�b"


@pytest.mark.parametrize("encoding", ["cp932", "ascii", "utf-16"])
def test_json_is_the_same_document_in_every_encoding(output, encoding):
    document = {"文": 'ε ≤ 4 \U0001f600 "\\', "half": "\udc80"}
    stream, _ = output(encoding)
    assert terminal.say(json.dumps(document, ensure_ascii=False), is_json=True)
    assert json.loads(text_of(stream)) == document


def test_what_cannot_be_shown_comes_with_a_way_to_see_it(output):
    stream, beside = output("ascii")
    assert terminal.say("決裁 ≤ 1")
    assert text_of(stream) == "\\u6c7a\\u88c1 <= 1\n"
    assert "PYTHONIOENCODING=utf-8" in text_of(beside)
    stream, beside = output("ascii")
    terminal.say("σ ≤ 1")
    assert text_of(beside) == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
@pytest.mark.parametrize(
    "line",
    ["--help", "recommend --help", "runs", "nonsense", "epsilon --delta 2 --language ja"],
)
def test_commands_answer_or_refuse_in_words(output, monkeypatch, tmp_path, encoding, line):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "none"))
    stream, beside = output(encoding)
    try:
        assert main(line.split()) in (0, 2)
    except SystemExit as ended:
        assert ended.code in (None, 0, 2)
    assert text_of(stream) or text_of(beside)


class Gone(io.TextIOWrapper):
    """A reader that went away."""

    def flush(self):
        raise BrokenPipeError


def test_a_reader_that_has_gone_is_no_traceback(monkeypatch, output):
    _, beside = output("utf-8")
    monkeypatch.setattr(sys, "stdout", Gone(io.BytesIO(), encoding="utf-8"))
    assert terminal.say("answer") is False
    assert text_of(beside) == ""
    monkeypatch.setattr(sys, "stderr", None)
    terminal.tell("nobody listens")


def test_an_answer_without_a_place_is_a_sentence(monkeypatch, output):
    _, beside = output("utf-8")
    monkeypatch.setattr(sys, "stdout", None)
    assert terminal.say("answer") is False
    assert "standard output is closed" in text_of(beside)


ENDS = {
    "full": ("> /dev/full", 1, "No space left on device"),
    "closed": (">&-", 1, "standard output is closed"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_process_ends_quietly(end):
    """In a process of its own: what Python flushes at its end is part of it."""
    to, code, said = ENDS[end]
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m engine epsilon --help {to}"],
        cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "cp932"}, capture_output=True,
    )  # fmt: skip
    assert (done.returncode, said.encode() in done.stderr) == (code, True)
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr


def test_nothing_else_writes_to_the_terminal():
    """The one place: else a terminal that lacks a sign ends in a traceback again."""
    allowed = {
        "engine/text/terminal.py",
        "engine/text/catalogues.py",  # a tool of contributors
        "engine/pilot/__main__.py",  # the log of a process of its own
        "engine/pilot/running/tracebacks.py",
        "engine/pilot/text/pysource.py",  # JSON between two processes
        "engine/pilot/text/reading_process.py",  # the same
        "engine/decision/refit_process.py",  # the same
        "engine/pilot/sweeps/launchers.py",  # what Ray itself says goes where it belongs
    }
    found = set()
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                "sys.stdout",
                "sys.stderr",
            ):
                found.add(path.relative_to(ROOT).as_posix())
    assert found <= allowed


def test_somebodys_name_does_not_steer_the_terminal(output):
    stream, _ = output("utf-8")
    terminal.say("a\x1b]0;title\x07 \u202eb\n決\u3000裁")
    assert text_of(stream) == "a�]0;title� �b\n決\u3000裁\n"
    stream, _ = output("utf-8")
    terminal.say(json.dumps({"name": "\x9b1m\u202e決"}, ensure_ascii=False), is_json=True)
    assert text_of(stream) == '{"name": "\\u009b1m\\u202e決"}\n'

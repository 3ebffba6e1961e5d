"""Who has which role: the file, what a provider claims, and what the dashboard makes of both."""

import json
import unicodedata

import pytest
import streamlit as streamlit_module
from hypothesis import given
from hypothesis import strategies as st
from streamlit import config

from dashboard.state import visitor
from engine.__main__ import main
from engine.access import roles_file
from engine.access.rights import LOCAL, Role
from engine.access.roles_file import read, same_email
from engine.access.sign_in import person_of
from engine.errors import InputError

NOW = 1_800_000_000.0
FILE = """
hours = 8
[people]
viewer = ["Ｈanako@Example.com", "both@example.com"]
operator = ["both@example.com"]
[groups]
approver = ["board"]
"""
CLAIMS = {
    "iss": "https://login.example.com",
    "sub": "1234",
    "email": "hanako@example.com",
    "email_verified": True,
    "iat": NOW - 60,
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "access.toml"
    path.write_text(FILE)
    monkeypatch.setenv(roles_file.VARIABLE, str(path))
    return path


def roles(tmp_path, **claims) -> set[Role]:
    return set(person_of({**CLAIMS, **claims}, now=NOW, runs=tmp_path).roles)


def test_the_file_names_people_and_groups(file, tmp_path):
    found = person_of(CLAIMS, now=NOW, runs=tmp_path)
    assert (found.who, found.login) == ("hanako@example.com", "https://login.example.com 1234")
    assert found.roles == {Role.VIEWER}
    assert roles(tmp_path, email="BOTH@example.com") == {Role.VIEWER, Role.OPERATOR}
    assert roles(tmp_path, groups=["board"]) == {Role.VIEWER, Role.APPROVER}
    assert roles(tmp_path, groups="board", email="x@example.com") == {Role.APPROVER}
    assert roles(tmp_path, groups=["Board", 7, None, ["board"]]) == {Role.VIEWER}
    file.write_text('default = "viewer"\nclaim = "wids"\n[groups]\noperator = ["board"]')
    assert roles(tmp_path, groups=["board"]) == {Role.VIEWER}
    assert roles(tmp_path, wids=["board"]) == {Role.VIEWER, Role.OPERATOR}


def test_it_is_read_again_each_time(file, tmp_path):
    assert roles(tmp_path) == {Role.VIEWER}
    file.write_text("[people]\n")
    assert roles(tmp_path) == set()


@given(st.emails())
def test_case_and_width_are_no_other_person(email):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in email)
    assert len({same_email(one) for one in (email, email.upper(), wide, f" {email}")}) == 1
    assert unicodedata.is_normalized("NFKC", same_email(email))


@pytest.mark.parametrize(
    ("claims", "roles_then"),
    [
        ({"email_verified": False}, set()),
        ({"email_verified": None}, set()),
        ({"email_verified": "false"}, set()),
        ({"email_verified": 1}, set()),
        ({"email_verified": "true"}, {Role.VIEWER}),
        ({"email": ["hanako@example.com"]}, set()),
        ({"email": "hanako@example.com.evil.example"}, set()),
        ({"email": ""}, set()),
        ({"email": "h" * 300}, set()),
    ],
)
def test_an_email_counts_only_where_it_was_verified(file, tmp_path, claims, roles_then):
    assert roles(tmp_path, **claims) == roles_then
    who = person_of({**CLAIMS, **claims}, now=NOW, runs=tmp_path).who
    assert who == (claims.get("email", CLAIMS["email"]) if "@" in who else CLAIMS["sub"])
    assert ("@" in who) == (bool(roles_then) or "evil" in str(claims))


def test_what_says_nothing_of_verification_may_be_accepted_and_a_denial_never(file, tmp_path):
    file.write_text(f'unverified = "accept"\n{FILE}')
    silent = {name: value for name, value in CLAIMS.items() if name != "email_verified"}
    assert person_of(silent, now=NOW, runs=tmp_path).roles == {Role.VIEWER}
    assert roles(tmp_path, email_verified=False) == set()


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": ""}, "names its issuer"),
        ({"sub": None}, "names its issuer"),
        ({"sub": "s" * 300}, "names its issuer"),
        ({"iat": NOW - 8 * 3600 - 1}, "last 8 hours"),
        ({"iat": NOW + 3600}, "last 8 hours"),
        ({"iat": None}, "last 8 hours"),
        ({"iat": True}, "last 8 hours"),
        ({"iat": str(NOW)}, "last 8 hours"),
        ({"iat": float("nan")}, "last 8 hours"),
    ],
)
def test_who_is_nobody_or_was_long_ago_is_refused(file, tmp_path, claims, why):
    with pytest.raises(InputError, match=why):
        roles(tmp_path, **claims)


BAD = {
    "no TOML": "[people",
    "a surprise": "admins = []",
    "an unknown role": "[people]\nroot = ['a@b.c']",
    "no list": "[people]\nviewer = 'a@b.c'",
    "no texts": "[people]\nviewer = [1]",
    "no table": "people = []",
    "no e-mail": "[people]\nviewer = ['everybody']",
    "two at signs": "[people]\nviewer = ['a@b@c']",
    "an invisible sign": "[people]\nviewer = ['a\u200b@b.c']",
    "a wildcard default": "default = 'operator'",
    "a day and a night": "hours = 0",
    "a truth": "hours = true",
    "never": "hours = inf",
    "a choice": "unverified = true",
    "a nameless claim": "claim = ''",
    "a nameless group": "[groups]\nviewer = ['']",
    "too much": "#" * (roles_file.LONGEST_FILE + 1),
    "deep": "a = " + "[" * 500 + "]" * 500,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_file_that_is_not_right_gives_nobody_a_role(file, tmp_path, content, capsys):
    """One wrong line closes it, whatever the others say; visitors are told nothing of it."""
    file.write_text(content)
    with pytest.raises(InputError, match="Nobody who signs in may do anything"):
        read(file)
    with pytest.raises(InputError, match="python -m engine access check") as refused:
        roles(tmp_path)
    assert str(file) not in str(refused.value)
    assert main(["access", "check"]) == 2
    assert str(file) in capsys.readouterr().err


def test_a_file_that_is_missing_or_no_file_closes_too(file, tmp_path):
    file.unlink()
    with pytest.raises(InputError):
        roles(tmp_path)
    file.mkdir()
    with pytest.raises(InputError):
        roles(tmp_path)
    file.rmdir()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError):
        roles(tmp_path)


def test_the_command_says_who_has_what(file, capsys):
    assert main(["access", "check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["people"]["both@example.com"] == ["operator", "viewer"]
    assert found["people"]["hanako@example.com"] == ["viewer"] and found["look"] == []
    file.chmod(0o666)
    assert main(["access", "check"]) == 0
    assert "can be written by others" in capsys.readouterr().out
    assert main(["access", "roles", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["viewer"] == ["see"]


# --- the dashboard ------------------------------------------------------------------------------

AUTH = {
    "cookie_secret": "s" * 40,
    "client_id": "kessai",
    "client_secret": "secret",
    "server_metadata_url": "https://login.example.com/.well-known/openid-configuration",
}


class Secrets(dict):
    """Streamlit's secrets, there or not."""

    is_there = True

    def load_if_toml_exists(self):
        return self.is_there


@pytest.fixture
def secrets(monkeypatch):
    found = Secrets(auth=AUTH)
    monkeypatch.setattr(streamlit_module, "secrets", found)
    monkeypatch.setattr(visitor, "LATCH", visitor.Latch())
    monkeypatch.setattr(visitor, "find_spec", lambda name: name)
    return found


def test_without_a_section_everybody_is_the_local_person(secrets):
    secrets.pop("auth")
    assert not visitor.has_login() and visitor.person() == LOCAL


def test_who_did_not_sign_in_is_nobody(secrets, monkeypatch):
    monkeypatch.setattr(streamlit_module, "user", streamlit_module.user)
    assert visitor.has_login() and not visitor.is_signed_in()
    with pytest.raises(InputError, match="sign in first"):
        visitor.person()


def test_secrets_that_vanish_or_break_open_nothing(secrets, tmp_path, monkeypatch):
    assert visitor.has_login()
    auth = secrets.pop("auth")
    with pytest.raises(InputError, match="is gone"):
        visitor.person()
    secrets["auth"] = auth
    assert visitor.has_login()
    secrets.is_there = False
    with pytest.raises(InputError, match="is gone"):
        visitor.person()
    visitor.LATCH.is_set = False
    (tmp_path / "secrets.toml").write_text("[auth")
    monkeypatch.setattr(
        config, "get_option", lambda name: {"secrets.files": [str(tmp_path / "secrets.toml")]}[name]
    )
    with pytest.raises(InputError, match="cannot be read"):
        visitor.person()


def test_a_login_that_protects_nothing_lets_nobody_in(secrets, monkeypatch):
    secrets["auth"] = {**AUTH, "cookie_secret": "xxx"}
    with pytest.raises(InputError, match="cookie_secret has fewer than 32"):
        visitor.person()
    secrets["auth"] = AUTH
    monkeypatch.setattr(visitor, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="authlib, httpx is not installed"):
        visitor.person()
    monkeypatch.setattr(visitor, "find_spec", lambda name: name)
    monkeypatch.setattr(config, "get_option", lambda name: {"X-User": "email"})
    with pytest.raises(InputError, match="trustedUserHeaders"):
        visitor.person()


def test_providers_by_name(secrets):
    assert visitor.providers() == [None]
    secrets["auth"] = {"cookie_secret": "s" * 40, "b": AUTH, "a": AUTH, "broken": {"client_id": ""}}
    assert visitor.providers() == ["a", "b"]

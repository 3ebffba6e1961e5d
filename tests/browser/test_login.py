"""Login against a real provider on this machine: in a browser, and as somebody who sends what no
page offers."""

import http.client
import json
import re
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from engine import decision_log
from engine.decision_log import Entry
from engine.pilot.running import lifecycle
from engine.pilot.running.status import State
from tests.browser.pages import settle
from tests.browser.protocol import settled, stream
from tests.browser.provider import CLIENT, SECRET, Provider, running_provider
from tests.browser.server import Dashboard, running_dashboard
from tests.dashboard import made_pilots as made

pytestmark = pytest.mark.browser
pytest.importorskip("authlib", reason="Authlib is not installed: requirements-login.txt")
pytest.importorskip("httpx", reason="httpx is not installed: requirements-login.txt")

PEOPLE = {
    name: {"email": f"{name}@Example.com", "email_verified": True}
    for name in ("viewer", "analyst", "operator", "stranger")
} | {"liar": {"email": "operator@example.com", "email_verified": False}}
ROLES = """
[people]
viewer = ["viewer@example.com"]
analyst = ["analyst@example.com"]
operator = ["ＯＰＥＲＡＴＯＲ@example.com"]
"""
NO_RIGHT = "Expected the right to"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dashboard with login, its provider, and two pilots that were paused."""

    running: Dashboard
    provider: Provider
    folder: Path
    pilot: str
    other_pilot: str

    @property
    def roles(self) -> Path:
        return self.folder / "access.toml"

    def lines(self) -> list[Entry]:
        return decision_log.entries(self.folder / "log")

    def scenarios(self) -> list[str]:
        return [path.name for path in (self.folder / "scenarios").glob("*.json")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("login")
    with running_provider(PEOPLE) as provider, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KESSAI_PILOTS", str(folder / "pilots"))
        patch.setenv(decision_log.VARIABLE, str(folder / "log"))
        patch.setenv("KESSAI_DATA", str(folder / "runs"))
        (folder / "access.toml").write_text(ROLES)
        (folder / "secrets.toml").write_text(
            "[auth]\n"
            'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{"s" * 40}"\n'
            f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
            'client_kwargs = { code_challenge_method = "S256" }\n'
        )
        plans = [made.plan(predicted=False, repeats=repeats) for repeats in (1, 2)]
        for plan in plans:
            made.store(plan, made.status(plan, State.PAUSED))
        with running_dashboard(
            folder, {"STREAMLIT_SECRETS_FILES": str(folder / "secrets.toml")}
        ) as running:
            yield Place(
                running=running,
                provider=provider,
                folder=folder,
                pilot=plans[0].plan_id,
                other_pilot=plans[1].plan_id,
            )


# --- without a browser --------------------------------------------------------------------------


@dataclass
class Client:
    """Somebody's cookies, and the sessions that are opened with them."""

    place: Place
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, method: str = "GET", body: bytes = b"", **headers: str):
        """Status and location of an answer; its cookies are kept."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        said = {"Cookie": self.cookie} | headers
        connection.request(method, f"{parts.path}?{parts.query}", body=body, headers=said)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer.status, answer.headers.get("Location", "")

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)

    @contextmanager
    def session(self, token: str = "") -> Iterator["Session"]:
        """A page; ``token``: in place of the right one against requests of others."""
        url = self.place.running.url
        self.get(f"{url}/_stcore/health")  # sets the cookie that the token is compared with
        token = token or self.cookies.get("_streamlit_xsrf", "")
        with stream(self.place.running, token, Origin=url, Cookie=self.cookie) as socket:
            yield Session(socket)

    def sign_in(self, name: str) -> "Client":
        """What a browser does between the button and the page that comes back."""
        with self.session() as session:
            session.open("")
            answers = session.click("sign-in:")
            (away,) = (
                m.auth_redirect.url for m in answers if m.WhichOneof("type") == "auth_redirect"
            )
        _, there = self.get(f"{self.place.running.url}{away}")
        assert there.startswith(f"{self.place.provider.url}/authorize"), there
        _, back = Client(self.place).get(f"{there.replace('/authorize', '/chosen')}&who={name}")
        status, _ = self.get(back)
        assert status == 302
        return self


@dataclass
class Session:
    """One page as the server sees it."""

    socket: ClientConnection
    ids: dict[str, str] = field(default_factory=dict)
    page: str = ""
    query: str = "lang=en"

    def open(self, page: str, query: str = "lang=en") -> str:
        """What a page says."""
        self.page, self.query = page, query
        return said(self.send(BackMsg()))

    def click(self, *buttons: str, **texts: str) -> list[ForwardMsg]:
        """Press buttons by their keys or labels, drawn or not, with texts by their labels."""
        message = BackMsg()
        widgets = message.rerun_script.widget_states.widgets
        for label, text in texts.items():
            widgets.add(id=self.ids[label], string_value=text)
        for button in buttons:
            widgets.add(id=self.ids[button], trigger_value=True)
        return self.send(message)

    def send(self, message: BackMsg) -> list[ForwardMsg]:
        message.rerun_script.page_name = self.page
        message.rerun_script.query_string = self.query
        answers = settled(self.socket, message)
        for answer in answers:
            element = answer.delta.new_element
            kind = element.WhichOneof("type") or ""
            if kind in ("button", "text_input"):
                widget = getattr(element, kind)
                self.ids |= dict.fromkeys((widget.label, widget.id.split("-", 2)[2]), widget.id)
        return answers


def said(answers: list[ForwardMsg]) -> str:
    """All texts that were drawn, and that popped up."""
    texts = []
    for answer in answers:
        element = answer.delta.new_element
        texts += [
            element.alert.body,
            element.markdown.body,
            element.toast.body,
            element.heading.body,
        ]
        texts.append(element.button.label)
    return "\n".join(filter(None, texts))


@pytest.fixture(scope="module")
def viewer(place: Place) -> Client:
    return Client(place).sign_in("viewer")


def test_who_is_not_signed_in_sees_a_door(place: Place):
    with Client(place).session() as session:
        for page in ("", "pilot"):
            text = session.open(page)
            assert "This Kessai is for people who sign in." in text and "Sign in" in text
            assert "Glossary" not in text and len(text) < 200


def test_a_viewer_sees_and_every_act_is_refused_and_on_record(place: Place, viewer: Client):
    with viewer.session() as session:
        assert "Sign out" in session.open("pilot", f"lang=en&pilot={place.pilot}")
        for button in ("Resume", "Yes, cancel it"):
            assert f"{NO_RIGHT} prepare, start" in said(session.click(button)), button
        session.open("compare")
        # Ids of widgets are no secret: whoever knows them sends them where they were never drawn.
        buttons = ("Yes, cancel it", "Resume", "Save this scenario")
        answers = session.click(*buttons, **{"Name of the scenario": "Mine"})
        assert lifecycle.poll(place.pilot).state is State.PAUSED
        assert f"{NO_RIGHT} save, change and import scenarios (role: analyst)" in said(answers)
        assert place.scenarios() == []
    login = f"{place.provider.url} sub-viewer"
    refused = [line for line in place.lines() if line.act == "refused" and line.login == login]
    assert {line.who for line in refused} == {"viewer@Example.com"}
    # A busy machine may draw a page twice for one click, and write the second refusal down too.
    acts = {(line.what["act"], line.what["right"]) for line in refused}
    assert acts >= {("pilot-resume", "pilot"), ("pilot-cancel", "pilot"), ("scenario-save", "save")}


def test_roles_are_those_of_the_moment(place: Place, viewer: Client):
    """A page that is open gains and loses rights with the file; broken, it shows nothing."""
    with viewer.session() as session:
        session.open("pilot", f"lang=en&pilot={place.other_pilot}")
        try:
            place.roles.write_text('[people]\noperator = ["VIEWER@example.com"]')
            session.click("Yes, cancel it")
            assert lifecycle.poll(place.other_pilot).state is State.CANCELLED
            done = {(line.act, line.who) for line in place.lines()}
            assert ("pilot-cancel", "viewer@Example.com") in done
            place.roles.write_text("[people]\n")
            text = session.open("pilot")
            assert f"{NO_RIGHT} see the pages" in text and "with no role" in text
            assert "Glossary" not in text
            place.roles.write_text("[people")
            text = session.open("pilot")
            assert "nobody may do anything until" in text and str(place.folder) not in text
        finally:
            place.roles.write_text(ROLES)


def test_an_operator_may(place: Place):
    with Client(place).sign_in("operator").session() as session:
        session.open("pilot", f"lang=en&pilot={place.pilot}")
        session.click("Yes, cancel it")
    assert lifecycle.poll(place.pilot).state is State.CANCELLED
    done = {(line.act, line.who) for line in place.lines()}
    assert ("pilot-cancel", "operator@Example.com") in done
    assert decision_log.verify(place.folder / "log").sound


@pytest.mark.parametrize("name", ["stranger", "liar"])
def test_who_has_no_role_reads_one_sentence(place: Place, name: str):
    """The liar's e-mail is an operator's, and the provider did not verify it."""
    client = Client(place).sign_in(name)
    with client.session() as session:
        text = session.open("compare")
        assert f"{NO_RIGHT} see the pages" in text and "no role" in text and "Sign out" in text
        assert "Glossary" not in text and "Save this scenario" not in text
    assert upload(client) == 403


def test_who_signs_out_is_out_on_every_page(place: Place):
    """Another tab is at the door at its next act, and a copy of the cookie opens nothing."""
    client = Client(place).sign_in("analyst")
    copied = dict(client.cookies)
    with client.session() as one, client.session() as other:
        assert "Sign out" in one.open("compare") and "Sign out" in other.open("compare")
        one.click("sign-out")
        text = said(other.click("Save this scenario", **{"Name of the scenario": "Mine"}))
        assert "This Kessai is for people who sign in." in text
        assert place.scenarios() == []
    again = Client(place, copied)
    with again.session() as session:
        assert "This Kessai is for people who sign in." in session.open("compare")
    assert upload(again) == 403
    time.sleep(1.1)  # a token says its second
    with Client(place).sign_in("analyst").session() as session:
        assert "Sign out" in session.open("compare")


def test_forged_identities_are_nobody(place: Place, viewer: Client):
    cookie = "_streamlit_user"
    made = json.dumps({"is_logged_in": True, "email": "operator@example.com"})
    for value, token in (
        (viewer.cookies[cookie][:-4] + "AAAA", ""),
        (made, ""),
        (viewer.cookies[cookie], "2|12345678|" + "0" * 32),  # a page elsewhere knows no token
    ):
        with Client(place, viewer.cookies | {cookie: value}).session(token) as session:
            assert "This Kessai is for people who sign in." in session.open("compare")


def test_a_token_under_another_key_signs_nobody_in(place: Place):
    place.provider.is_lying = True
    try:
        client = Client(place).sign_in("operator")
    finally:
        place.provider.is_lying = False
    with client.session() as session:
        assert "This Kessai is for people who sign in." in session.open("")


def upload(client: Client) -> int:
    """The status of a file that is sent without any page."""
    client.get(f"{client.place.running.url}/_stcore/health")
    token = client.cookies.get("_streamlit_xsrf", "")
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\na\r\n--x--\r\n'
    status, _ = client.get(
        f"{client.place.running.url}/_stcore/upload_file/session/file",
        "PUT",
        body,
        **{
            "Content-Type": "multipart/form-data; boundary=x",
            "Origin": client.place.running.url,
            "X-Xsrftoken": token,
        },
    )
    return status


def test_files_are_taken_from_nobody_else(place: Place, viewer: Client):
    assert upload(Client(place)) == 403
    assert upload(viewer) == 400, "let through: there is no such session"


# --- in a browser -------------------------------------------------------------------------------


def test_sign_in_be_refused_sign_out(place: Place, page: Page):
    page.goto(f"{place.running.url}/?lang=en")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="viewer").click()
    account = page.get_by_role("button", name=re.compile("Account|アカウント"))
    expect(account).to_be_visible(timeout=120_000)
    page.goto(f"{place.running.url}/compare?lang=en")
    settle(page)
    page.get_by_label("Name of the scenario").fill("Mine")
    page.get_by_label("Name of the scenario").press("Tab")
    settle(page)
    page.get_by_role("button", name="Save this scenario").click()
    alert = page.get_by_role("alert").filter(has_text=NO_RIGHT)
    expect(alert).to_contain_text("Example.com with viewer: ask this Kessai")
    account.click()
    expect(page.get_by_text("Roles: viewer")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_text("see the pages, explore and export")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name=re.compile("Sign in|サインイン"))).to_be_visible()
    assert not any(one["name"] == "_streamlit_user" for one in page.context.cookies())


@pytest.fixture
def intruder(browser: Browser) -> Iterator[BrowserContext]:
    """A second browser, which shares nothing with the page of the test."""
    context = browser.new_context()
    yield context
    context.close()


def test_two_browsers_at_once(place: Place, page: Page, intruder: BrowserContext):
    """A viewer beside an analyst's scenario: by what no page offers, from a page of another server,
    and with a copied cookie after its owner signed out."""
    _sign_in(place, page, "analyst")
    page.goto(f"{place.running.url}/compare?lang=en")
    settle(page)
    page.get_by_label("Name of the scenario").fill("Ours")
    page.get_by_label("Name of the scenario").press("Tab")
    settle(page)
    page.get_by_role("button", name="Save this scenario").click()
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=60_000)
    (kept,) = place.scenarios()

    # The other browser signs in as a viewer, and presses what was drawn for the analyst.
    other = intruder.new_page()
    _sign_in(place, other, "viewer")
    viewer = Client(place, _cookies(intruder))
    with Client(place, _cookies(page.context)).session() as owner, viewer.session() as session:
        owner.open("compare")
        session.open("compare")
        session.ids |= owner.ids
        for button in ("Yes, delete it", "Propose", "Overwrite with this scenario"):
            assert NO_RIGHT in said(session.click(named(owner, button))), button
    assert place.scenarios() == [kept]

    # A page of another server in the viewer's own browser reaches neither stream nor pages.
    other.goto(f"{place.provider.url}/authorize")
    for what in (
        "url => new Promise(done => { const s = new WebSocket(url.replace('http', 'ws') + "
        "'/_stcore/stream', ['streamlit']); s.onopen = () => done('open'); "
        "s.onerror = () => done('refused') })",
        "url => fetch(url + '/_stcore/host-config', {credentials: 'include'})"
        ".then(() => 'open', () => 'refused')",
    ):
        assert other.evaluate(what, place.running.url) == "refused"
    with pytest.raises(InvalidStatus, match="403"):
        viewer_cookie = viewer.cookie
        with stream(place.running, Origin=place.provider.url, Cookie=viewer_cookie):
            pass
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost@evil.example"):
        assert viewer.get(f"{place.running.url}/", Host=host)[0] in (400, 403), host

    # The analyst's cookie in the other browser is the analyst's until that one signs out.
    intruder.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other.goto(f"{place.running.url}/compare?lang=en")
    account = re.compile("Account|アカウント")
    expect(other.get_by_role("button", name=account)).to_be_visible(timeout=60_000)
    page.get_by_role("button", name=account).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name=re.compile("Sign in|サインイン"))).to_be_visible()
    other.get_by_role("button", name="Save this scenario").click()
    for _ in range(2):
        expect(other.get_by_role("button", name=re.compile("Sign in|サインイン"))).to_be_visible()
        other.reload()
    assert place.scenarios() == [kept]
    refused = {
        line.what["act"]
        for line in place.lines()
        if line.act == "refused" and line.what.get("scenario") == "Ours"
    }
    assert refused >= {"scenario-delete", "scenario-propose", "scenario-save"}
    assert decision_log.verify(place.folder / "log").sound


def _sign_in(place: Place, page: Page, name: str) -> None:
    page.goto(f"{place.running.url}/?lang=en")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    account = page.get_by_role("button", name=re.compile("Account|アカウント"))
    expect(account).to_be_visible(timeout=120_000)


def _cookies(context: BrowserContext) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in context.cookies()}


def named(session: Session, button: str) -> str:
    """The button's key or label as it was drawn: some keys end in a version."""
    return next(one for one in session.ids if button in one)

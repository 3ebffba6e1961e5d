"""How many people can use one dashboard at once: ``python -m tests.benchmarks.load --help``.

Sessions speak Streamlit's own protocol, each on a scenario of its own, and move the slider of ε; a
move ends when the page of the new value is drawn whole. Timers are answered as a browser answers
them. ``--against FOLDER`` measures the checkout in that folder in the same run, the two taking
turns, so that what else the machine does falls on both; processor seconds a move, of all processes
of the server, depend on that least. ``--processes 2`` starts so many servers on one folder of data,
each session kept at one of them, as a sticky proxy does.

**Memory.** A server that has just started takes more with every new question (its answer is kept,
the caches are bounded) and with every page that it draws at the same time (room that the next ones
use again). Neither is a session's. So before they move, further sessions open the same scenarios
again, one after another: what the server grows by then is what a session takes.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.server import ROOT, Dashboard, running_dashboard

_SLIDER, _ENTRY = "epsilon:slider", "epsilon:typed"
_PATIENCE = 120.0
"""Seconds after which a move is an error."""
_FURTHER = 40
"""Sessions that are opened to weigh one, at least."""


@dataclass
class Viewer:
    """One session: what a browser keeps of it."""

    session: ClientConnection
    query: str
    page: str
    slider: str = ""
    entry: str = ""
    options: list[str] = field(default_factory=list)
    chosen: str = ""
    typed: str = ""
    timer: tuple[str, float] | None = None
    """The fragment that is to run by itself, and when (monotonic seconds)."""
    waited: list[float] = field(default_factory=list)
    """Seconds of each move."""
    sent_bytes: list[int] = field(default_factory=list)
    """What the server sent for each move."""
    failed: int = 0

    async def open(self) -> float:
        """Seconds until the first page is drawn."""
        first = BackMsg()
        first.rerun_script.query_string = self.query
        first.rerun_script.page_name = self.page
        return (await self._run(first))[0]

    async def use(self, moves: int, every: float, chance: random.Random) -> None:
        """Move the slider so often, ``every`` seconds apart on average; 0: at once again."""
        await asyncio.sleep(chance.uniform(0, every))
        due = time.monotonic()
        for _ in range(moves):
            await self._idle_until(due)
            due = max(due + every, time.monotonic())
            other = [one for one in self.options[5:-5] if one != self.chosen]
            self.chosen = chance.choice(other)
            try:
                seconds, size = await self._run(self._request())
            except TimeoutError:
                self.failed += 1
                return
            self.waited.append(seconds)
            self.sent_bytes.append(size)

    async def _idle_until(self, due: float) -> None:
        while (now := time.monotonic()) < due:
            if self.timer is None or self.timer[1] >= due:
                await asyncio.sleep(due - now)
                return
            await asyncio.sleep(max(0.0, self.timer[1] - now))
            fragment, self.timer = self.timer[0], None
            await self._run(self._request(fragment))

    def _request(self, fragment: str = "") -> BackMsg:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.fragment_id = self.query, fragment
        run.is_auto_rerun, run.page_name = bool(fragment), self.page
        widgets = run.widget_states.widgets
        widgets.add(id=self.slider).string_array_value.data.append(self.chosen)
        widgets.add(id=self.entry, string_value=self.typed)
        return message

    async def _run(self, message: BackMsg) -> tuple[float, int]:
        begun, size = time.monotonic(), 0
        self.timer = None
        await self.session.send(message.SerializeToString())
        while True:
            data = await asyncio.wait_for(self.session.recv(), _PATIENCE)
            assert isinstance(data, bytes)
            size += len(data)
            answer = ForwardMsg.FromString(data)
            self._hear(answer)
            if answer.WhichOneof("type") == "script_finished" and answer.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            ):
                return time.monotonic() - begun, size

    def _hear(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            timer = message.auto_rerun
            self.timer = (timer.fragment_id, time.monotonic() + timer.interval)
        elif kind == "delta":
            element = message.delta.new_element
            if element.slider.id.endswith(_SLIDER):
                self.slider, self.options = element.slider.id, list(element.slider.options)
                index = (list(element.slider.value) or list(element.slider.default))[0]
                self.chosen = self.options[int(index)]
            elif element.text_input.id.endswith(_ENTRY):
                self.entry = element.text_input.id
                self.typed = element.text_input.value or element.text_input.default


@asynccontextmanager
async def _viewers(
    servers: Sequence[Dashboard],
    number: int,
    page: str,
    chance: random.Random,
    again: Sequence[str] = (),
) -> AsyncIterator[list[Viewer]]:
    """``again``: the addresses to open, in turn, in place of new ones."""
    opened: list[Viewer] = []
    try:
        for place in range(number):
            running = servers[place % len(servers)]
            session = await connect(
                running.url.replace("http", "ws") + "/_stcore/stream",
                subprotocols=[Subprotocol("streamlit")],
                max_size=None,
                open_timeout=60,
                proxy=None,
                origin=running.url,  # type: ignore[arg-type]
                ping_interval=None,
            )
            people = round(10 ** chance.uniform(5, 8))
            query = f"compute={10 ** chance.uniform(18.5, 21):.3g}&data={people}&lang=en"
            opened.append(Viewer(session, again[place % len(again)] if again else query, page))
        yield opened
    finally:
        for viewer in opened:
            with suppress(Exception):
                await viewer.session.close()


def _processes(servers: Sequence[Dashboard]) -> Iterator[Path]:
    """Folders in /proc of the dashboards' processes, which their ports tell."""
    ports = {running.url.rsplit(":", 1)[1].encode() for running in servers}
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if ports & set(command.read_bytes().split(b"\0")):
                yield command.parent


def _memory(servers: Sequence[Dashboard]) -> float:
    """Resident memory of the dashboard's processes, MB."""
    total = 0
    for process in _processes(servers):
        with suppress(OSError):
            for line in (process / "status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total / 1024


def processor_seconds(servers: Sequence[Dashboard]) -> float:
    """Processor seconds that the dashboard's processes have used, those of the system included."""
    ticks = 0
    for process in _processes(servers):
        with suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def measure(
    servers: Sequence[Dashboard], *, sessions: int, moves: int, every: float, page: str, seed: int
) -> dict[str, float]:
    """Moves a second, seconds a move (median and 95th percentile), memory, bytes, errors.

    ``coldest_page_seconds`` is the first page of all, right after the server's start;
    ``megabytes_a_session`` what a session at rest takes, ``megabytes_grown`` what all of them with
    their answers and the room to draw pages in have taken.
    """
    chance = random.Random(seed)
    async with _viewers(servers, len(servers), page, chance) as first:  # all code is loaded by it
        coldest = max([await viewer.open() for viewer in first])
        for viewer in first:
            await viewer.use(3, 0.0, chance)
    before = _memory(servers)
    async with _viewers(servers, sessions, page, chance) as viewers:
        asked = [viewer.query for viewer in viewers]
        opened = [await viewer.open() for viewer in viewers]
        alone = _memory(servers)
        # As many as there are, so that each asks again at the server that has its answer.
        further = sessions * -(-_FURTHER // sessions)
        async with _viewers(servers, further, page, chance, again=asked) as twins:
            for twin in twins:
                await twin.open()
            a_session = (_memory(servers) - alone) / further
        begun, used = time.monotonic(), processor_seconds(servers)
        await asyncio.gather(
            *(viewer.use(moves, every, random.Random(chance.random())) for viewer in viewers)
        )
        seconds, used = time.monotonic() - begun, processor_seconds(servers) - used
        after = _memory(servers)
    waited = sorted(one for viewer in viewers for one in viewer.waited)
    sizes = [one for viewer in viewers for one in viewer.sent_bytes]
    return {
        "sessions": sessions,
        "every_seconds": every,
        "moves": len(waited),
        "moves_per_second": len(waited) / seconds,
        "median_seconds": statistics.median(waited),
        "p95_seconds": waited[int(0.95 * (len(waited) - 1))],
        "processor_seconds_a_move": used / max(1, len(waited)),
        "coldest_page_seconds": coldest,
        "first_page_median_seconds": statistics.median(opened),
        "kilobytes_a_move": statistics.mean(sizes) / 1000,
        "megabytes_a_session": a_session,
        "megabytes_grown": after - before,
        "megabytes": after,
        "errors": sum(viewer.failed for viewer in viewers),
    }


def main() -> None:
    """Print the figures as a JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--moves", type=int, default=5, help="of each session")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between moves")
    parser.add_argument("--page", default="", help="empty: Decide")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="servers that share the sessions")
    parser.add_argument("--against", type=Path, help="checkout to measure beside this one")
    parser.add_argument("--rounds", type=int, default=1, help="each with a new server")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for _ in range(asked.rounds):
        for checkout in filter(None, (asked.against, ROOT)):
            figures = _measured(checkout.resolve(), asked)
            name = "this" if checkout is ROOT else "against"
            print(json.dumps({"version": name} | figures), flush=True)


def _measured(checkout: Path, asked: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        servers = []
        for number in range(asked.processes):
            own = Path(folder) / str(number)
            own.mkdir()
            shared = {"KESSAI_DATA": str(Path(folder) / "runs")}
            servers.append(started.enter_context(running_dashboard(own, shared, checkout=checkout)))
        figures = asyncio.run(
            measure(
                servers,
                sessions=asked.sessions,
                moves=asked.moves,
                every=asked.every,
                page=asked.page,
                seed=asked.seed,
            )
        )
    return {name: round(value, 3) for name, value in figures.items()}


if __name__ == "__main__":
    main()

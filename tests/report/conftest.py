"""One small deck with everything that a renderer must cope with."""

import math

import pytest

from engine.report.deck import (
    Band,
    Bar,
    Bars,
    Deck,
    Line,
    Lines,
    Mark,
    Record,
    Section,
    Slide,
    Table,
)
from engine.report.fonts import japanese_face

INDIGO, GREY = "#3B4CC0", "#6B7080"


@pytest.fixture(scope="session")
def face():
    """The machine's Japanese font; tests that print need one."""
    return japanese_face()


@pytest.fixture
def bars() -> Bars:
    return Bars(
        unit="Fall (%)",
        alt="What doubling buys.",
        heads=("Budget", "Fall (%)"),
        bars=(
            Bar(name="計算量", end=0.54, text="0.54%", colour=GREY),
            Bar(name="人数", end=13.0, text="13%", colour=INDIGO),
        ),
    )


@pytest.fixture
def floating() -> Bars:
    """From above zero over zero to below it."""
    return Bars(
        unit="万円",
        alt="From value to what is left.",
        heads=("Figure", "From", "To"),
        bars=(
            Bar(name="Value", end=100.0, text="100", colour=INDIGO),
            Bar(name="Team", start=100.0, end=40.0, text="−60", colour=GREY),
            Bar(name="Legal", start=40.0, end=-20.0, text="−60", colour=GREY),
            Bar(name="Tax", start=-20.0, end=-30.0, text="−10", colour=GREY),
        ),
    )


@pytest.fixture
def lines() -> Lines:
    return Lines(
        x_title="Compute (FLOPs)",
        y_title="Loss",
        alt="Loss falls with compute.",
        x=(1e18, 1e19, 1e20, 1e21),
        lines=(
            Line(name="Best", y=(4.0, 3.2, 2.9, 2.8), colour=INDIGO),
            Line(name="Rule", y=(math.nan, 9.0, 3.4, 3.0), colour="#E69F00", dashed=True),
        ),
        band=Band(
            name="90%",
            low_name="90% low",
            high_name="90% high",
            low=(3.8, 3.0, 2.8, 2.7),
            high=(4.2, 3.4, 3.0, 2.9),
            colour=INDIGO,
        ),
        marks=(Mark(x=1e20, y=2.9, text="This plan: 2.90", colour=INDIGO, above=True),),
        log_x=True,
        y_range=(2.5, 4.5),
    )


@pytest.fixture
def deck(bars, floating, lines) -> Deck:
    rows = tuple((f"前提{n}", "40円", "a source that is rather long " * 4) for n in range(40))
    hostile = Table(
        title="Sources: a/b",
        heads=("name", "value", "source"),
        rows=(("x", 1.5, "=HYPERLINK(1)"), ("<b>y</b>", math.nan, "@cmd\x00\n")),
    )
    record = Record(
        title="決裁書",
        blanks=(("起案部署", "経営企画部"), ("起案者", "")),
        dated="2026年11月24日",
        request="ご決裁をお願いいたします。",
        sections=(
            Section(heading="提案", sentences=("計算量は3.8 × 10²⁰ FLOPsです。",)),
            Section(heading="数値", table=hostile),
        ),
        approvals=("起案", "審査", "決裁"),
        end="以上",
        summary=hostile,
    )
    return Deck(
        language="ja",
        title="ご提案",
        subtitle="学習しますか。",
        slides=(
            Slide(
                key="a", title="予測損失は2.85です。", points=("10²⁰ <x> & “y”",), notes=("本日は",)
            ),
            Slide(key="b", title="Bars", figure=bars),
            Slide(key="c", title="Floating", figure=floating, points=("Under it.",)),
            Slide(key="d", title="Lines", figure=lines),
            Slide(key="e", title="決裁書", table=record.summary, stamps=record.approvals),
        ),
        appendix=(
            Slide(
                key="f",
                title="付録",
                table=Table(title="前提", heads=("項目", "値", "出典"), rows=rows),
            ),
        ),
        record=record,
        data=(),
        footer="Kessai · 2026年11月24日 · 7f418c707940 · fit 9587d08f8893 · code 1836b6077508",
        address="http://localhost:8501/present?data=1e7&lang=ja",
        notes_name="ノート",
    )

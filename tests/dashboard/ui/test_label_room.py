"""A label stands where it hides neither marks nor another label."""

import numpy as np
import pytest

from dashboard.ui import label_layout, label_room
from dashboard.ui.canvas import Canvas
from dashboard.ui.colours import LIGHT

PLOT = (470.0, 290.0)


@pytest.fixture
def canvas():
    """A curve that falls from left to right, with a mark on it."""
    canvas = Canvas(LIGHT)
    canvas.log_axis("x", 1e16, 1e21)
    canvas.drawing.update_yaxes(range=[2.0, 8.0])
    x = np.geomspace(1e16, 1e21, 40)
    canvas.line(x, np.linspace(7.5, 3.3, 40), "curve", LIGHT.recommendation, 4, "solid")
    canvas.mark(5.6e17, 4.34, "circle", 17, fill=LIGHT.recommendation, edge=LIGHT.paper)
    return canvas


def boxes(canvas):
    return list(label_room._labels(canvas, PLOT))


@pytest.mark.parametrize(
    "text", ["計算量を増やしても改善は<br>1%未満", "Further compute buys<br>under 1%"]
)
def test_two_labels_near_each_other_and_a_mark_keep_clear(canvas, text):
    label_room.label(canvas, 6e19, 4.3, "計算量100倍", LIGHT.ink, plot=PLOT)
    label_room.label(canvas, 7.6e19, 3.5, text, LIGHT.ink, plot=PLOT, strong=False)
    first, second = boxes(canvas)
    assert not label_layout.overlap(first, second)
    mark = label_room._pixels(canvas, np.array([5.6e17]), np.array([4.34]), PLOT)
    for box in (first, second):
        assert not label_room._within(mark, box)
        assert not label_room._within(label_room._drawn(canvas, PLOT), box)
        assert not label_room._outside(box, PLOT)


def test_where_nothing_is_in_the_way_it_stands_next_to_its_point(canvas):
    label_room.label(canvas, 1e20, 6.0, "free", LIGHT.ink, plot=PLOT)
    label_room.label(canvas, 1e17, 3.5, "free", LIGHT.ink, plot=PLOT, below=True)
    above, below = canvas.drawing.layout["annotations"]
    assert (above["ay"], below["ay"]) == (-44, 44)

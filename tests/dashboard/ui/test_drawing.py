"""Charts as plain dictionaries: what Streamlit is given is what Plotly would have made of them."""

import base64
import json

import numpy as np
import plotly.io
import plotly.tools
import pytest

from dashboard.decide import charts
from dashboard.ui.colours import LIGHT
from dashboard.ui.drawing import Drawing
from engine.text.i18n import Words


def written(figure):
    """A figure as it goes to the browser, its typed arrays as numbers, nothing empty."""

    def plain(value):
        if isinstance(value, dict) and "bdata" in value:
            numbers = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
            shape = [int(length) for length in value.get("shape", str(numbers.size)).split(",")]
            return plain(numbers.reshape(shape).tolist())
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if one not in ([], {})}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return None if value != value else value

    taken = plotly.tools.return_figure_from_figure_or_data(figure, validate_figure=True)
    return plain(json.loads(plotly.io.to_json(taken, validate=False)))


@pytest.mark.parametrize("draw", [charts.frontier, charts.doublings, charts.wiggle_room])
def test_the_browser_gets_what_plotly_would_have_made(decide, draw):
    drawn = draw(decide(), Words("ja"), LIGHT)
    assert written(drawn.drawing.unchecked()) == written(drawn.figure)


def test_lines_across_are_those_of_plotly():
    drawing, plotlys = Drawing(), Drawing().figure()
    for axis, at in (("x", 3.0), ("y", -1.0)):
        drawing.add_line_across(axis, at, {"color": "red", "width": 2})
    plotlys.add_vline(x=3.0, line={"color": "red", "width": 2})
    plotlys.add_hline(y=-1.0, line={"color": "red", "width": 2})
    assert written(drawing.unchecked()) == written(plotlys)


def test_a_property_set_twice_keeps_what_stands_beside_it_and_none_leaves_it_to_plotly():
    drawing = Drawing()
    drawing.update_xaxes(title={"font": {"size": 9}}, range=[0, 1])
    drawing.update_xaxes(title_text="x", range=None)
    drawing.add_scatter(x=[1, None], name=None)
    found = drawing.unchecked().to_dict()
    assert found["layout"]["xaxis"] == {"title": {"font": {"size": 9}, "text": "x"}}
    assert found["data"] == [{"type": "scatter", "x": [1, None]}]


@pytest.mark.parametrize("properties", [{"colour": "red"}, {"mode": "dashed"}])
def test_what_plotly_does_not_know_is_found_by_the_check(properties):
    drawing = Drawing()
    drawing.add_scatter(x=[1], y=[2], **properties)
    with pytest.raises(ValueError, match="Invalid"):
        drawing.figure()

"""A chart as Plotly's own JSON: traces and a layout, plain dictionaries.

Plotly's graph objects check each property whenever it is set, tens of milliseconds a chart; a page
that is drawn at every move of a slider cannot afford that. So charts are put together unchecked and
checked by the tests, which read them through :meth:`Drawing.figure`.
"""

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io
from plotly.basedatatypes import BaseFigure

Properties = dict[str, Any]
"""Properties of a part of a chart, which Plotly gives no types."""

_SHORT = {"float64": "f8", "float32": "f4", "int32": "i4", "int16": "i2", "uint8": "u1"}
"""How Plotly's typed arrays name what numpy calls so."""


class Drawing:
    """Traces and layout, and the same few ways to add to them as Plotly's figures have."""

    def __init__(self) -> None:
        self.data: list[Properties] = []
        self.layout: Properties = {"xaxis": {}, "yaxis": {}, "annotations": [], "shapes": []}

    def add_scatter(self, **properties: Any) -> None:
        self.data.append({"type": "scatter"} | properties)

    def add_bar(self, **properties: Any) -> None:
        self.data.append({"type": "bar"} | properties)

    def add_contour(self, **properties: Any) -> None:
        self.data.append({"type": "contour"} | properties)

    def add_heatmap(self, **properties: Any) -> None:
        self.data.append({"type": "heatmap"} | properties)

    def add_annotation(self, **properties: Any) -> None:
        self.layout["annotations"].append(properties)

    def add_line_across(self, axis: str, at: float, line: Properties) -> None:
        """A straight line through the whole plot, at a value of ``axis``, "x" or "y"."""
        other = "y" if axis == "x" else "x"
        ends = {f"{axis}0": at, f"{axis}1": at, f"{other}0": 0, f"{other}1": 1}
        refs = {f"{axis}ref": axis, f"{other}ref": f"{other} domain"}
        self.layout["shapes"].append({"type": "line", "line": line} | ends | refs)

    def update_layout(self, **properties: Any) -> None:
        _merge(self.layout, properties)

    def update_axis(self, name: str, *, title_text: str | None = None, **properties: Any) -> None:
        """Set properties of the axis ``name``, "x" or "y"; others stay."""
        if title_text is not None:
            properties["title"] = {"text": title_text}
        _merge(self.layout[f"{name}axis"], properties)

    def update_xaxes(self, **properties: Any) -> None:
        self.update_axis("x", **properties)

    def update_yaxes(self, **properties: Any) -> None:
        self.update_axis("y", **properties)

    def figure(self) -> go.Figure:
        """The chart as Plotly's figure, each property checked: for tests, and to be changed.

        Raises :class:`ValueError` for a property or a value that Plotly does not know.
        """
        return go.Figure({"data": _cleaned(self.data), "layout": _cleaned(self.layout)})

    def unchecked(self) -> BaseFigure:
        """The chart for Streamlit, which would check a plain dictionary again at each draw."""
        layout = _cleaned(self.layout) | {"template": _template(plotly.io.templates.default)}
        return _Unchecked({"data": [_packed(_cleaned(one)) for one in self.data], "layout": layout})


class _Unchecked(BaseFigure):  # type: ignore[misc]  # Plotly has no types
    """What Streamlit takes for a figure that was checked, and asks for its dictionary alone."""

    def __init__(self, found: Properties) -> None:
        self._found = found

    def to_dict(self) -> Properties:
        return self._found


@lru_cache(maxsize=4)
def _template(name: str) -> Properties:
    """What every figure carries, as Plotly writes it."""
    found: Properties = go.Figure(layout={"template": name}).to_dict()["layout"]["template"]
    return found


def _merge(into: Properties, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _cleaned(found: Any) -> Any:
    """A copy without what is None, which leaves a property to Plotly."""
    if isinstance(found, dict):
        return {key: _cleaned(value) for key, value in found.items() if value is not None}
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return [_cleaned(one) for one in found]
    return found


def _packed(trace: Properties) -> Properties:
    """Numbers of a trace as Plotly's typed arrays: shorter, and nothing to write out."""
    return {
        key: _typed(value)
        if isinstance(value, np.ndarray)
        else _packed(value)
        if isinstance(value, dict)
        else value
        for key, value in trace.items()
    }


def _typed(array: np.ndarray) -> Properties | list[Any]:
    kind = _SHORT.get(str(array.dtype))
    if kind is None:
        numbers: list[Any] = array.tolist()
        return numbers
    packed = {"dtype": kind, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}
    if array.ndim > 1:
        packed["shape"] = ", ".join(map(str, array.shape))
    return packed

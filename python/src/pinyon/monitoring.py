"""Boards for Grafana, in the form that the engine's own has."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

from ._child import run

__all__ = ["DashboardBuilder", "export_dashboard", "overview_dashboard"]

#: Columns that a board is wide.
COLUMNS = 24


def overview_dashboard(namespace: str = "pinyon") -> dict[str, Any]:
    """The board that goes with ``--prometheus-port``: what runs did, how fast, and what was lost."""
    return dict(json.loads(run(["dashboard", "export", f"--namespace={namespace}"])))


class DashboardBuilder:
    """Puts panels on a board, from the left to the right and then below.

    Parameters
    ----------
    title : str
        The board's title.

    Examples
    --------
    >>> builder = DashboardBuilder("My Dashboard")                           # doctest: +SKIP
    >>> builder.add_stat_panel("Flows", "pinyon_flows_total")                # doctest: +SKIP
    >>> export_dashboard("dashboard.json", builder.build())                  # doctest: +SKIP
    """

    def __init__(self, title: str) -> None:
        board = overview_dashboard()
        self._panels: dict[str, dict[str, Any]] = {}
        for panel in board["panels"]:
            self._panels.setdefault(panel["type"], panel)
        slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split())[:40]
        self._board = {**board, "title": title, "uid": slug, "panels": [], "tags": ["pinyon", "custom"]}
        self._x = self._y = self._below = 0

    def add_stat_panel(self, title: str, expr: str, *, width: int = 6, height: int = 4) -> DashboardBuilder:
        """Add one number: the value of a query now."""
        return self._add("stat", title, expr, width, height)

    def add_graph_panel(self, title: str, expr: str, *, width: int = 12, height: int = 8) -> DashboardBuilder:
        """Add a curve: a query over time."""
        return self._add("timeseries", title, expr, width, height)

    def _add(self, kind: str, title: str, expr: str, width: int, height: int) -> DashboardBuilder:
        if not 1 <= width <= COLUMNS or height < 1:
            raise ValueError(f"a panel of {width} by {height}; want a width of 1 to {COLUMNS} and a height of 1 or more")
        panel = copy.deepcopy(self._panels[kind])
        if self._x + width > COLUMNS:
            self._x, self._y = 0, self._below
        panel.pop("description", None)
        target = {**panel["targets"][0], "expr": expr}
        target.pop("legendFormat", None)
        panels: list[Any] = self._board["panels"]
        panel.update(id=len(panels) + 1, title=title, targets=[target])
        panel["gridPos"] = {"x": self._x, "y": self._y, "w": width, "h": height}
        self._x, self._below = self._x + width, max(self._below, self._y + height)
        panels.append(panel)
        return self

    def build(self) -> dict[str, Any]:
        """The board."""
        return copy.deepcopy(self._board)


def export_dashboard(path: str | os.PathLike[str], board: dict[str, Any] | None = None) -> None:
    """Write a board to a file that Grafana imports; without one the overview."""
    text = json.dumps(overview_dashboard() if board is None else board, indent=2)
    Path(path).write_text(text + "\n", encoding="utf-8")

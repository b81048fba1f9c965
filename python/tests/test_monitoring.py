"""Boards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinyon.monitoring import DashboardBuilder, export_dashboard, overview_dashboard


def test_builder(tmp_path: Path) -> None:
    """The example of the page, under this program's names of metrics."""
    builder = DashboardBuilder("My Dashboard")
    builder.add_stat_panel("Flows", "pinyon_flows_total")
    builder.add_graph_panel("Rate", "rate(pinyon_flows_total[1m])").add_graph_panel("Again", "rate(pinyon_flows_total[5m])")
    export_dashboard(tmp_path / "dashboard.json", builder.build())
    board = json.loads((tmp_path / "dashboard.json").read_text())
    assert (board["title"], board["uid"]) == ("My Dashboard", "my-dashboard")
    assert [(p["type"], p["title"], p["targets"][0]["expr"]) for p in board["panels"]] == [
        ("stat", "Flows", "pinyon_flows_total"),
        ("timeseries", "Rate", "rate(pinyon_flows_total[1m])"),
        ("timeseries", "Again", "rate(pinyon_flows_total[5m])"),
    ]
    taken = [
        {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
        for g in (p["gridPos"] for p in board["panels"])
    ]
    assert sum(map(len, taken)) == len(set().union(*taken)) and all(x < 24 for t in taken for x, _ in t)
    assert board["schemaVersion"] == overview_dashboard()["schemaVersion"]
    with pytest.raises(ValueError, match="width"):
        builder.add_stat_panel("x", "y", width=25)


def test_overview(tmp_path: Path) -> None:
    export_dashboard(tmp_path / "o.json")
    assert json.loads((tmp_path / "o.json").read_text()) == overview_dashboard()

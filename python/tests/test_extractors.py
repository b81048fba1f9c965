"""Columns of one's own, flows by hand, and the helpers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import pinyon as jj
from pinyon import extractors
from pinyon.capture import DpktBackend
from pinyon.core import Flow
from pinyon.extractors import FeatureExtractor, SizeExtractor, TimingExtractor
from pinyon.utils import LabelLoader, byte_entropy, compute_ja3_hash, compute_statistics


class MyExtractor(FeatureExtractor):
    """That of the page."""

    def extract(self, flow: Flow) -> dict[str, Any]:
        return {"my_feature": len(flow.packets)}

    @property
    def feature_names(self) -> list[str]:
        return ["my_feature"]


class Check(FeatureExtractor):
    payload = 1500
    feature_types = {"bytes": "int", "first": "text", "ended": "bool", "none": "int"}  # noqa: RUF012

    def extract(self, flow: Flow) -> Mapping[str, Any]:
        assert flow.features["total_packets"] == flow.packet_count == len(flow.initiator_packets) + len(flow.responder_packets)
        assert sum(p.total_len for p in flow.packets) == flow.byte_count
        first = next((p.raw_payload for p in flow.packets if p.raw_payload), b"")
        return {"bytes": sum(p.payload_len for p in flow.packets), "first": first[:3].decode("latin-1"), "ended": flow.terminated}

    @property
    def feature_names(self) -> Sequence[str]:
        return ["bytes", "first", "ended", "none"]


def test_custom(testdata: Path) -> None:
    files = [testdata / "http1.pcap", testdata / "ssh.pcap"]
    pipeline = jj.Pipeline(extractors=[MyExtractor(), Check()])
    table = pipeline.process_pcap(files, "arrow")
    assert table.schema == pipeline.schema
    assert table.drop_columns(["my_feature", "bytes", "first", "ended", "none"]).equals(jj.extract(files, output_format="arrow"))
    assert table["my_feature"].to_pylist() == [float(n) for n in table["total_packets"].to_pylist()]
    assert table["bytes"].equals(table["payload_bytes_total"])
    assert table["first"].to_pylist() == ["GET", "SSH"]
    assert table["ended"].to_pylist() == [True, True] and table["none"].null_count == 2
    for keys in ({"features": "timing"}, {"specific_features": ["total_packets", "total_bytes"]}, {"profile": "JJ-CORE"}):
        names = jj.Pipeline(jj.Config(**keys), extractors=[MyExtractor()]).process_pcap(files, "arrow").schema.names
        assert names[-1] == "my_feature" and not any(n.startswith("packet_list") for n in names)


def test_bounds(http1: Path) -> None:
    class Few(MyExtractor):
        max_packets = 5

    with jj.Pipeline(extractors=[Few()]).iter_batches(http1) as stream:
        assert stream.read_all()["my_feature"].to_pylist() == [5.0]
    assert stream.packets_beyond == 13  # type: ignore[attr-defined]


def test_wrong(http1: Path) -> None:
    class Unnamed(MyExtractor):
        def extract(self, flow: Flow) -> dict[str, Any]:
            return {"other": 1}

    class Taken(MyExtractor):
        feature_names = ["src_ip"]  # type: ignore[assignment]  # noqa: RUF012

    class Typed(MyExtractor):
        feature_types = {"my_feature": "int"}  # noqa: RUF012

        def extract(self, flow: Flow) -> dict[str, Any]:
            return {"my_feature": "many"}

    for extractor, text in ((Unnamed(), "feature_names does not name"), (Taken(), "already"), (Typed(), "feature_types")):
        with pytest.raises(ValueError, match=text):
            jj.Pipeline(extractors=[extractor]).process_pcap(http1)
    with pytest.raises(TypeError):
        jj.Pipeline(extractors=[len])  # type: ignore[list-item]


def test_built_in(http1: Path) -> None:
    """The eleven names are the engine's groups."""
    names = [n for n in extractors.__all__ if n != "FeatureExtractor"]
    assert len(names) == 11
    for name in names:
        extractor = getattr(extractors, name)()
        assert extractor.feature_names, name
    pipeline = jj.Pipeline(jj.Config(features=["flow_meta"]), extractors=[TimingExtractor(), SizeExtractor()])
    got = pipeline.process_pcap(http1, "arrow")
    assert got.equals(jj.extract(http1, ["flow_meta", "timing", "size"], "arrow"))
    flow = Flow.from_first_packet(next(DpktBackend().iter_packets_offline(http1)))
    flow.features = got.to_pylist()[0]
    assert TimingExtractor().extract(flow)["iat_mean"] == got["iat_mean"][0].as_py()


def test_flow_by_hand(http1: Path) -> None:
    packets = list(DpktBackend().iter_packets_offline(str(http1)))
    flow = jj.Flow.from_first_packet(packets[0])
    for packet in packets[1:]:
        flow.add_packet(packet)
    row = jj.extract(http1).iloc[0]
    assert (flow.key.src_ip, flow.key.dst_port, flow.key.protocol) == (row.src_ip, row.dst_port, 6)
    assert flow.packet_count == row.total_packets and flow.byte_count == row.total_bytes and flow.terminated
    assert flow.duration == pytest.approx(row.duration) and flow.start_time == pytest.approx(row.start_time)
    assert [flow.get_direction(p) for p in packets[:3]] == [0, 1, 0]
    assert len(flow.initiator_packets) == row.packets_fwd
    assert flow.is_expired(60.0, flow.end_time + 61) and not flow.is_expired(60.0, flow.end_time + 59)


def test_helpers(testdata: Path) -> None:
    stats = compute_statistics([1.0, 2.0, 3.0])
    assert (stats.mean, stats.min, stats.max) == (2.0, 1.0, 3.0) and stats.std == pytest.approx(math.sqrt(2 / 3))
    assert compute_statistics([]).count == 0
    assert byte_entropy(bytes(range(256))) == 8.0 and byte_entropy(b"aaaa") == 0.0 == byte_entropy(b"")
    hashed = compute_ja3_hash(
        tls_version=0x0303, cipher_suites=[0x1301], extensions=[0x0000], elliptic_curves=[0x001D], ec_point_formats=[0x00]
    )
    assert len(hashed) == 32
    # The engine's own hash, from the numbers of its own text.
    row = jj.extract(testdata / "tls13.pcap", "all,extra").iloc[0]
    version, *lists = row.ja3_string.split(",")
    numbers = [[int(n) for n in part.split("-") if n] for part in lists]
    assert compute_ja3_hash(int(version), *numbers) == row.ja3_hash
    assert compute_ja3_hash(int(version), [0x0A0A, *numbers[0]], *numbers[1:]) == row.ja3_hash


def test_labels(testdata: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("src_ip,dst_ip,dst_port,protocol,label\n10.77.0.1,10.77.0.2,80,TCP,web\n10.77.0.2,10.77.0.1,,,back\n")
    loader = LabelLoader()
    assert loader.load_csv(path) == 2 and loader.unique_labels == {"web", "back"}
    files = [testdata / "http1.pcap", testdata / "ssh.pcap"]
    frame = loader.merge_with_features(jj.extract(files))
    assert frame["label"].tolist() == ["web", "back"]
    assert [r["label"] for r in loader.merge_with_features(jj.extract(files, output_format="dict"))] == ["web", "back"]
    table = loader.merge_with_features(jj.extract(files, output_format="arrow"))
    assert isinstance(table, pa.Table) and table["label"].to_pylist() == ["web", "back"]
    # The engine does the same while it extracts.
    path.write_text("src_ip,dst_ip,dst_port,protocol,label\n10.77.0.1,10.77.0.2,80,TCP,web\n")
    assert jj.extract(files, labels=str(path))["label"].tolist() == ["web", "unknown"]
    path.write_text("label\nx\n")
    with pytest.raises(ValueError, match="names no flow"):
        loader.load_csv(path)

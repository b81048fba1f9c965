"""Writers: every one is a sink of the engine."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest

import pinyon as jj
from pinyon.output import DatabaseWriter, KafkaWriter, StreamingWriter, to_csv, to_dataframe, to_json, to_numpy, to_parquet


@pytest.fixture
def pipeline() -> jj.Pipeline:
    return jj.Pipeline(jj.Config(features=["flow_meta", "timing"]))


def test_streaming_writer(pipeline: jj.Pipeline, http1: Path, tmp_path: Path) -> None:
    path = tmp_path / "output.csv"
    with StreamingWriter(path, format="csv") as writer:
        for features in pipeline.iter_features(str(http1)):
            writer.write(features)
    assert writer.rows_written == 1
    with path.open(newline="") as f:
        rows = list(csv.DictReader(f))
    assert rows[0]["dst_port"] == "80"
    assert list(rows[0]) == pipeline.get_feature_names()


def test_database_writer(pipeline: jj.Pipeline, testdata: Path, tmp_path: Path) -> None:
    path = tmp_path / "features.db"
    with DatabaseWriter(f"sqlite:///{path}", table="flows") as writer:
        for name in ("http1.pcap", "ssh.pcap"):
            for features in pipeline.iter_features(testdata / name):
                writer.write(features)
    db = sqlite3.connect(path)
    assert db.execute("select dst_port from flows order by 1").fetchall() == [(22,), (80,)]
    db.close()


def test_functions(pipeline: jj.Pipeline, http1: Path, tmp_path: Path) -> None:
    frame = pipeline.process_pcap(http1)
    rows = pipeline.process_pcap(http1, "dict")
    table = pipeline.process_pcap(http1, "arrow")
    for given in (frame, rows, table, iter(rows), pipeline.process_pcap(http1, "polars")):
        assert to_csv(given, tmp_path / "a.csv") == 1
    assert to_json(rows, tmp_path / "a.jsonl") == 1
    assert json.loads((tmp_path / "a.jsonl").read_text())["dst_port"] == 80
    assert to_json(rows, tmp_path / "a.json", lines=False) == 1
    assert len(json.loads((tmp_path / "a.json").read_text())) == 1
    assert to_parquet(frame, tmp_path / "a.parquet") == 1
    assert jj.read(tmp_path / "a.parquet").arrow.column("dst_port").to_pylist() == [80]
    array, names = to_numpy(rows)
    assert array.shape == (1, len(names)) and "src_ip" not in names
    assert to_dataframe(rows).equals(frame)
    assert pipeline.process_pcap_streaming(http1, tmp_path / "b.jsonl") == 1
    to_csv(rows, tmp_path / "c.csv", include_header=False)
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 1


def test_no_rows(pipeline: jj.Pipeline, tmp_path: Path) -> None:
    with StreamingWriter(tmp_path / "a.csv", schema=pipeline.schema):
        pass
    assert (tmp_path / "a.csv").read_text().splitlines() == [",".join(pipeline.get_feature_names())]


def test_errors(http1: Path, tmp_path: Path) -> None:
    rows = jj.extract(http1, output_format="dict")
    with pytest.raises(jj.PinyonError, match="no such file or directory"):
        to_csv(rows, tmp_path / "none" / "a.csv")
    with pytest.raises(jj.UsageError), StreamingWriter(tmp_path / "a.xyz", format="xyz") as writer:
        writer.write(rows[0])
    with pytest.raises(TypeError, match="one row"):
        to_csv(rows[0], tmp_path / "a.csv")
    writer = StreamingWriter(tmp_path / "b.csv")
    writer.write(rows[0])
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(rows[0])
    # Nothing listens there: rows are lost, and that is told.
    with pytest.raises(jj.PinyonError), KafkaWriter("127.0.0.1:1", topic="t") as kafka:
        kafka._flags.append("--kafka-timeout=1s")
        kafka.write(rows[0])

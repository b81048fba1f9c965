"""Rows: every form, every kind of input, the same as the command's."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

import pinyon as jj
from pinyon._binary import find_binary


def command(*args: str) -> pa.Table:
    """What the command itself writes."""
    out = subprocess.run([find_binary(), "extract", *args, "-f", "arrow", "--no-progress"], capture_output=True, check=True).stdout
    return pa.ipc.open_stream(out).read_all()


def test_equals_the_command(testdata: Path) -> None:
    files = sorted(str(p) for p in testdata.glob("*.pcap"))
    assert jj.extract(files, output_format="arrow").equals(command(*files))
    got = jj.extract(files, "all,extra", "arrow", missing="null", num_workers=2)
    assert got.equals(command(*files, "--features", "all,extra", "--missing", "null", "-w", "2"))


@pytest.mark.parametrize("missing", ["zero", "null"])
def test_types_depend_on_the_configuration_alone(testdata: Path, missing: str) -> None:
    empty = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    keys = {"missing": missing, "include_raw_sequences": True, "include_splt": True, "include_trace": True}
    none = jj.extract(empty, **keys)
    assert len(none) == 0
    for name in ("http1.pcap", "dns_udp.pcap", "arp.pcap"):
        frame = jj.extract(testdata / name, **keys)
        assert list(frame.columns) == list(none.columns)
        for column in frame.columns:
            assert frame[column].dtype == none[column].dtype, column
            if str(frame[column].dtype) == "object":
                assert frame[column].map(type).eq(str).all(), column
    assert jj.extract(empty, output_format="arrow", **keys).schema == jj.Pipeline(jj.Config(**keys)).schema


def test_forms(http1: Path) -> None:
    table = jj.extract(http1, output_format="arrow")
    frame = jj.extract(http1)
    assert frame["dst_port"].tolist() == [80]
    assert frame.attrs["pinyon"]["packets"] == 18
    assert jj.extract(http1, output_format="dict") == table.to_pylist()
    numbers = [f.name for f in table.schema if not pa.types.is_string(f.type)]
    array = jj.extract(http1, output_format="numpy")
    assert array.shape == (1, len(numbers)) and array.dtype == "float64"
    assert array[0, numbers.index("total_packets")] == 18
    polars = pytest.importorskip("polars")
    assert isinstance(jj.extract(http1, output_format="polars"), polars.DataFrame)
    with pytest.raises(ValueError, match="output_format"):
        jj.extract(http1, output_format="xls")  # type: ignore[arg-type]


def test_missing_form_names_the_extra(http1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"pip install 'pinyon\[polars\]'"):
        jj.extract(http1, output_format="polars")


def test_inputs(http1: Path, tmp_path: Path) -> None:
    want = jj.extract(http1, output_format="arrow")
    data = http1.read_bytes()
    packed = tmp_path / "a.pcap.gz"
    packed.write_bytes(gzip.compress(data))
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(http1, folder / "-x.pcap")
    for source in (str(http1), http1, data, bytearray(data), io.BytesIO(data), packed, folder, str(folder / "*.pcap"), [http1]):
        assert jj.extract(source, output_format="arrow").equals(want), source
    with http1.open("rb") as f:
        assert jj.extract(f, output_format="arrow").equals(want)
    both = jj.extract([data, http1, io.BytesIO(data)], output_format="arrow")
    assert both.equals(pa.concat_tables([want] * 3))
    with jj.iter_batches([data, data]) as stream:
        stream.read_all()
    assert stream.summary is not None
    assert stream.summary["flows"] == 2 and len(stream.summary["runs"]) == 2


def test_fsspec(http1: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://captures/http1.pcap", "wb") as f:
        f.write(http1.read_bytes())
    got = jj.extract("memory://captures/http1.pcap", output_format="arrow")
    assert got.equals(jj.extract(http1, output_format="arrow"))
    with pytest.raises(FileNotFoundError):
        jj.extract("memory://captures/none.pcap")


def test_page_of_the_library(http1: Path, testdata: Path) -> None:
    """The examples of JoyfulJay's page on extraction, as they stand but for names of files."""
    config = jj.Config(features=["timing", "size"])
    pipeline = jj.Pipeline(config)
    df = pipeline.process_pcap(str(http1))
    assert list(df.columns) == pipeline.get_feature_names()
    df = pipeline.process_pcaps_batch([str(http1), str(testdata / "ssh.pcap"), str(testdata / "http2.pcap")], num_workers=4)
    assert len(df) == 3
    seen = [features["pkt_len_mean"] for features in pipeline.iter_features(str(http1))]
    assert len(seen) == 1
    df = jj.extract(str(http1), flow_timeout=30.0, anonymize_ips=True)
    assert df["src_ip"][0] != "10.77.0.1"
    config = jj.Config(features=["timing", "tls", "fingerprint"], flow_timeout=30.0, anonymize_ips=True)
    assert config.flow_timeout == 30.0 and config.max_sequence_length == 100


def test_errors(http1: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(jj.InputNotFoundError):
        jj.extract("/no/such.pcap")
    with pytest.raises(FileNotFoundError):
        jj.extract(str(tmp_path / "*.pcap"))
    with pytest.raises(jj.ConfigError, match="^flow_timeout: -1 is not allowed"):
        jj.extract(http1, flow_timeout=-1)
    with pytest.raises(jj.FilterError, match="syntax error"):
        jj.extract(http1, bpf_filter="port = 80")
    with pytest.raises(ValueError, match="unknown feature group"):
        jj.extract(http1, features="nothing")
    with pytest.raises(TypeError, match="did you mean flow_timeout"):
        jj.extract(http1, flow_timeut=1)
    with pytest.raises(jj.ConfigError, match="num_workers"):
        jj.Config(num_workers="two")  # type: ignore[arg-type]
    text = tmp_path / "text.pcap"
    text.write_text("no capture")
    with pytest.raises(jj.InputError, match="not a capture"):
        jj.extract(text)
    assert not recwarn.list


def test_damage(http1: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(http1.read_bytes()[:3000])
    with pytest.warns(jj.IncompleteWarning, match="cut by the end of the file") as told:
        assert len(jj.extract(cut)) == 1
    assert told[0].filename == __file__
    with pytest.raises(jj.IncompleteError) as e:
        jj.extract(cut, on_damage="raise")
    assert e.value.summary is not None and e.value.summary["packets"] == 7
    assert len(jj.extract([cut, http1], on_damage="ignore")) == 2


def test_secret_is_on_no_command_line(http1: Path) -> None:
    config = jj.Config(anonymize_ips=True, anonymization_salt="pepper")
    assert not any("pepper" in flag for flag in config.flags())
    salted = jj.extract(http1, config=config)["src_ip"][0]
    assert salted == jj.extract(http1, config=config)["src_ip"][0] != jj.extract(http1, anonymize_ips=True)["src_ip"][0]


def test_variables_of_the_command_do_not_count(http1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    want = jj.extract(http1, output_format="arrow")
    monkeypatch.setenv("PINYON_FLOW_TIMEOUT", "0.00001")
    assert jj.extract(http1, output_format="arrow").equals(want)


def test_config_files(tmp_path: Path) -> None:
    config = jj.Config(features=["timing"], flow_timeout=5)
    config.to_json(tmp_path / "c.json")
    assert jj.Config.from_file(tmp_path / "c.json") == config
    (tmp_path / "d.json").write_text('{"flow_timeut": 1}')
    with pytest.raises(jj.ConfigError, match="did you mean flow_timeout"):
        jj.Config.from_file(tmp_path / "d.json")
    assert jj.Config(**{**config.to_dict(), "flow_timeout": None}).flow_timeout == 60.0


def test_table(http1: Path, tmp_path: Path) -> None:
    table = jj.read(http1)
    assert table.unit("duration") == "s" and table.describe("duration").startswith("Time from")
    assert "10.77.0.2" in repr(table) and "18 packets" in repr(table)
    page = table._repr_html_()
    assert "<small>s&nbsp;</small>" in page and 'title="Time from' in page
    report = table.explore()
    assert "srcdoc" in report._repr_html_() and "10.77.0.2" in report.html()
    path = tmp_path / "rows.parquet"
    assert table.write(path) == 1
    again = jj.read(path)
    assert again.columns == table.columns and again.arrow.to_pylist() == table.arrow.to_pylist()


def test_features(testdata: Path) -> None:
    frame = jj.extract(str(testdata / "*.pcap"), output_format="dataframe", on_damage="ignore")
    frame["label"] = "none"
    x, y, ids, names = jj.features(frame)
    assert list(x.columns) == names and len(y) == len(x) == len(ids)
    assert not {"src_ip", "label", "src_port", "start_time"} & set(names)
    assert {"src_ip", "dst_port", "start_time"} <= set(ids.columns)
    assert set(map(str, x.dtypes)) == {"float64"}


def test_duckdb(http1: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    flows = jj.scan(http1)
    assert duckdb.sql("select dst_port, total_packets from flows").fetchall() == [(80, 18)]

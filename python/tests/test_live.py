"""Live capture, in a network namespace of its own: a veth pair whose other end sends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import wait_for

import pinyon as jj
import pinyon.pcap as pcap
from pinyon import listener
from pinyon._binary import find_binary
from pinyon.feeds import Live
from pinyon.listener import NetworkError, capture, find_all_devs
from pinyon.sniffer import PacketCapture
from pinyon.sniffer.exceptions import CaptureError, FilterError, InterfaceError
from pinyon.sniffer.sniffer_config import SnifferConfig

NEWNET = 0x40000000


def _ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True)


@pytest.fixture(scope="module")
def veth() -> Iterator[str]:
    """An interface whose peer, v1, belongs to the test. The whole test process moves into the namespace."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if libc.unshare(NEWNET) != 0:
        os.close(home)
        pytest.skip("no network namespace can be made")
    try:
        _ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
        for name in ("v0", "v1", "lo"):
            with contextlib.suppress(OSError):
                Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
            _ip("link", "set", name, "up")
        _ip("addr", "add", "10.77.0.2/24", "dev", "v0")
        yield "v0"
    except (FileNotFoundError, subprocess.CalledProcessError) as e:
        pytest.skip(f"no veth pair can be made: {e}")
    finally:
        libc.setns(home, NEWNET)
        os.close(home)


def replay(testdata: Path, name: str = "http1.pcap") -> None:
    out = subprocess.run([find_binary(), "replay", "--topspeed", str(testdata / name), "v1"], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr


FILTER = "tcp port 80"


def test_basic_capture(veth: str, testdata: Path, tmp_path: Path) -> None:
    """Basic, asynchronous and statistics of the page, by callbacks and without."""
    seen: list[str] = []
    told: list[dict[str, int]] = []
    out = tmp_path / "packets.pcap"
    c = PacketCapture(interface=veth, packet_count=18, filter_str=FILTER, output_file=out, packet_callback=lambda packet: seen.append(
        packet.summary()), stats_callback=told.append, stats_interval=0.05)  # fmt: skip
    assert not c.is_running and c.interface == veth
    c.start_async()
    assert c.is_running
    with pytest.raises(CaptureError, match="runs already"):
        c.start()
    replay(testdata)
    assert c.wait(60)
    assert len(seen) == 18 and c.packets_captured == 18 and not c.is_running
    stats = c.get_stats()
    assert (stats["captured"], stats["dropped"], stats["interface_dropped"]) == (18, 0, 0)
    assert told[-1]["captured"] == 18
    assert len(jj.extract(out)) == 1
    # Again, with the thread that calls, and without a callback.
    c = PacketCapture(interface=veth, packet_count=5, filter_str=FILTER)
    t = threading.Thread(target=c.start)
    t.start()
    wait_for(lambda: c.is_running)
    replay(testdata)
    t.join(60)
    assert c.packets_captured == 5


def test_stop(veth: str, testdata: Path) -> None:
    """Stop from another thread, inside a callback, twice, and before anything."""
    c = PacketCapture(interface=veth, filter_str=FILTER)
    c.stop()
    c.start_async()
    c.stop()
    c.stop()
    assert not c.is_running and c.wait(0)

    got = []

    def once(packet: object) -> None:
        got.append(packet)
        c.stop()

    c = PacketCapture(interface=veth, filter_str=FILTER, packet_callback=once)
    c.start_async()
    replay(testdata)
    assert c.wait(60) and len(got) == 1
    c = PacketCapture(interface=veth, timeout=0.2)
    begin = time.monotonic()
    c.start()
    assert time.monotonic() - begin >= 0.2


def test_callback_that_fails(veth: str, testdata: Path) -> None:
    c = PacketCapture(interface=veth, filter_str=FILTER, packet_callback=lambda _: 1 // 0)
    c.start_async()
    replay(testdata)
    with pytest.raises(ZeroDivisionError):
        c.wait(60)
    assert not c.is_running


def test_set_filter(veth: str, testdata: Path) -> None:
    """Before, during and after; from inside a callback no packet of the former filter comes any more."""
    seen: list[int] = []
    done = threading.Event()

    def on(packet: jj.Packet) -> None:
        seen.append(packet.dst_port if packet.dst_port in (80, 22) else packet.src_port)
        if len(seen) == 1:
            c.set_filter("tcp port 22")
        elif len(seen) == 46:
            done.set()

    c = PacketCapture(interface=veth, packet_callback=on)
    with pytest.raises(FilterError):
        c.set_filter("port = 80")
    c.set_filter(FILTER)
    c.start_async()
    replay(testdata)
    wait_for(lambda: seen)
    with pytest.raises(ValueError, match="syntax"):
        c.set_filter("tcp port")
    replay(testdata, "ssh.pcap")
    assert done.wait(60), seen
    c.stop()
    assert seen == [80] + [22] * 45
    stats = c.get_stats()
    assert stats["captured"] == 46
    assert stats["received"] == stats["captured"] + stats["dropped"] + stats["filter_dropped"] + stats["queue_dropped"] + stats["queued"]


def test_errors_of_the_page(veth: str) -> None:
    c = PacketCapture(interface="invalid")
    with pytest.raises(InterfaceError, match="invalid"):
        c.start()
    with pytest.raises(FilterError):
        PacketCapture(interface=veth, filter_str="port = 80").start()
    with pytest.raises(ValueError, match="buffer_size"):
        PacketCapture(buffer_size=1)


def test_from_configuration(veth: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "config.yaml"
    path.write_text(f"sniffer:\n  interface: {veth}\n  timeout: 0.1\n  buffer_size: 128KB\n  filters: [tcp port 80, udp]\n  filter: ip\n")
    config = SnifferConfig.from_yaml(path)
    c = PacketCapture.from_config(config)
    c.start()
    assert c.get_stats()["captured"] == 0
    config.to_yaml(tmp_path / "again.yaml")
    assert SnifferConfig.from_yaml(tmp_path / "again.yaml") == config
    path.write_text("sniffer:\n  interfaces: eth0\n")
    with pytest.raises(jj.ConfigError, match="did you mean interface"):
        SnifferConfig.from_yaml(path)


def test_feed(veth: str, testdata: Path) -> None:
    with Live(veth, timeout=0.2, filter=FILTER) as feed:
        assert feed.next() is None
        replay(testdata)
        packet = feed.next()
        assert packet is not None and packet[2] == 74
        got: list[int] = []
        while len(got) < 17:
            feed.dispatch(-1, lambda _p, _t, length: got.append(length))
        assert len(got) == 17
        assert feed.inject(packet[0]) == len(packet[0])
        sent = feed.next()
        assert sent is not None and sent[0] == packet[0]
        assert feed.stats()[0] >= 19


def test_pypcap(veth: str, testdata: Path) -> None:
    p = pcap.pcap(veth)
    assert p.getnonblock() is False
    p.setfilter(FILTER)
    p.setnonblock()
    assert p.getnonblock() is True
    with pytest.raises(BlockingIOError):
        p.__next__()
    replay(testdata)
    got = []
    for _timestamp, buf in p:
        got.append(buf)
        if len(got) == 18:
            break
    p.setnonblock(False)
    assert p.dispatch(1, lambda *_: None) == 0
    p.close()


def test_listener(veth: str, testdata: Path) -> None:
    """The program of the page: capture, wait, look for an error, get."""
    device = next(d for d in find_all_devs() if d.name == veth)
    assert device.ready() and device.comp_net_id("10.77.0.9") and not device.comp_net_id("10.78.0.1")
    assert device.address_families["IPv4"][0] == {"ip": "10.77.0.2", "mask": "255.255.255.0", "cdir": 24, "net_id": (10 << 16) + (77 << 8)}
    with pytest.raises(NetworkError):
        device.comp_net_id("10.77")
    with pytest.raises(NetworkError):
        capture("nothing0", [])
    a_obj = capture(veth, ["tcp", "port", "80"], style="seed")
    assert a_obj.error() is None and len(a_obj.get()) == 0
    replay(testdata)
    frames = []
    wait_for(lambda: frames.append(a_obj.get()) or sum(map(len, frames)) == 18)
    frame = max(frames, key=len)
    assert list(frame.columns) == [
        "Timestamp", "Ethertype", "Direction", "Source_mac", "Destination_mac", "Source_ip", "Source_port", "Destination_ip",
        "Destination_port", "Prot_type", "Operation", "Size",
    ]  # fmt: skip
    assert set(frame["Prot_type"]) == {"TCP"} and str(frame["Source_port"].dtype) == "Int64" and frame["Ethertype"].iloc[0] == 2048
    assert set(frame["Direction"]) == {""}  # forwarded: the frames are for another station
    a_obj.close()
    assert a_obj.error() is None


def test_spelling_of_the_seed() -> None:
    columns = {f.name: pa.array([None] * 5, f.type) for f in listener._SCHEMA}
    columns["direction"] = pa.array(["Up", "Down", "Local", "Forwarded", "Unknown"])
    assert listener._seed(pa.table(columns))["Direction"].to_pylist() == ["UP", "Down", "", "", ""]


def test_extract_live(veth: str, testdata: Path) -> None:
    got: list[object] = []
    t = threading.Thread(target=lambda: got.append(jj.extract_live(veth, packet_count=18, duration=60, bpf_filter=FILTER)))
    t.start()
    wait_for(lambda: replay(testdata) or not t.is_alive() or time.sleep(0.2))
    t.join(60)
    assert got[0]["total_packets"].sum() == 18  # type: ignore[index]
    with pytest.raises(ValueError, match="syntax"):
        jj.extract_live(veth, bpf_filter="port = 80")

"""Feeds and the pages' examples on files; live ones are in test_live.py."""

from __future__ import annotations

import datetime
import struct
import threading
from pathlib import Path

import pytest

import pinyon as jj
import pinyon.pcap as pcap
from pinyon.capture import DpktBackend, ScapyBackend
from pinyon.feeds import Offline, UnsupportedError
from pinyon.packet import Packet

pytestmark = pytest.mark.usefixtures("clean")


def records(path: Path) -> list[tuple[int, int, int, bytes]]:
    """The records of a pcap file with times in microseconds or nanoseconds: s, fraction, length, bytes."""
    data, out, at = path.read_bytes(), [], 24
    while at < len(data):
        sec, frac, cap, wire = struct.unpack_from("<IIII", data, at)
        out.append((sec, frac, wire, data[at + 16 : at + 16 + cap]))
        at += 16 + cap
    return out


def test_dispatch_loop_next(http1: Path) -> None:
    want = records(http1)
    got: list[tuple[bytes, tuple[int, int], int]] = []
    with Offline(http1) as feed:
        assert feed.datalink() == 1
        assert feed.dispatch(3, lambda packet, tstamp, length: got.append((packet, tstamp, length))) == 3
        assert [(p, t[0], n) for p, t, n in got] == [(r[3], r[0], r[2]) for r in want[:3]]
        packet = feed.next(interpret=1)
        assert packet is not None and packet[0].frame == want[3][3]
        assert feed.loop(5, lambda *args: got.append(args)) == 5
        rest = list(feed)
        assert [p for p, _, _ in rest] == [r[3] for r in want[9:]]
        assert feed.dispatch(0, lambda *args: got.append(args)) == 0
        with pytest.raises(EOFError):
            feed.next()


def test_filter_holds_for_what_was_read_ahead(http1: Path) -> None:
    with Offline(http1) as feed:
        assert feed.next() is not None
        feed.filter("tcp[tcpflags] & tcp-fin != 0")
        with pytest.raises(ValueError, match="syntax error"):
            feed.filter("port = 80")
        assert feed.dispatch(0, lambda *_: None) == 2
    with Offline(http1, filter="udp") as feed:
        assert list(feed) == []


def test_errors(http1: Path, tmp_path: Path) -> None:
    with pytest.raises(jj.PinyonError, match="no such file"):
        Offline(tmp_path / "none.pcap")
    feed = Offline(http1)
    with pytest.raises(UnsupportedError):
        feed.inject(bytes(60))
    with pytest.raises(ValueError, match="cnt"):
        feed.dispatch(-2, lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        feed.dispatch(1, lambda *_: 1 // 0)
    feed.close()
    feed.close()
    with pytest.raises(ValueError, match="closed"):
        feed.next()


def test_break_off_and_go_on(testdata: Path) -> None:
    """Packets that were read ahead are those that come next."""
    want = [r[3] for r in records(testdata / "trace.pcap")]
    with Offline(testdata / "trace.pcap") as feed:
        got = []
        for packet, _, _ in feed:
            got.append(packet)
            if len(got) == 2:
                break
        feed.dispatch(1, lambda p, *_: got.append(p))
        got += [p for p, _, _ in feed]
    assert got == want


def test_requests_from_other_threads(http1: Path) -> None:
    with Offline(http1) as feed:
        ends = threading.Barrier(4)

        def ask() -> None:
            ends.wait(30)
            for _ in range(20):
                feed._pipe.request("describe")

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for t in threads:
            t.start()
        ends.wait(30)
        assert len(list(feed)) == 18
        for t in threads:
            t.join(30)
            assert not t.is_alive()


def test_notes_of_pypcap(http1: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notes' examples, of Python 3 and of a file."""
    p = pcap.pcap(str(http1))
    for timestamp, _buf in p:
        print("Timestamp: ", str(datetime.datetime.fromtimestamp(timestamp, datetime.timezone.utc)))
    assert capsys.readouterr().out.count("Timestamp: ") == 18

    n = 0

    def pkt_cb(tv: float, pkt: bytes, arg: int) -> None:
        nonlocal n
        n = n + 1

    p = pcap.pcap(str(http1))
    assert pcap.pcap.dispatch(p, 0, pkt_cb, 0) == 18 == n
    p = pcap.pcap("file:" + str(http1), timestamp_in_ns=True)
    ts, _pkt = next(p)
    assert isinstance(ts, int) and ts // 10**9 == records(http1)[0][0]
    assert p.loop(4, lambda *_: None) == 4
    p.setfilter("tcp[tcpflags] & tcp-fin != 0")
    assert len(p.readpkts()) == 2
    with pytest.raises(StopIteration):
        next(p)
    assert (p.datalink(), p.dloff, p.name, p.filter) == (1, 14, str(http1), "tcp[tcpflags] & tcp-fin != 0")


def test_bpf(http1: Path) -> None:
    frames = [r[3] for r in records(http1)]
    assert pcap.bpf("tcp port 80", pcap.DLT_EN10MB).filter(frames[0])
    assert not pcap.bpf("udp", pcap.DLT_EN10MB).filter(frames[0])
    assert pcap.bpf("tcp port 80").filter(frames[0][14:])
    with pytest.raises(ValueError, match="syntax"):
        pcap.bpf("port = 3")


def test_devices() -> None:
    names = pcap.findalldevs()
    assert names
    if "lo" in names:
        assert pcap.lookupnet("lo") == (bytes([127, 0, 0, 0]), bytes([255, 0, 0, 0]))
        assert pcap.ex_name("lo") == "lo"
    with pytest.raises(jj.InterfaceError):
        pcap.lookupnet("nothing0")


@pytest.mark.parametrize("backend", [DpktBackend(), ScapyBackend()])
def test_backends(backend: DpktBackend, http1: Path) -> None:
    packets = list(backend.iter_packets_offline(str(http1)))
    assert len(packets) == 18
    first = packets[0]
    assert (first.src_ip, first.dst_ip, first.dst_port, first.protocol, first.tcp_flags) == ("10.77.0.1", "10.77.0.2", 80, 6, 2)
    assert first.payload_len == 0 and first.total_len == 60 and first.length == 74 and first.raw_payload == b""
    assert any(p.raw_payload.startswith(b"GET ") for p in packets)
    assert sum(p.payload_len for p in packets) == jj.extract(http1)["payload_bytes_total"][0]
    assert "10.77.0.1" in first.summary() and first.summary() in repr(first)
    assert first.icmp_type is None and not hasattr(first, "nothing")
    assert len(list(backend.iter_packets_offline(http1, "tcp[tcpflags] & tcp-fin != 0"))) == 2


def test_packet_by_hand() -> None:
    p = Packet(timestamp=1.5, src_ip="10.0.0.1", dst_ip="10.0.0.2", src_port=1, dst_port=2, protocol=17, payload_len=3, total_len=31)
    assert (p.timestamp, p.timestamp_ns, p.protocol, p.total_len, p.payload_len) == (1.5, 1500000000, 17, 31, 3)
    assert "10.0.0.1:1 > 10.0.0.2:2" in p.summary()

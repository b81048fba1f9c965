"""Feeds of packets, live and offline, as PyOpenBSD's pcap has them: callbacks get ``(packet, tstamp, length)``."""

from __future__ import annotations

import collections
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from ._pipe import ClosedError, Pipe, UnsupportedError, encode, matches
from .errors import CaptureError
from .packet import Packet, packets_of

__all__ = ["Live", "Offline", "PcapError", "UnsupportedError"]

#: The base of the errors of feeds.
PcapError = CaptureError

Callback = Callable[[Any, tuple[int, int], int], Any]

#: Packets that are asked of the engine at a time.
_AT_A_TIME = 1024


class _Source:
    """What feeds of every dialect share: packets that were asked for and not yet handed out, and how they end."""

    def __init__(self, args: list[str], timeout: float) -> None:
        self._pipe = Pipe(args)
        self._timeout = timeout  # seconds of silence; 0 waits for ever
        self._left: collections.deque[tuple[int, int, bytes] | Packet] = collections.deque()
        self._form = "raw"
        self._ended = False
        self._nonblock = False

    @property
    def _live(self) -> bool:
        return bool(self._pipe.about["live"])

    def _use(self, form: str) -> None:
        """Have what is handed out in this form; what waits in another one is made anew."""
        if form == self._form:
            return
        self._form = form
        if not self._left:
            return
        if form == "raw":
            self._left = collections.deque(_raw(p) for p in self._left)  # type: ignore[arg-type]
        else:
            self._left = collections.deque(self._decoded(r) for r in self._left)  # type: ignore[arg-type]

    def _decoded(self, raw: tuple[int, int, bytes]) -> Packet:
        """A packet of what was read ahead, decoded by the engine."""
        from .capture import decode_frames

        return decode_frames([raw], int(self._pipe.about["linktype"]))[0]

    def _fill(self, timeout: float) -> str:
        """Ask for a buffer of packets; gives why none came, or nothing."""
        if self._pipe.closed:
            raise ClosedError("the feed is closed")
        if self._ended:
            return "eof"
        reading = self._pipe.read(_AT_A_TIME, "buffer", timeout, self._form)
        try:
            for batch in reading:
                self._left.extend(_raws(batch) if self._form == "raw" else packets_of(batch))
        except BaseException:
            reading.close()
            raise
        self._ended = reading.reason == "eof"
        return "" if self._left else reading.reason

    def _each(self, count: int, hand: Callable[[Any], Any], timeout: float, one_buffer: bool = False) -> tuple[int, str]:
        """Hand packets out: count of them, all (0) or those of one buffer."""
        n = 0
        if one_buffer and not self._left:
            reason = self._fill(timeout)
            if reason:
                return 0, reason
        while count <= 0 or n < count:
            if not self._left:
                if one_buffer:
                    return n, "buffer"
                if reason := self._fill(timeout):
                    return n, reason
            item = self._left.popleft()
            n += 1
            hand(item)
        return n, "count"

    def _set_filter(self, expr: str, optimize: bool) -> None:
        self._pipe.request("filter", text=expr, on=optimize)
        self._pipe.about["filter"] = expr
        if self._left and expr:
            frames = [i.frame if isinstance(i, Packet) else i[2] for i in self._left]
            keep = matches(expr, int(self._pipe.about["dlt"]), frames)
            self._left = collections.deque(i for i, k in zip(self._left, keep, strict=True) if k)

    def _stats(self) -> dict[str, Any]:
        return dict(self._pipe.request("stats")["stats"])

    def close(self) -> None:
        """End the feed. A second call does nothing; a feed that nothing refers to any more is ended too."""
        self._left.clear()
        self._pipe.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._pipe.close()


def _raws(batch: pa.RecordBatch) -> Iterator[tuple[int, int, bytes]]:
    times = batch.column("timestamp").cast(pa.int64()).to_pylist()
    return zip(times, batch.column("packet_size").to_pylist(), batch.column("frame").to_pylist(), strict=True)


def _raw(packet: Packet) -> tuple[int, int, bytes]:
    return packet.timestamp_ns, packet.length, packet.frame


class _Feed(_Source):
    """The interface that both feeds have."""

    def dispatch(self, cnt: int, callback: Callback, interpret: int = 0) -> int:
        """Hand packets to callback.

        Parameters
        ----------
        cnt : int
            That many at most; -1 is the packets of one buffer, 0 all until an error, the end of the file or, of a live
            feed with a timeout, that much silence.
        callback : callable
            Gets ``(packet, tstamp, length)``: the captured bytes, ``(seconds, microseconds)``, bytes on the wire.
        interpret : bool
            Give a `Packet` instead of bytes.

        Returns
        -------
        int
            Packets handed out.
        """
        if cnt < -1:
            raise ValueError(f"cnt: got {cnt}; want a number, -1 or 0")
        self._use("packets" if interpret else "raw")
        return self._each(cnt, _caller(callback), self._timeout, one_buffer=cnt == -1)[0]

    def loop(self, cnt: int, callback: Callback, interpret: int = 0) -> int:
        """Hand out cnt packets, 0 or less for all, without a timeout; gives how many there were."""
        self._use("packets" if interpret else "raw")
        return self._each(max(cnt, 0), _caller(callback), 0.0)[0]

    def next(self, interpret: int = 0) -> tuple[Any, tuple[int, int], int] | None:
        """The next packet as ``(packet, tstamp, length)``; None when the feed timed out or would block.

        Raises
        ------
        EOFError
            The file is at its end.
        """
        got: list[tuple[Any, tuple[int, int], int]] = []
        self._use("packets" if interpret else "raw")
        _, reason = self._each(1, _caller(lambda *args: got.append(args)), self._timeout)
        if reason == "eof" and not got:
            raise EOFError(f"{self.name}: there are no more packets")
        return got[0] if got else None

    def __iter__(self) -> Iterator[tuple[bytes, tuple[int, int], int]]:
        got: list[Any] = []
        take = _caller(lambda *args: got.append(args))
        while True:
            self._use("raw")
            n, reason = self._each(1, take, 0.0)
            if n:
                yield got.pop()
            elif reason == "would-block":
                time.sleep(0.01)
            else:
                return

    @property
    def name(self) -> str:
        """The interface, or the file's path."""
        return str(self._pipe.about["name"])

    def datalink(self) -> int:
        """The DLT number of the link layer; of a file that of its first interface."""
        return int(self._pipe.about["dlt"])

    def filter(self, filterstr: str) -> None:
        """Set the filter, in the language of pcap-filter(7).

        Raises
        ------
        FilterError
            It is not valid; the former one stays in force.
        """
        self._set_filter(filterstr, True)

    def inject(self, packet: bytes) -> int:
        """Send a frame, from its link header on; gives its length."""
        self._pipe.request("inject", data=encode(packet))
        return len(packet)


def _caller(callback: Callback) -> Callable[[Any], Any]:
    def call(item: Any) -> Any:
        if isinstance(item, Packet):
            ns, length, data = item.timestamp_ns, item.length, item
        else:
            ns, length, data = item
        return callback(data, (ns // 10**9, ns % 10**9 // 1000), length)

    return call


class Live(_Feed):
    """Packets of a network interface.

    Parameters
    ----------
    name : str, optional
        The interface; the most useful one if not given.
    snaplen : int
        Bytes of a packet that are kept.
    promisc : bool
        Take packets for other hosts too.
    timeout : float
        Seconds of silence after which `dispatch` and `next` return; 0 waits for ever.
    filter : str
        Packets that are wanted; in force before the first one.
    """

    def __init__(
        self, name: str | None = None, snaplen: int = 262144, promisc: bool = True, timeout: float = 0.0, *, filter: str = ""
    ) -> None:  # fmt: skip
        super().__init__(live_args(name, snaplen, promisc, filter), timeout)

    def stats(self) -> tuple[int, int, int]:
        """Packets received, dropped by the ring, and dropped by the interface."""
        s = self._stats()
        return s["received"], s["dropped"], s["interface_dropped"]


class Offline(_Feed):
    """Packets of a capture file: pcap or pcapng, plain or packed with gzip or zstd."""

    def __init__(self, path: str | os.PathLike[str], *, filter: str = "") -> None:
        super().__init__(file_args(path, filter), 0.0)


def file_args(path: str | os.PathLike[str], expr: str) -> list[str]:
    """The engine's flags for a file."""
    return [f"--read={os.fspath(path)}", *(["--", expr] if expr else [])]


def live_args(
    name: str | None, snaplen: int, promisc: bool, expr: str, *more: str
) -> list[str]:  # fmt: skip
    """The engine's flags for an interface."""
    args = [f"--snaplen={snaplen}", f"--promisc={str(promisc).lower()}", *more]
    if name:
        args.append(f"--interface={name}")
    return [*args, *(["--", expr] if expr else [])]

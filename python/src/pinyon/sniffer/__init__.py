"""PacketCapture: a capture that runs beside other work, with callbacks, statistics and an output file."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any

from .._pipe import Pipe, check_filter
from ..devices import default_device
from ..feeds import live_args
from ..packet import Packet, packets_of
from .exceptions import CaptureError, FilterError, InterfaceError
from .sniffer_config import SnifferConfig

__all__ = ["CaptureError", "FilterError", "InterfaceError", "PacketCapture", "SnifferConfig"]

PacketCallback = Callable[[Packet], Any]
StatsCallback = Callable[[dict[str, Any]], Any]

#: The smallest ring that the engine takes, in bytes.
MIN_BUFFER = 65536


class PacketCapture:
    """A capture from an interface. Nothing is opened before `start`; every method may be called from any thread.

    Parameters
    ----------
    interface : str, optional
        The interface; the most useful one if not given.
    packet_count : int
        Packets after which the capture ends; 0 is never.
    timeout : float, optional
        Seconds after which it ends.
    promisc : bool
        Take packets for other hosts too.
    filter_str : str
        Packets that are wanted, in the language of pcap-filter(7); compiled before the interface is opened.
    output_file : path, optional
        Where packets go too: ``.parquet`` (a row a packet), ``.pcap`` or ``.pcapng``. It gets its name when complete.
    buffer_size : int
        Bytes of the ring in the kernel, 65536 at least.
    snaplen : int
        Bytes of a packet that are kept.
    packet_callback : callable, optional
        Gets each `Packet`, after it was written to the output. An exception ends the capture, and is raised by `start`
        or `wait`. A slow one fills the ring, whose losses are counted, and never the memory.
    stats_callback : callable, optional
        Gets `get_stats()` every ``stats_interval`` seconds, and once more at the end.
    stats_interval : float
        Seconds.

    Examples
    --------
    >>> capture = PacketCapture(interface="eth0", packet_count=1000, filter_str="tcp port 80")
    >>> capture.start()                                                      # doctest: +SKIP
    """

    def __init__(
        self, interface: str | None = None, packet_count: int = 0, timeout: float | None = None, promisc: bool = True,
        filter_str: str = "", output_file: str | os.PathLike[str] | None = None, buffer_size: int = 8 << 20,
        snaplen: int = 262144, packet_callback: PacketCallback | None = None, stats_callback: StatsCallback | None = None,
        stats_interval: float = 10.0,
    ) -> None:  # fmt: skip
        if packet_count < 0:
            raise ValueError(f"packet_count: got {packet_count}; want 0 or more")
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout: got {timeout}; want seconds above 0, or None")
        if buffer_size < MIN_BUFFER:
            raise ValueError(f"buffer_size: got {buffer_size}; want {MIN_BUFFER} bytes or more")
        if not stats_interval > 0:
            raise ValueError(f"stats_interval: got {stats_interval}; want seconds above 0")
        self._interface = interface
        self._count, self._timeout, self._promisc = packet_count, timeout, promisc
        self._filter, self._output = filter_str, None if output_file is None else os.fspath(output_file)
        self._buffer, self._snaplen = buffer_size, snaplen
        self._packet_callback, self._stats_callback, self._interval = packet_callback, stats_callback, stats_interval
        self._lock = threading.RLock()
        self._pipe: Pipe | None = None
        self._thread: threading.Thread | None = None
        self._ticker: threading.Thread | None = None
        self._fault: BaseException | None = None
        self._captured = self._purged = self._filters = 0
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._stats: dict[str, Any] = {"captured": 0, "dropped": 0, "interface_dropped": 0}

    @classmethod
    def from_config(cls, config: SnifferConfig, **more: Any) -> PacketCapture:
        """A capture as a configuration file describes it; ``more`` are further parameters, such as callbacks."""
        return cls(**{**config.parameters(), **more})

    def start(self) -> None:
        """Capture until the count, the timeout or `stop`. Ctrl-C stops it, completes the output and raises.

        Raises
        ------
        InterfaceError
            There is no such interface, or it is not up.
        PermissionError
            This user may not capture.
        FilterError
            The filter is not valid; a ValueError too.
        CaptureError
            It runs already, or failed.
        """
        self._open()
        try:
            self._run()
        except BaseException as e:
            self._fault = e
            raise
        finally:
            self._finish()
        self._raise()

    def start_async(self) -> None:
        """Begin to capture in the background. It returns once the interface is open, so its errors are seen here."""
        self._open()
        self._thread = threading.Thread(target=self._background, name="pinyon-capture", daemon=True)
        self._thread.start()

    def _background(self) -> None:
        try:
            self._run()
        except BaseException as e:
            self._fault = e
        finally:
            self._finish()

    def _open(self) -> None:
        with self._lock:
            if self._pipe is not None and not self._over.is_set():
                raise CaptureError("the capture runs already")
            more = [f"--buffer-size={self._buffer}"]
            if self._timeout is not None:
                more.append(f"--duration={float(self._timeout)!r}s")
            pipe = Pipe(live_args(self._interface, self._snaplen, self._promisc, self._filter, *more))
            try:
                if self._output is not None:
                    pipe.request("output", text=self._output)
            except BaseException:
                with contextlib.suppress(Exception):
                    pipe.close()
                raise
            self._pipe, self._fault = pipe, None
            self._captured = self._purged = 0
            self._stopping.clear()
            self._over.clear()
            if self._stats_callback is not None:
                self._ticker = threading.Thread(target=self._tick, name="pinyon-stats", daemon=True)
                self._ticker.start()

    def _run(self) -> None:
        pipe, call = self._pipe, self._packet_callback
        assert pipe is not None
        if call is None:
            for _ in pipe.read(self._count, "end", form="none"):
                pass
            return
        while not self._stopping.is_set():
            left = self._count - self._captured if self._count else 0
            reading = pipe.read(left, "end", form="packets")
            for batch in reading:
                filters = self._filters
                for done, packet in enumerate(packets_of(batch)):
                    if self._stopping.is_set():
                        reading.close()
                        return
                    if filters != self._filters:  # the rest came under the former filter
                        self._purged += batch.num_rows - done
                        break
                    self._captured += 1
                    call(packet)
            if not (self._count and reading.reason == "count" and self._captured < self._count):
                return

    def _finish(self) -> None:
        """Take the last statistics, complete the output, and say that it is over."""
        with self._lock:
            pipe = self._pipe
            if pipe is None or self._over.is_set():
                return
            with contextlib.suppress(Exception):
                self._stats = self._ask(pipe)
            try:
                pipe.close()
            except BaseException as e:
                self._fault = self._fault or e
            self._over.set()
            self._stopping.set()
        if self._ticker is not None and self._ticker is not threading.current_thread():
            self._ticker.join(30)

    def _tick(self) -> None:
        assert self._stats_callback is not None
        try:
            while not self._stopping.wait(self._interval):
                self._stats_callback(self.get_stats())
            self._over.wait(60)
            self._stats_callback(self.get_stats())
        except BaseException as e:
            self._fault = self._fault or e
            self._request_stop()

    def stop(self) -> None:
        """End the capture and complete its output. It may be called again, from any thread, and inside a callback."""
        self._request_stop()
        thread = self._thread
        if thread is not None and threading.current_thread() not in (thread, self._ticker):
            thread.join(60)

    def _request_stop(self) -> None:
        self._stopping.set()
        pipe = self._pipe
        if pipe is not None and not self._over.is_set():
            with contextlib.suppress(CaptureError):
                pipe.request("break")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the capture has ended, and raise what it ended with; gives whether it has."""
        if self._pipe is None:
            return True
        ended = self._over.wait(timeout)
        if ended:
            self._raise()
        return ended

    def _raise(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def set_filter(self, filter_str: str) -> None:
        """Change the filter, before, during or after a run. No packet that it refuses reaches the callback afterwards:
        those that wait are given up and counted (``filter_dropped``).

        Raises
        ------
        FilterError
            It is not valid, a ValueError too; the former filter stays.
        """
        with self._lock:
            if self._pipe is not None and not self._over.is_set():
                self._pipe.request("filter", text=filter_str, on=True)
                self._filters += 1
                self._purged += self._pipe.purge()
            elif filter_str:
                check_filter(filter_str)
            self._filter = filter_str

    def get_stats(self) -> dict[str, Any]:
        """The statistics so far, at any time.

        Returns
        -------
        dict
            ``captured``: packets delivered; ``dropped``: those for which the ring had no room; ``interface_dropped``:
            those that the interface missed; ``received``, ``filter_dropped``, ``queue_dropped``, ``queued`` (what waits), …
            ``received`` is the sum of what was captured, dropped (but by the interface), and is queued.
        """
        pipe = self._pipe
        if pipe is not None and not self._over.is_set():
            with contextlib.suppress(CaptureError):
                return self._ask(pipe)
        return dict(self._stats)

    def _ask(self, pipe: Pipe) -> dict[str, Any]:
        reply = pipe.request("stats")
        stats = dict(reply["stats"])
        stats["filter_dropped"] += self._purged
        stats["captured"] = self._captured if self._packet_callback is not None else reply["packets"]
        gone = stats["captured"] + stats["dropped"] + stats["filter_dropped"] + stats["queue_dropped"]
        stats["queued"] = max(stats["received"] - gone, 0)
        return stats

    @property
    def interface(self) -> str | None:
        """The interface that is captured from; before a run, of none named, the one that would be."""
        if self._pipe is not None:
            return str(self._pipe.about["name"])
        if self._interface is None:
            with contextlib.suppress(InterfaceError):
                return default_device().name
        return self._interface

    @property
    def is_running(self) -> bool:
        """Whether the capture runs."""
        return self._pipe is not None and not self._over.is_set()

    @property
    def packets_captured(self) -> int:
        """Packets delivered so far."""
        return int(self.get_stats()["captured"])

    def __enter__(self) -> PacketCapture:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

"""The names of pypcap, right where its notes found them hard: ``import pinyon.pcap as pcap``.

Timestamps are floats in seconds, or integers in nanoseconds with ``timestamp_in_ns``. Callbacks get ``(ts, pkt, *args)``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ._pipe import encode, matches
from .devices import default_device, devices, find_device
from .errors import CaptureError
from .feeds import _Source, file_args, live_args

__all__ = [
    "DLT_EN10MB", "DLT_LINUX_SLL", "DLT_LOOP", "DLT_NULL", "DLT_RAW", "PCAP_D_IN", "PCAP_D_INOUT", "PCAP_D_OUT", "PcapError", "bpf",
    "ex_name", "findalldevs", "lookupdev", "lookupnet", "pcap",
]  # fmt: skip

PcapError = CaptureError

PCAP_D_INOUT, PCAP_D_IN, PCAP_D_OUT = 0, 1, 2

DLT_NULL, DLT_EN10MB, DLT_IEEE802, DLT_SLIP, DLT_PPP, DLT_FDDI, DLT_RAW, DLT_LOOP, DLT_LINUX_SLL, DLT_PFLOG = (
    0, 1, 6, 8, 9, 10, 12, 108, 113, 117,
)  # fmt: skip


def findalldevs() -> list[str]:
    """The names of the interfaces."""
    return [d.name for d in devices()]


def lookupdev() -> str:
    """The most useful interface: never loopback, nor a bridge where there is a wired card with the default route."""
    return default_device().name


def lookupnet(dev: str) -> tuple[bytes, bytes]:
    """Network and mask of the first IPv4 address, 4 bytes each in network order.

    Raises
    ------
    InterfaceError
        There is no such interface.
    CaptureError
        It has no IPv4 address.
    """
    for address in find_device(dev).addresses:
        if address.version == 4:
            return address.network.network_address.packed, address.network.netmask.packed
    raise CaptureError(f"{dev} has no IPv4 address")


def ex_name(name: str) -> str:
    """The system's name of an interface, given that or its description."""
    for device in devices():
        if name in (device.name, device.description):
            return device.name
    return name


class pcap(_Source):
    """Packets of an interface or a file.

    Parameters
    ----------
    name : str, optional
        A file if there is one of that name, else an interface; ``file:`` or ``dev:`` in front decides. None is `lookupdev`.
    snaplen : int
        Bytes of a packet that are kept.
    promisc : bool
        Take packets for other hosts too.
    timeout_ms : int
        Silence in milliseconds after which `dispatch` returns; 0 is 1,000 for an interface.
    immediate : bool
        Take packets as they come instead of in blocks.
    rfmon : bool
        Want 802.11 frames of a radio interface.
    timestamp_in_ns : bool
        Give times as integers in nanoseconds.
    buffer_size : int
        Bytes of the ring in the kernel; 0 is the engine's choice.
    """

    def __init__(
        self, name: str | os.PathLike[str] | None = None, snaplen: int = 65535, promisc: bool = True, timeout_ms: int = 0,
        immediate: bool = False, rfmon: bool = False, timestamp_in_ns: bool = False, buffer_size: int = 0,
    ) -> None:  # fmt: skip
        text = "" if name is None else os.fspath(name)
        if text.startswith("file:") or (not text.startswith("dev:") and text and Path(text).is_file()):
            super().__init__(file_args(text.removeprefix("file:"), ""), 0.0)
        else:
            more = [f"--immediate={str(immediate).lower()}", f"--monitor={str(rfmon).lower()}"]
            if buffer_size:
                more.append(f"--buffer-size={buffer_size}")
            super().__init__(live_args(text.removeprefix("dev:"), snaplen, promisc, "", *more), timeout_ms / 1000 or 1.0)
        self.timestamp_in_ns = timestamp_in_ns

    def _item(self, raw: tuple[int, int, bytes]) -> tuple[Any, bytes]:
        return (raw[0] if self.timestamp_in_ns else raw[0] / 1e9), raw[2]

    def __iter__(self) -> Iterator[tuple[Any, bytes]]:
        """Packets until the end of the file; of an interface without end, waiting also where reads do not block."""
        while True:
            got = self._one()
            if got is not None:
                yield got
            elif self._ended:
                return
            else:
                time.sleep(0.01)

    def __next__(self) -> tuple[Any, bytes]:
        """The next packet.

        Raises
        ------
        StopIteration
            The file is at its end.
        BlockingIOError
            Reads do not block, and no packet is at hand.
        """
        got = self._one()
        if got is None:
            if self._ended:
                raise StopIteration
            raise BlockingIOError("no packet is at hand")
        return got

    def _one(self) -> tuple[Any, bytes] | None:
        out: list[Any] = []
        self._each(1, lambda raw: out.append(self._item(raw)), 0.0)
        return out[0] if out else None

    def dispatch(self, cnt: int, callback: Callable[..., Any], *args: Any) -> int:
        """Hand ``(ts, pkt, *args)`` to callback: cnt packets at most, -1 those of one buffer, 0 all until the end of the
        file or a timeout; gives how many there were, of a file too."""
        return self._each(cnt, lambda raw: callback(*self._item(raw), *args), self._timeout, one_buffer=cnt == -1)[0]

    def loop(self, cnt: int, callback: Callable[..., Any], *args: Any) -> int:
        """Hand out cnt packets, for ever with 0 or -1, without a timeout. Ctrl-C raises KeyboardInterrupt."""
        n = 0
        while cnt <= 0 or n < cnt:
            got, reason = self._each(max(cnt - n, 0), lambda raw: callback(*self._item(raw), *args), 0.0)
            n += got
            if reason == "eof":
                break
            if reason == "would-block":
                time.sleep(0.01)
        return n

    def readpkts(self) -> list[tuple[Any, bytes]]:
        """The packets of one buffer."""
        out: list[tuple[Any, bytes]] = []
        self.dispatch(-1, lambda ts, pkt: out.append((ts, pkt)))
        return out

    def setfilter(self, value: str, optimize: int = 1) -> None:
        """Set the filter; after a `FilterError` the former one stays in force."""
        self._set_filter(value, bool(optimize))

    def setnonblock(self, nonblock: bool = True) -> None:
        """Whether reads return at once when no packet is at hand. It is about reads, not about the interface."""
        self._pipe.request("nonblock", on=bool(nonblock))
        self._nonblock = bool(nonblock)

    def getnonblock(self) -> bool:
        """What `setnonblock` said last."""
        return self._nonblock

    def setdirection(self, direction: int) -> None:
        """PCAP_D_INOUT, PCAP_D_IN or PCAP_D_OUT."""
        self._pipe.request("direction", text=("inout", "in", "out")[direction])

    def sendpacket(self, buf: bytes) -> int:
        """Send a frame, from its link header on; gives its length."""
        self._pipe.request("inject", data=encode(buf))
        return len(buf)

    def stats(self) -> tuple[int, int, int]:
        """Packets received, dropped by the ring, dropped by the interface."""
        s = self._stats()
        return s["received"], s["dropped"], s["interface_dropped"]

    def datalink(self) -> int:
        """The DLT number of the link layer."""
        return int(self._pipe.about["dlt"])

    @property
    def dloff(self) -> int:
        """Bytes of the link header, where that has a fixed length."""
        return int(self._pipe.about["header_len"])

    @property
    def snaplen(self) -> int:
        """Bytes of a packet that are kept at most."""
        return int(self._pipe.about["snaplen"])

    @property
    def name(self) -> str:
        """The interface, or the file's path."""
        return str(self._pipe.about["name"])

    @property
    def filter(self) -> str:
        """The filter in force."""
        return str(self._pipe.about["filter"])

    @property
    def precision(self) -> str:
        """The resolution of times in the capture."""
        return str(self._pipe.about["resolution"])

    @property
    def fd(self) -> int:
        """What can be waited for once packets were asked for."""
        return self._pipe.fileno()

    def fileno(self) -> int:
        """The same, for `select`."""
        return self._pipe.fileno()


class bpf:
    """A filter that is tried on buffers.

    Parameters
    ----------
    filter : str
    dlt : int
        The link layer that buffers begin with.
    """

    def __init__(self, filter: str, dlt: int = DLT_RAW) -> None:
        self._expr, self._dlt = filter, dlt
        matches(filter, dlt, [])

    def filter(self, buf: bytes) -> bool:
        """Whether the filter takes a buffer."""
        return matches(self._expr, self._dlt, [buf])[0]

"""Packets as a table of 12 columns, drained whenever the caller likes: the network data listener of py_pcap."""

from __future__ import annotations

import collections
import contextlib
import ipaddress
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import pyarrow as pa

from ._forms import need
from ._pipe import Pipe
from .devices import Device, _list
from .errors import CaptureError, PinyonError
from .feeds import live_args

__all__ = ["Capture", "NetworkDevice", "NetworkError", "capture", "find_all_devs", "iter_all_devs"]

#: The base of the errors of captures.
NetworkError = CaptureError

log = logging.getLogger("pinyon")

#: Rows that wait to be drained, at most; the oldest go first, and are counted.
MAX_ROWS = 1_000_000

#: Our column, the seed's name for it, and the engine's column.
COLUMNS = (
    ("timestamp", "Timestamp", "timestamp"),
    ("ethertype", "Ethertype", "ethertype"),
    ("direction", "Direction", "direction"),
    ("source_mac", "Source_mac", "src_mac"),
    ("destination_mac", "Destination_mac", "dst_mac"),
    ("source_ip", "Source_ip", "src_ip"),
    ("source_port", "Source_port", "src_port"),
    ("destination_ip", "Destination_ip", "dst_ip"),
    ("destination_port", "Destination_port", "dst_port"),
    ("prot_type", "Prot_type", "protocol"),
    ("operation", "Operation", "arp_operation"),
    ("size", "Size", "packet_size"),
)


class NetworkDevice(Device):
    """An interface, and how it is captured from.

    Attributes
    ----------
    snapshot_len : int
        Bytes of a packet that are kept.
    timeout : int
        Milliseconds.
    flags, addresses
        As of `pinyon.devices.Device`.
    """

    snapshot_len = 262144
    timeout = 1000
    promisc = False
    _filter: str | None = None

    @property
    def address_families(self) -> dict[str, list[dict[str, Any]]]:
        """The addresses by family: ip, mask, prefix length (``cdir``) and network number (``net_id``)."""
        found: dict[str, list[dict[str, Any]]] = {"IPv4": [], "IPv6": []}
        for a in self.addresses:
            prefix = a.network.prefixlen
            found[f"IPv{a.version}"].append(
                {"ip": str(a.ip), "mask": str(a.network.netmask), "cdir": prefix, "net_id": int(a.ip) >> (a.max_prefixlen - prefix)}
            )
        return found

    def ready(self) -> bool:
        """Whether it is up and running."""
        return {"Up", "Running"} <= set(self.flags)

    def comp_net_id(self, ip: str) -> bool:
        """Whether an address lies in one of the interface's networks, of the same family.

        Raises
        ------
        NetworkError
            It is no address.
        """
        try:
            address = ipaddress.ip_address(ip)
        except ValueError as e:
            raise NetworkError(f'the IP address "{ip}" is not valid') from e
        return any(address.version == a.version and address in a.network for a in self.addresses)

    def setup(self, bpf_filter: str | Sequence[str] = "") -> NetworkDevice:
        """Check the filter, whose words are joined by blanks, and that the interface can be opened.

        Raises
        ------
        NetworkError
            It cannot; FilterError is one.
        """
        self._filter = bpf_filter if isinstance(bpf_filter, str) else " ".join(bpf_filter)
        with contextlib.closing(self._open()):
            return self

    def _open(self) -> Pipe:
        return Pipe(live_args(self.name, self.snapshot_len, self.promisc, self._filter or "", "--immediate"))


def iter_all_devs() -> Iterator[NetworkDevice]:
    """The interfaces of this machine, one after another."""
    return (NetworkDevice(d) for d in _list())


def find_all_devs() -> list[NetworkDevice]:
    """The interfaces of this machine."""
    return list(iter_all_devs())


def capture(
    device_name: str, bpf_filter: str | Sequence[str] = "", *, style: Literal["pinyon", "seed"] = "pinyon",
    max_rows: int = MAX_ROWS,
) -> Capture:  # fmt: skip
    """Begin to capture.

    Parameters
    ----------
    device_name : str
        The interface.
    bpf_filter : str or list of str
        Packets that are wanted; in force before the first one.
    style : {"pinyon", "seed"}
        Names and values of the frame: ours, or those of the seed (``Source_ip``; ``UP`` and ``Down``).
    max_rows : int
        Rows that wait to be drained, at most.

    Raises
    ------
    NetworkError
        The interface does not exist or is not up, the filter is not valid, or the user may not capture.
    """
    found = [d for d in iter_all_devs() if d.name == device_name]
    if device_name != "any":
        if not found:
            raise NetworkError(f'there is no device "{device_name}"')
        if not found[0].ready():
            raise NetworkError(f'device "{device_name}" is not ready for capturing: it is not up')
    device = found[0] if found else NetworkDevice({"name": "any"})
    device._filter = bpf_filter if isinstance(bpf_filter, str) else " ".join(bpf_filter)
    return Capture(device._open(), style, max_rows)


class Capture:
    """A running capture. `get` drains it; several callers get disjoint rows.

    Attributes
    ----------
    dropped : int
        Rows that were given up because nobody drained them.
    """

    def __init__(self, pipe: Pipe, style: str, max_rows: int) -> None:
        if style not in ("pinyon", "seed"):
            raise ValueError(f"style: got {style!r}; want 'pinyon' or 'seed'")
        self._pipe, self._style, self._max = pipe, style, max_rows
        self._lock = threading.Lock()
        self._batches: collections.deque[pa.RecordBatch] = collections.deque()
        self._rows = 0
        self.dropped = 0
        self._fault: PinyonError | None = None
        self._schema: pa.Schema | None = None
        self._done = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for batch in self._pipe.read(0, "end", form="packets"):
                kept = pa.RecordBatch.from_arrays(
                    [batch.column(source) for _, _, source in COLUMNS], names=[name for name, _, _ in COLUMNS]
                )
                with self._lock:
                    self._batches.append(kept)
                    self._rows += kept.num_rows
                    while self._rows > self._max and len(self._batches) > 1:
                        lost = self._batches.popleft().num_rows
                        self._rows -= lost
                        self.dropped += lost
        except PinyonError as e:
            if not self._done:
                self._fault = e

    def get_arrow(self) -> pa.Table:
        """Everything since the last call as a pyarrow Table; empty if nothing came.

        Raises
        ------
        NetworkError
            The capture has failed and nothing is left to drain.
        """
        with self._lock:
            batches, self._batches, self._rows = list(self._batches), collections.deque(), 0
        if not batches and self._fault is not None:
            raise self._fault
        table = pa.Table.from_batches(batches, schema=_SCHEMA)
        return _seed(table) if self._style == "seed" else table

    def get(self) -> Any:
        """Everything since the last call as a pandas DataFrame of 12 columns; empty if nothing came.

        Raises
        ------
        NetworkError
            The capture has failed and nothing is left to drain.
        """
        pd = need("pandas", "pandas")
        table = self.get_arrow()
        types = {pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
                 pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype()}  # fmt: skip
        return table.to_pandas(types_mapper=types.get)

    def error(self) -> PinyonError | None:
        """Why the capture ended, if it failed; None while all is well. It stays."""
        return self._fault

    def stats(self) -> dict[str, Any]:
        """Packets received, captured, and dropped by the ring and by the interface."""
        return dict(self._pipe.request("stats")["stats"])

    def close(self) -> None:
        """End the capture; what came is still there to drain."""
        self._done = True
        self._pipe.close()
        self._thread.join(30)

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_SCHEMA = pa.schema(
    [
        ("timestamp", pa.timestamp("ns", "UTC")), ("ethertype", pa.uint16()), ("direction", pa.string()), ("source_mac", pa.string()),
        ("destination_mac", pa.string()), ("source_ip", pa.string()), ("source_port", pa.uint16()), ("destination_ip", pa.string()),
        ("destination_port", pa.uint16()), ("prot_type", pa.string()), ("operation", pa.uint16()), ("size", pa.uint32()),
    ]
)  # fmt: skip


def _seed(table: pa.Table) -> pa.Table:
    """The frame as the seed spells it: its column names and types, UP, Down or nothing."""
    import pyarrow.compute as pc

    columns = []
    for ours, _, _ in COLUMNS:
        column = table.column(ours)
        if ours == "direction":
            up, down = pc.equal(column, "Up"), pc.equal(column, "Down")
            column = pc.if_else(up, "UP", pc.if_else(down, "Down", ""))
        elif pa.types.is_integer(column.type):
            column = column.cast(pa.int64())
        columns.append(column)
    return pa.table(columns, names=[seed for _, seed, _ in COLUMNS])

"""A packet as callbacks get it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

__all__ = ["Packet"]


class Packet:
    """One packet with what the engine read of it. Values that it does not have are None.

    Attributes
    ----------
    timestamp : float
        Seconds since 1970-01-01 UTC; a float holds about 0.2 µs of them.
    timestamp_ns : int
        The same in nanoseconds, exact.
    src_ip, dst_ip : str
        Addresses; of ARP for IPv4 those of its sender and target.
    src_port, dst_port : int
    protocol : int
        The IANA number behind IP: 6 is TCP, 17 UDP.
    payload_len : int
        Bytes behind the transport header.
    total_len : int
        Bytes from the IP header onward; of a frame without IP those on the wire.
    tcp_flags : int
        FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128.
    raw_payload : bytes
        The payload as far as it was captured and asked for.
    frame : bytes
        All captured bytes, from the link header on.
    length : int
        Bytes on the wire.
    """

    __slots__ = ("_row",)

    def __init__(self, **fields: Any) -> None:
        self._row = {_COLUMNS.get(name, name): value for name, value in fields.items()}
        if "timestamp" in fields and not hasattr(fields["timestamp"], "value"):
            self._row["timestamp"] = round(fields["timestamp"] * 1e9)
        if "protocol" in fields and "ip_proto" not in fields:
            self._row["ip_proto"] = fields["protocol"]

    @classmethod
    def _of(cls, row: dict[str, Any]) -> Packet:
        packet = cls.__new__(cls)
        packet._row = row
        return packet

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        row = self._row
        if name == "timestamp":
            return row["timestamp"] / 1e9
        if name == "timestamp_ns":
            return row["timestamp"]
        if name == "protocol":
            return row.get("ip_proto")
        if name == "protocol_name":
            return row.get("protocol")
        if name == "total_len" and row.get("ip_size") is None:
            return row.get("packet_size")
        if name == "raw_payload":
            return row.get("payload") or b""
        key = _COLUMNS.get(name, name)
        if key in row:
            return row[key]
        if name in FIELDS or key in FIELDS:
            return None
        raise AttributeError(f"a packet has no {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *FIELDS, *self._row})

    def summary(self) -> str:
        """One line, as the engine writes it; of a packet made by hand protocol, addresses, ports and length."""
        if (line := self._row.get("summary")) is not None:
            return str(line)
        name = self.protocol_name or "frame"
        if self.src_ip is None:
            return f"{name}, {self.length} bytes"

        def end(ip: str, port: int | None) -> str:
            if port is None:
                return ip
            return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

        return f"{name} {end(self.src_ip, self.src_port)} > {end(self.dst_ip, self.dst_port)}, {self.length} bytes"

    def __repr__(self) -> str:
        return f"<Packet {self.timestamp:.6f} {self.summary()}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packet) and self._row == other._row

    __hash__ = None  # type: ignore[assignment]


#: Names of attributes beside those of the engine's columns.
_COLUMNS = {"total_len": "ip_size", "payload_len": "payload_size", "raw_payload": "payload", "length": "packet_size"}

#: The ten of the published page, and more that code asks for.
FIELDS = frozenset(
    (
        "timestamp", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "payload_len", "total_len", "tcp_flags",
        "raw_payload", "frame", "length", "src_mac", "dst_mac", "ethertype", "vlan_id", "ttl", "tcp_seq", "tcp_ack",
        "tcp_window", "icmp_type", "icmp_code", "arp_operation", "direction", "interface", "ip_version", "link_type",
    )
)  # fmt: skip


def packets_of(batch: pa.RecordBatch) -> Iterator[Packet]:
    """The packets of a batch of rows."""
    names = batch.schema.names
    columns = [
        (c.cast(pa.int64()) if pa.types.is_timestamp(c.type) else c).to_pylist() for c in batch.columns
    ]  # fmt: skip
    for values in zip(*columns, strict=True):
        yield Packet._of(dict(zip(names, values, strict=True)))

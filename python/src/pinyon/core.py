"""Flow and FlowKey, as custom extractors see them."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from .packet import Packet

__all__ = ["Flow", "FlowKey"]

_PACKET = struct.Struct("<QIIHHI")
_FIN_RST = 0x01 | 0x04


class FlowKey(NamedTuple):
    """The 5-tuple of a flow, its initiator first."""

    src_ip: str
    dst_ip: str
    src_port: int
    dst_port: int
    protocol: int


class Flow:
    """A bidirectional flow with its packets.

    Attributes
    ----------
    key : FlowKey
    packets : list of Packet
        As many as were asked for; what a bound left out is in ``packets_beyond``.
    features : dict
        The engine's columns of the flow; empty of a flow made by hand.
    packets_beyond : int
        Packets of the flow that are not in ``packets``.
    """

    def __init__(self, key: FlowKey, packets: list[Packet] | None = None, features: Mapping[str, Any] | None = None) -> None:
        self.key = key
        self.packets: list[Packet] = packets if packets is not None else []
        self.features: dict[str, Any] = dict(features or {})
        self.packets_beyond = 0

    @classmethod
    def from_first_packet(cls, packet: Packet) -> Flow:
        """A flow that a packet begins; its sender is the initiator."""
        flow = cls(FlowKey(packet.src_ip, packet.dst_ip, packet.src_port or 0, packet.dst_port or 0, packet.protocol or 0))
        flow.add_packet(packet)
        return flow

    def add_packet(self, packet: Packet) -> None:
        """Add a packet at the end."""
        self.packets.append(packet)

    @property
    def start_time(self) -> float:
        """Seconds since 1970-01-01 UTC of the first packet."""
        if "start_time" in self.features:
            return float(self.features["start_time"])
        return float(self.packets[0].timestamp) if self.packets else 0.0

    @property
    def end_time(self) -> float:
        """Seconds since 1970-01-01 UTC of the last packet."""
        if "end_time" in self.features:
            return float(self.features["end_time"])
        return max((float(p.timestamp) for p in self.packets), default=0.0)

    last_seen = end_time

    @property
    def duration(self) -> float:
        """Seconds from the first packet to the last."""
        if "duration" in self.features:
            return float(self.features["duration"])
        times = [p.timestamp_ns for p in self.packets]
        return (max(times) - times[0]) / 1e9 if times else 0.0

    @property
    def packet_count(self) -> int:
        """Packets of the flow, those that a bound left out of ``packets`` included."""
        return len(self.packets) + self.packets_beyond

    total_packets = packet_count

    @property
    def byte_count(self) -> int:
        """Bytes from the IP header onward; without the column total_bytes those of ``packets``."""
        if "total_bytes" in self.features:
            return int(self.features["total_bytes"])
        return sum(int(p.total_len) for p in self.packets)

    total_bytes = byte_count

    @property
    def terminated(self) -> bool:
        """Whether a FIN or RST was seen in ``packets``."""
        return any((p.tcp_flags or 0) & _FIN_RST for p in self.packets)

    def get_direction(self, packet: Packet) -> int:
        """0 if the initiator sent the packet, 1 if the responder did."""
        forward = (packet.src_ip, packet.src_port or 0) == (self.key.src_ip, self.key.src_port)
        return 0 if forward else 1

    def is_expired(self, timeout: float, now: float) -> bool:
        """Whether no packet came for timeout seconds before now."""
        return now - self.end_time > timeout

    @property
    def initiator_packets(self) -> list[Packet]:
        """Those that the initiator sent."""
        return [p for p in self.packets if self.get_direction(p) == 0]

    @property
    def responder_packets(self) -> list[Packet]:
        """Those that the responder sent."""
        return [p for p in self.packets if self.get_direction(p) == 1]

    def __repr__(self) -> str:
        k = self.key
        return f"<Flow {k.protocol} {k.src_ip}:{k.src_port} > {k.dst_ip}:{k.dst_port}, {self.packet_count} packets>"


def flow_of(row: Mapping[str, Any], packed: str, beyond: int) -> Flow:
    """The flow of a row and the packets that the engine packed into it."""
    key = FlowKey(row.get("src_ip", ""), row.get("dst_ip", ""), row.get("src_port", 0), row.get("dst_port", 0), row.get("protocol", 0))
    flow = Flow(key, features=row)
    flow.packets_beyond = beyond
    data, at = base64.b64decode(packed), 0
    there, back = key, FlowKey(key.dst_ip, key.src_ip, key.dst_port, key.src_port, key.protocol)
    while at < len(data):
        ns, total, payload, flags, responder, kept = _PACKET.unpack_from(data, at)
        at += _PACKET.size
        k = back if responder else there
        fields = {
            "timestamp": ns, "src_ip": k.src_ip, "dst_ip": k.dst_ip, "src_port": k.src_port, "dst_port": k.dst_port,
            "ip_proto": k.protocol, "ip_size": total, "payload_size": payload, "tcp_flags": flags if k.protocol == 6 else None,
            "payload": data[at : at + kept],
        }  # fmt: skip
        flow.packets.append(Packet._of(fields))
        at += kept
    return flow

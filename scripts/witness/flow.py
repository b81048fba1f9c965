"""The packets of one row, in capture order, with what every group asks of them."""
from __future__ import annotations

from functools import cached_property

from arithmetic import gaps
from headers import ACK, RST, SYN, Packet

# What stands in a row for an absent value under `missing: zero`; columns not named have 0, "" or false by their type.
ABSENT = {'ip_version': 4, 'icmp_dominant_type': -1, 'conn_src_community': -1, 'conn_dst_community': -1,
          'dns_response_code': -1, 'tcp_os_hint_fwd': 'unknown', 'tcp_os_hint_bwd': 'unknown'}


def begun_by_receiver(first: Packet) -> bool:
    """Whether the flow's first packet is an answer: a SYN-ACK is sent by the side that did not begin (RFC 9293)."""
    return first.flags is not None and first.flags & (SYN | ACK | RST) == SYN | ACK


class Flow:
    """Sets direction and flow time of each packet. A packet belongs to one flow only."""

    def __init__(self, packets: list[Packet], initiator: tuple[str, int] | None = None):
        self.packets = packets
        first = packets[0]
        self.src, self.dst, self.sport, self.dport = first.src, first.dst, first.sport, first.dport
        self.proto = first.proto
        swap = begun_by_receiver(first) if initiator is None else initiator != (first.src, first.sport)
        if swap:
            self.src, self.dst, self.sport, self.dport = first.dst, first.src, first.dport, first.sport
        clock = first.ts
        for p in packets:
            p.fwd = (p.src, p.sport) == (self.src, self.sport)
            p.t = clock = max(clock, p.ts)
        self.fwd = [p for p in packets if p.fwd]
        self.bwd = [p for p in packets if not p.fwd]
        self.sides = (('fwd', self.fwd), ('bwd', self.bwd))
        self.start, self.end = first.t, clock
        self.n = len(packets)
        self.gaps = gaps(packets)

    @cached_property
    def segments(self) -> list[Packet]:
        """Packets whose TCP header was read."""
        return [p for p in self.packets if p.flags is not None]

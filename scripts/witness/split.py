"""Packets into flows, in the plainest way: everything of a 5-tuple in one list, cut where a rule says so.

A cut looks ahead in the capture where Pinyon has to wait. Flow limits, sampling and live capture are not witnessed.
"""
from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from dataclasses import dataclass

from arithmetic import S, cmp
from flow import begun_by_receiver
from headers import ACK, FIN, RST, SYN, TCP, Packet


def key(p: Packet, options: Namespace) -> tuple:
    """What the packets of a flow share, whichever way they go. No tag and VLAN 0 are the same network."""
    return (*sorted([(p.src, p.sport), (p.dst, p.dport)]), p.proto, (p.vlan or 0) if options.key_vlan else None)


@dataclass
class Cut:
    packets: list[Packet]
    initiator: tuple[str, int]    # address and port
    reason: str                   # end_reason
    end: int                      # the reading of the capture clock at which the flow is known to be over


def split(packets: list[Packet], options: Namespace) -> list[Cut]:
    """Flows in the order of their rows: by logical end, then by first packet."""
    by_key, cuts = defaultdict(list), []
    for p in packets:
        by_key[key(p, options)].append(p)
    now = packets[-1].clock if packets else 0
    for of_key in by_key.values():
        cuts += _split_key(of_key, options, now)
    return sorted(cuts, key=lambda c: (c.end, c.packets[0].number))


class Open:
    """A flow that still takes packets."""

    def __init__(self, p: Packet, options: Namespace, initiator: tuple[str, int] | None = None):
        self.options, self.packets, self.t = options, [], p.ts
        self.timeout = round(options.timeout * S)
        self.closed: int | None = None                  # clock at the packet that closed it
        self.reason = ''
        self.connection = Connection() if p.proto == TCP and options.terminate_on_fin_rst else None
        self.initiator = initiator or ((p.dst, p.dport) if begun_by_receiver(p) else (p.src, p.sport))
        self.add(p)

    def add(self, p: Packet) -> None:
        self.packets.append(p)
        self.t = max(self.t, p.ts)
        if self.connection and p.flags is not None:
            reason = self.connection.add(p)
            if reason and self.closed is None:
                self.closed, self.reason = p.clock, reason

    def silence(self) -> int:
        """The clock when it is over if nothing more comes."""
        end = self.packets[-1].clock + self.timeout
        return end if self.closed is None else min(end, self.closed + round(self.options.tcp_close_delay * S))

    def ends(self, p: Packet, later: list[Packet]) -> tuple[str, int] | None:
        """Why and when the flow is over if p, of the same key, does not belong to it; None if it does."""
        last = self.packets[-1]
        if p.clock - last.clock > self.timeout or self.closed is not None and p.clock > self.silence():
            return self.reason or 'idle', self.silence()
        if p.ts < self.t - self.timeout:
            return self.reason or 'idle', p.clock
        if self.connection and p.flags is not None and self.connection.succeeded(p, later, self.closed is not None):
            return self.reason or 'reused', last.clock
        return (self.reason or 'active', p.clock) if self.aged(p) else None

    def aged(self, p: Packet) -> bool:
        limit = round(self.options.active_timeout * S)
        return limit > 0 and p.clock - self.packets[0].clock > limit

    def cut(self, reason: str, end: int) -> Cut:
        return Cut(self.packets, self.initiator, reason, end)


class Connection:
    """Whether the TCP connection of a flow is established, and whether it is over."""

    def __init__(self):
        self.syn: dict[tuple, set[int]] = defaultdict(set)       # side to initial numbers
        self.fin: dict[tuple, int] = {}                          # side to the number behind its FIN
        self.acked: set[tuple] = set()                           # sides whose FIN was acknowledged
        self.established = False

    def add(self, p: Packet) -> str:
        """Why the connection is over with this segment, or nothing."""
        me, other = (p.src, p.sport), (p.dst, p.dport)
        if p.flags & RST:
            return 'rst'
        if p.flags & SYN:
            self.syn[me].add(p.seq)
            if p.flags & ACK and any((p.ack - n) % 2**32 >= 1 for n in self.syn[other]):
                self.established = True
        elif p.payload_len:
            self.established = True
        if p.flags & ACK and other in self.fin and cmp(p.ack, self.fin[other]) >= 0:
            self.acked.add(other)
        if p.flags & FIN:
            self.fin.setdefault(me, (p.seq + bool(p.flags & SYN) + p.payload_len + 1) % 2**32)
        return 'fin' if len(self.acked) == 2 else ''

    def succeeded(self, p: Packet, later: list[Packet], closed: bool) -> bool:
        """Whether this is the SYN of a new connection, as the SYN-ACK that acknowledges it shows."""
        if p.flags & (SYN | ACK | RST) != SYN or p.seq in self.syn[p.src, p.sport] or not (self.established or closed):
            return False
        return any(answers(q, p) for q in later)


def answers(q: Packet, syn: Packet) -> bool:
    """Whether a SYN-ACK acknowledges this SYN, or some of its data."""
    return (q.flags is not None and q.flags & (SYN | ACK | RST) == SYN | ACK and (q.src, q.sport) == (syn.dst, syn.dport)
            and 1 <= (q.ack - syn.seq) % 2**32 <= 1 + syn.payload_len)


def _split_key(packets: list[Packet], options: Namespace, now: int) -> list[Cut]:
    cuts, flow = [], None
    for i, p in enumerate(packets):
        if flow and (end := flow.ends(p, packets[i + 1:])):
            cuts.append(flow.cut(*end))
            goes_on = end[1] == p.clock and flow.aged(p)
            flow = Open(p, options, flow.initiator if goes_on else None)
        elif flow:
            flow.add(p)
        else:
            flow = Open(p, options)
    over = now > flow.silence()
    cuts.append(flow.cut(flow.reason or ('idle' if over else 'flushed'), flow.silence()))
    return cuts

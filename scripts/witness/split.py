"""Packets into flows, in the plainest way: everything of a 5-tuple in one list, cut where a rule says so.

A cut looks ahead in the capture where Pinyon has to wait. Flow limits, sampling and live capture are not witnessed.
"""
from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from dataclasses import dataclass

from arithmetic import S
from flow import begun_by_receiver
from headers import ACK, FIN, RST, SYN, TCP, Packet

HOLD = 30 * S                 # how long an opening waits for its proof
ROOM = 16                     # packets that wait with it


def key(p: Packet, options: Namespace) -> tuple:
    """What the packets of a flow share, whichever way they go. No tag and VLAN 0 are the same network."""
    return (*sorted([(p.src, p.sport), (p.dst, p.dport)]), p.proto, (p.vlan or 0) if options.key_vlan else None)


@dataclass
class Cut:
    packets: list[Packet]
    initiator: tuple[str, int]    # address and port
    reason: str                   # end_reason
    end: int                      # the reading of the capture clock at which the flow is known to be over


def split(packets: list[Packet], now: int, options: Namespace) -> list[Cut]:
    """Flows in the order of their rows: by logical end, then by first packet. now is the clock at the last record."""
    by_key, cuts = defaultdict(list), []
    for p in packets:
        by_key[key(p, options)].append(p)
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
            other = (p.dst, p.dport)
            waits = other not in self.connection.answered
            reason = self.connection.add(p)
            if reason and self.closed is None:
                self.closed, self.reason = p.clock, reason
            elif self.reason == 'rst' and p.flags & (SYN | ACK) == SYN | ACK and waits and other in self.connection.answered:
                # The SYN that was refused was sent once more, with its number, and is answered after all.
                self.closed, self.reason = None, ''
                self.connection.fin.clear()
                self.connection.acked.clear()

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
            return self.reason or 'reused', p.clock
        return (self.reason or 'active', p.clock) if self.aged(p) else None

    def aged(self, p: Packet) -> bool:
        limit = round(self.options.active_timeout * S)
        return limit > 0 and p.clock - self.packets[0].clock > limit

    def cut(self, reason: str, end: int) -> Cut:
        return Cut(self.packets, self.initiator, reason, end)


class Connection:
    """Whether the TCP connection of a flow is established, and whether it is over."""

    def __init__(self):
        self.numbers: dict[tuple, dict[int, int]] = defaultdict(dict)   # side to initial numbers and payload of their SYNs
        self.answered: set[tuple] = set()                        # sides one of whose numbers is settled
        self.fin: dict[tuple, int] = {}                          # side to the number behind its FIN
        self.acked: set[tuple] = set()                           # sides whose FIN was acknowledged
        self.passed = False                                      # data, or a first packet that was no SYN

    def add(self, p: Packet) -> str:
        """Why the connection is over with this segment, or nothing."""
        me, other = (p.src, p.sport), (p.dst, p.dport)
        if p.flags & RST:
            return 'rst'
        if p.flags & SYN and p.flags & ACK and not self.numbers[other]:
            self.numbers[other][(p.ack - 1) % 2**32] = 0          # its SYN was not seen
            self.answered.add(other)
        if p.flags & ACK and any(1 <= (p.ack - n) % 2**32 <= 1 + size for n, size in self.numbers[other].items()):
            self.answered.add(other)
        if p.flags & SYN:
            self.numbers[me].setdefault(p.seq, p.payload_len)
        else:
            if not self.numbers[me]:
                self.numbers[me][(p.seq - 1) % 2**32] = 0
                self.passed |= not self.numbers[other]
            if any(1 <= (p.seq - n) % 2**32 <= 1 + size for n, size in self.numbers[me].items()):
                self.answered.add(me)
            self.passed |= p.payload_len > 0
        if p.flags & FIN:
            end = (p.seq + bool(p.flags & SYN) + p.payload_len + 1) % 2**32
            if self.fin.get(me) != end:
                self.fin[me] = end
                self.acked.discard(me)
        if p.flags & ACK and p.ack == self.fin.get(other):
            self.acked.add(other)
        return 'fin' if len(self.acked) == 2 else ''

    def succeeded(self, p: Packet, later: list[Packet], closed: bool) -> bool:
        """Whether a new connection begins here: with a SYN behind a close, else with one that later packets prove."""
        me, other = (p.src, p.sport), (p.dst, p.dport)
        if not p.flags & SYN or p.flags & RST:
            return False
        if p.flags & ACK:
            theirs = self.numbers[other]
            if other not in self.answered or any(1 <= (p.ack - n) % 2**32 <= 1 + s for n, s in theirs.items()):
                return False
        elif p.seq in self.numbers[me]:
            return False
        elif closed:
            return True
        elif not self.passed and me not in self.answered:
            return False                        # an attempt that nobody answered goes on
        return proven(p, later)


def proven(p: Packet, later: list[Packet]) -> bool:
    """Whether what comes next shows that an opening was one."""
    return proof(p, later) is not None


def proof(p: Packet, later: list[Packet]) -> int | None:
    """How many packets lie between an opening and what proves it; None if nothing does.

    Other openings may lie between, and wait like it, and segments of the old connection, unless its own side goes on with
    that and opens once more, or resets what the other side still has.
    """
    waiting, clock, old, own = [p], p.clock, 0, False
    for n, q in enumerate(later):
        if q.clock - clock > HOLD:
            return None
        if q.flags is not None and not q.flags & RST and any(proves(q, opening) for opening in waiting):
            return n
        if q.flags is not None and q.flags & SYN and not q.flags & RST:
            if own and (q.src, q.seq) != (p.src, p.seq):
                continue
            waiting.append(q)
            clock = q.clock
            continue
        if q.flags is not None and q.flags & RST and (old or proves(q, p)):
            return None
        old += 1
        own |= (q.src, q.sport) == (p.src, p.sport)
        if old == ROOM:
            return None
    return None


def proves(q: Packet, opening: Packet) -> bool:
    """The other side acknowledges the opening's number, or its own side goes on from there."""
    met = q.seq
    if (q.src, q.sport) != (opening.src, opening.sport):
        if not q.flags & ACK:
            return False
        met = q.ack
    elif q.flags & SYN:
        return False
    return 1 <= (met - opening.seq) % 2**32 <= 1 + opening.payload_len


def _split_key(packets: list[Packet], options: Namespace, now: int) -> list[Cut]:
    cuts, flow, late = [], None, set()
    for i, p in enumerate(packets):
        if i in late:
            continue
        later = packets[i + 1:]
        if flow and (end := flow.ends(p, later)):
            if end[0] == 'reused':
                late = {i + 1 + n for n, q in enumerate(later[:proof(p, later)]) if not (q.flags or 0) & SYN}
                for n in sorted(late):
                    flow.add(packets[n])
                end = flow.reason or 'reused', p.clock
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

"""The groups tcp_sequence and tcp_rtt: the two byte streams of a connection, and how long their answers take."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from arithmetic import S, cmp, greatest, least, mean, ratio, seconds, std
from flow import Flow
from headers import ACK, FIN, RST, SYN, Packet

RTT_MAX = 60 * S
REMEMBERED = 1024             # times of sent data and of timestamps kept a direction
HOLES = 64                    # holes kept a direction


def initial_number(f: Flow, way: bool) -> int | None:
    """The initial number of a side: of several SYNs the one whose number the other side acknowledges, or beyond which the
    side itself goes on, and the latest where nothing tells. Without a SYN, what a SYN-ACK before its first segment acknowledges; None without that."""
    def mine(p: Packet, bits: int) -> bool:
        return p.fwd == way and p.flags & (bits | RST) == bits

    syns = [p for p in f.segments if mine(p, SYN)]
    for q in f.segments:
        if q.flags & RST:
            continue
        for s in syns:
            met = q.ack if q.fwd != way and q.flags & ACK else q.seq if q.fwd == way and not q.flags & SYN else None
            if met is not None and q.number > s.number and 1 <= (met - s.seq) % 2**32 <= 1 + s.payload_len:
                return s.seq
    if syns:
        return syns[-1].seq
    for p in f.segments:
        if p.fwd == way:
            break
        if p.flags & (SYN | ACK | RST) == SYN | ACK:
            return (p.ack - 1) % 2**32
    return None


class Side:
    """What one end has sent so far: its part of the sequence space and its acknowledgments."""

    def __init__(self, number: int | None):
        self.number = number                    # the initial one, if it is known
        self.retransmitted = self.gaps = self.late = self.bytes = self.duplicates = 0
        self.started = False
        self.start = self.next = 0
        self.holes: list[tuple[int, int]] = []
        self.ack = self.window = self.last = None                # last: data and length of what put data at the end

    def stray(self, p: Packet) -> bool:
        """A SYN of another attempt: it changes nothing (RFC 9293 section 3.10.7.4)."""
        return bool(p.flags & SYN) and not p.flags & RST and self.number is not None and p.seq != self.number

    def segment(self, p: Packet, acked: int | None) -> str:
        """Class of the segment: order, gap, late, again, alive (a keep-alive), or none. The other side acknowledged acked."""
        if p.flags & RST:
            return 'none'
        n, fin = p.payload_len, bool(p.flags & FIN)
        data = (p.seq + bool(p.flags & SYN)) % 2**32
        if not self.started:
            self.started, self.start, self.next = True, p.seq, p.seq
        d = cmp(p.seq, self.next)
        kind = 'order'
        if d > 0:
            kind = 'gap'
            self.gaps += 1
            self.holes = [*self.holes, (self.next, p.seq)][-HOLES:]
        if d >= 0:
            self.bytes += n
            self._advance(data, n, fin)
            return kind
        if not n:
            self._advance(data, n, fin)
            return 'none'
        if d == -1 and n == 1 and not p.flags & (SYN | FIN) and self._probe(data, acked):
            return 'alive'
        new = self._fill(data, n)
        beyond = max(0, cmp(data + n, self.next))
        self.bytes += new + min(beyond, n)
        self._advance(data, n, fin)
        if new:
            self.late += 1
            return 'late'
        self.retransmitted += 1
        return 'again'

    def _probe(self, data: int, acked: int | None) -> bool:
        """Whether a byte just before the next number is a keep-alive: it was acknowledged, or, where no ACK was captured,
        is not missing and did not come as a segment of its own."""
        if acked is not None:
            return cmp(acked, data) > 0
        missing = any(cmp(data, a) >= 0 and cmp(data, b) < 0 for a, b in self.holes)
        return self.last != (data, 1) and not missing

    def _advance(self, data: int, n: int, fin: bool) -> None:
        if n and cmp(data + n, self.next) > 0:
            self.last = data, n
        end = (data + n + fin) % 2**32
        if cmp(end, self.next) > 0:
            self.next = end

    def _fill(self, data, n):
        """Take the bytes out of the holes; how many were missing there or lie before all seen so far."""
        new, left = 0, []
        end = data + n
        before = -cmp(data, self.start)
        if before > 0:
            self.holes.insert(0, (data % 2**32, self.start))
            self.start = data % 2**32
        for a, b in self.holes:
            low, high = max(0, cmp(data, a)), min(cmp(b, a), cmp(end, a))      # within the hole, from its start
            if low >= high:
                left.append((a, b))
                continue
            new += high - low
            left += [((a + x) % 2**32, (a + y) % 2**32) for x, y in ((0, low), (high, cmp(b, a))) if x < y]
        self.holes = left[-HOLES:]
        return new

    def acknowledges(self, p, other):
        """Note the ACK; whether it is a duplicate, and whether it acknowledges something new."""
        if not p.flags & ACK or p.flags & RST:
            return False, False
        new = self.ack is None or cmp(p.ack, self.ack) > 0
        outstanding = not other.started or cmp(other.next, p.ack) > 0
        double = (not p.payload_len and not p.flags & (SYN | FIN) and p.ack == self.ack and outstanding
                  and (p.window == self.window or p.sack_blocks > 0))
        self.window = p.window
        if new:
            self.ack = p.ack
        self.duplicates += double
        return double, new


def walk(f: Flow) -> Iterator[tuple[Packet, str, bool, dict[bool, Side]]]:
    """Sequence state of both sides; yields each segment with its class and whether its ACK is new."""
    sides = {way: Side(initial_number(f, way)) for way in (True, False)}
    for p in f.segments:
        me, other = sides[p.fwd], sides[not p.fwd]
        if me.stray(p):
            yield p, 'stray', False, sides
            continue
        kind = me.segment(p, other.ack)
        _, new = me.acknowledges(p, other)
        yield p, kind, new, sides


def tcp_sequence(f: Flow, _) -> dict:
    sides, first, acks, data = {way: Side(None) for way in (True, False)}, {}, Counter(), 0
    for p, _kind, _new, sides in walk(f):
        first.setdefault(p.fwd, p.seq)
        acks[p.fwd] += bool(p.flags & ACK)
        data += p.payload_len > 0
    row = {}
    for way, name in ((True, 'fwd'), (False, 'bwd')):
        s = sides[way]
        number = s.number if s.number is not None else first.get(way)
        row |= {f'tcp_isn_{name}': number, f'tcp_seq_{name}_bytes_sent': s.bytes,
                f'tcp_seq_{name}_retrans': s.retransmitted, f'tcp_seq_{name}_gaps': s.gaps,
                f'tcp_seq_{name}_ooo': s.late, f'tcp_ack_{name}_count': acks[way], f'tcp_ack_{name}_dup': s.duplicates}
    again = row['tcp_seq_fwd_retrans'] + row['tcp_seq_bwd_retrans']
    return row | {'tcp_total_retrans': again, 'tcp_total_ooo': row['tcp_seq_fwd_ooo'] + row['tcp_seq_bwd_ooo'],
                  'tcp_total_dup_acks': row['tcp_ack_fwd_dup'] + row['tcp_ack_bwd_dup'],
                  'tcp_retrans_ratio': ratio(again, data)}


def tcp_rtt(f: Flow, _) -> dict:
    echoes, acks = {True: [], False: []}, []
    clock, sent = {True: {}, False: {}}, {True: {}, False: {}}     # TSval to time; end of data to time
    for p, kind, new, _sides in walk(f):
        if kind == 'stray':
            continue
        reply = p.flags & ACK and not p.flags & RST
        if reply and new and p.tsecr and p.tsecr in clock[not p.fwd]:
            sample = p.t - clock[not p.fwd][p.tsecr]
            if 0 < sample < RTT_MAX:
                echoes[p.fwd].append(sample)
        if reply:
            waiting = sent[not p.fwd]
            if p.ack in waiting and 0 < p.t - waiting[p.ack] < RTT_MAX:
                acks.append(p.t - waiting[p.ack])
            for end in [e for e in waiting if cmp(e, p.ack) <= 0]:
                del waiting[end]
        data = p.seq + bool(p.flags & SYN)
        behind = (data + p.payload_len + bool(p.flags & FIN)) % 2**32           # a FIN is acknowledged with its data
        if kind in ('late', 'again'):                               # Karn: whose ACK it will be is not known
            for end in [e for e in sent[p.fwd] if cmp(e, data) > 0 and cmp(e, behind) <= 0]:
                del sent[p.fwd][end]
        elif kind in ('order', 'gap') and p.payload_len:
            remember(sent[p.fwd], behind, p.t)
        if p.tsval is not None and (p.payload_len or p.flags & (SYN | FIN)):
            if p.tsval not in clock[p.fwd]:
                remember(clock[p.fwd], p.tsval, p.t)
    x = echoes[True] + echoes[False]
    steps = [abs(b - a) for way in echoes.values() for a, b in zip(way, way[1:])]
    return {'tcp_rtt_handshake': seconds(handshake(f)), 'tcp_rtt_min': seconds(least(x)),
            'tcp_rtt_max': seconds(greatest(x)), 'tcp_rtt_mean': seconds(mean(x)), 'tcp_rtt_samples': len(x),
            'tcp_rtt_std': seconds(std(x)), 'tcp_rtt_jitter_avg': seconds(mean(steps)),
            'tcp_rtt_ack_min': seconds(least(acks)), 'tcp_rtt_ack_max': seconds(greatest(acks)),
            'tcp_rtt_ack_mean': seconds(mean(acks))}


def remember(table: dict[int, int], key: int, time: int) -> None:
    table[key] = time
    if len(table) > REMEMBERED:
        del table[next(iter(table))]


def handshake(f: Flow) -> int | None:
    """SYN to SYN-ACK to the ACK of it, in ns; twice the first way where the last step is missing."""
    numbers = {way: initial_number(f, way) for way in (True, False)}
    seg = [p for p in f.segments if not p.flags & SYN or p.seq == numbers[p.fwd]]
    answer = syn = None
    for p in seg:                       # the SYN-ACK that answers the latest SYN before it
        if p.fwd and p.flags & (SYN | ACK | RST) == SYN:
            syn = p
        elif syn and not p.fwd and p.flags & (SYN | ACK | RST) == SYN | ACK \
                and 0 <= cmp(p.ack, syn.seq + 1) <= syn.payload_len:
            answer = p
            break
    if not answer:
        return None
    copy = answer
    for p in seg:
        if p.number <= answer.number:
            continue
        if not p.fwd and p.flags & (SYN | ACK | RST) == SYN | ACK and p.seq == answer.seq:
            copy = p
        elif p.fwd and p.flags & (SYN | ACK | RST) == ACK and cmp(p.ack, answer.seq + 1) >= 0:
            return answer.t - syn.t + p.t - copy.t
    return 2 * (answer.t - syn.t)

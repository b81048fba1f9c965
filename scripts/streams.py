#!/usr/bin/env python3
"""Compare the cut of TCP packets into flows with tshark's tcp.stream, without timeouts.

    streams.py PINYON CAPTURE... [--verbose]

Of every pair of endpoints the packets are divided as the rows of PINYON divide them (first packet, last packet, number of
packets) and as tshark does. Prints where the two differ: the frame at which one begins a new flow and the other does
not, with the reason that the frames show, and a table of the reasons. Packets in tunnels, in ICMP messages and later
fragments are left out. Exit status 1 if a difference has no reason.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

FIN, SYN, RST, ACK = 1, 2, 4, 16
FIELDS = ['frame.number', 'tcp.stream', 'ip.src', 'ipv6.src', 'ip.dst', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport',
          'tcp.flags', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.len', 'frame.protocols']

Packet = collections.namedtuple('Packet', 'frame stream src dst flags seq ack len')


def packets(path):
    """The TCP packets of a capture as tshark sees them."""
    command = ['tshark', '-r', path, '-n', '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE', '-Y', 'tcp.stream',
               '-T', 'fields', '-E', 'occurrence=f']
    for name in FIELDS:
        command += ['-e', name]
    out = subprocess.run(command, capture_output=True, text=True, errors='replace')
    for line in out.stdout.splitlines():
        said = dict(zip(FIELDS, line.split('\t')))
        layers = said['frame.protocols'].split(':')
        layers = layers[:layers.index('tcp')] if 'tcp' in layers else layers
        if layers.count('ip') + layers.count('ipv6') != 1 or 'icmp' in layers or 'icmpv6' in layers:
            continue
        if not said['tcp.seq_raw']:
            continue
        yield Packet(int(said['frame.number']), int(said['tcp.stream']),
                     (said['ip.src'] or said['ipv6.src'], int(said['tcp.srcport'])),
                     (said['ip.dst'] or said['ipv6.dst'], int(said['tcp.dstport'])),
                     int(said['tcp.flags'], 16), int(said['tcp.seq_raw']), int(said['tcp.ack_raw'] or 0),
                     int(said['tcp.len'] or 0))


def rows(pinyon, path):
    """The TCP rows of a capture by their endpoints, in the order of their first packets."""
    command = [pinyon, 'extract', path, '-f', 'jsonl', '-o', '-', '--no-progress', '--include-trace', '--features', 'flow_meta',
               '--flow-timeout', '1000000000', '--tcp-close-delay', '1000000000']
    out = subprocess.run(command, capture_output=True, text=True)
    flows = collections.defaultdict(list)
    for line in out.stdout.splitlines():
        row = json.loads(line)
        if row['protocol'] == 6:
            ends = frozenset([(row['src_ip'], row['src_port']), (row['dst_ip'], row['dst_port'])])
            flows[ends].append(row)
    for of in flows.values():
        of.sort(key=lambda row: row['first_packet'])
    return flows


def divide(of, flows):
    """The number of the flow of each packet; flows overlap only by openings that were held back."""
    numbers = []
    left = [row['total_packets'] for row in flows]
    for p in of:
        inside = [i for i, row in enumerate(flows) if row['first_packet'] <= p.frame <= row['last_packet']]
        if len(inside) > 1:     # what opens is of the later flow, all else of the earlier
            inside = inside[-1:] if p.flags & SYN else inside[:1]
        if not inside:
            return None
        numbers.append(inside[0])
        left[inside[0]] -= 1
    return numbers


def answered(of, at):
    """Whether the SYN of[at] is acknowledged, or its side goes on from it."""
    s = of[at]
    for p in of[at + 1:]:
        if p.flags & RST:
            continue
        if p.src == s.dst and p.flags & ACK and 1 <= (p.ack - s.seq) & 0xffffffff <= 1 + s.len:
            return True
        if p.src == s.src and not p.flags & SYN and 1 <= (p.seq - s.seq) & 0xffffffff <= 1 + s.len:
            return True
    return False


def why(of, at, ours, theirs):
    """The reason for which tshark and Pinyon part ways at packet of[at]."""
    p = of[at]
    if theirs:
        same = [q for q in of[:at] if q.src == p.src]
        if not p.flags & (SYN | RST) and same and (p.seq - same[-1].seq - same[-1].len - bool(same[-1].flags & SYN)) == 0:
            return 'numbers go on: tshark begins a stream in the middle of a connection'
        if p.flags & (SYN | ACK) == SYN and not answered(of, at):
            return 'a SYN that nobody acknowledges belongs to the connection it meets'
        own = [q for q in same if q.src == p.src and q.flags & (SYN | ACK) == SYN]
        if p.flags & (SYN | ACK) == SYN and own and not any(answered(of[:at], of.index(q)) for q in own if q.seq != p.seq):
            return 'SYNs of which none was acknowledged before are one attempt'
        return None
    if p.flags & SYN:
        old = of[:at]
        if any(q.flags & RST for q in old) or len({q.src for q in old if q.flags & FIN}) == 2:
            return 'a SYN with another number behind a close begins a connection'
        return 'a SYN with another number that is acknowledged begins a connection'
    return None


def compare(path, pinyon):
    """The packets of a capture and the places where the two differ."""
    pairs = collections.defaultdict(list)
    for p in packets(path):
        pairs[frozenset([p.src, p.dst])].append(p)
    flows = rows(pinyon, path) if pairs else {}
    n = 0
    if pairs and not flows:
        yield 0, 'not compared', 'a file of another kind than pcap and pcapng, or a link type that Pinyon does not read'
        return
    for ends, of in pairs.items():
        n += len(of)
        if ends not in flows:
            yield of[0].frame, 'no flow', None
            continue
        ours = divide(of, flows[ends])
        if ours is None:
            yield of[0].frame, 'a packet without a flow', None
            continue
        for at in range(1, len(of)):
            a = ours[at] not in ours[:at]
            b = of[at].stream not in {q.stream for q in of[:at]}
            if a != b:
                yield of[at].frame, 'tshark begins a stream' if b else 'Pinyon begins a flow', why(of, at, ours, b)
    yield n, 'packets', ''


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument('pinyon')
    ap.add_argument('capture', nargs='+')
    ap.add_argument('--verbose', action='store_true', help='print every difference, with its frame')
    a = ap.parse_args()
    table = collections.Counter()
    total = captures = bad = 0
    for path in a.capture:
        for frame, what, reason in compare(path, a.pinyon):
            if what == 'packets':
                total += frame
                captures += frame > 0
                continue
            table[what, reason] += 1
            bad += reason is None
            if a.verbose or reason is None:
                print(f'{os.path.basename(path)} frame {frame}: {what}: {reason}')
    print(f'{captures} captures with TCP, {total} packets')
    for (what, reason), n in sorted(table.items(), key=str):
        print(f'{n:6}  {what}: {reason}')
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())

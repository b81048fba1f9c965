"""What tshark says of a capture, packet by packet, in the terms of Pinyon's flows.

Used by tuples.py, tcpanalysis.py and testdata/expect.py. It shares no code with Pinyon: tshark dissects, and the
rules below turn its fields into one 5-tuple, total length, payload length and flag set a packet.

- none: the outermost IP header and the transport directly behind it; inner: the innermost IP header that can be
  reached through tunnels. A packet quoted in an ICMP error is never used. frame.protocols says in which order the
  headers came; the n-th "ip" in it is the n-th value of ip.src.
- Protocol: IPv4 protocol field; IPv6: what follows the extension headers; with AH, what follows that. ESP ends the
  walk, ports 0.
- Payload of TCP within a length field of something else (PPPoE, a tunnel) is what tshark bounds by it.
- Later fragments belong to the flow of their first fragment if it came within 30 s before, else ports 0. tshark
  is told not to reassemble.

tshark's answers are kept under $ORACLE_CACHE (default /tmp/pinyon-oracle), by path, size and time of the capture.
"""
import collections, gzip, hashlib, ipaddress, os, re, subprocess, sys

COMMAND = ['tshark', '-n', '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE',
           '-o', 'tcp.desegment_tcp_streams:FALSE', '-d', 'udp.port==8472,vxlan', '--enable-heuristic', 'teredo_udp']

FIELDS = '''frame.number frame.time_epoch frame.len frame.cap_len frame.protocols
ip.src ip.dst ip.proto ip.len ip.hdr_len ip.id ip.frag_offset ip.flags.mf
ipv6.src ipv6.dst ipv6.nxt ipv6.plen ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident ipv6.fraghdr.nxt
ipv6.hopopts.nxt ipv6.hopopts.len_oct ipv6.routing.nxt ipv6.routing.len_oct ipv6.dstopts.nxt ipv6.dstopts.len_oct
mip6.proto mip6.hlen shim6.nxt shim6.len hip.proto hip.hdr_len ah.next_header ah.length
tcp.srcport tcp.dstport tcp.hdr_len tcp.flags tcp.len tcp.seq_raw tcp.window_size_value
udp.srcport udp.dstport udp.length sctp.srcport sctp.dstport dccp.srcport dccp.dstport tcp.stream
tcp.analysis.retransmission tcp.analysis.fast_retransmission tcp.analysis.spurious_retransmission
tcp.analysis.out_of_order tcp.analysis.initial_rtt tcp.analysis.duplicate_ack tcp.analysis.lost_segment'''.split()

TCP, UDP, UDPLITE, SCTP, DCCP, ICMP, ICMPV6, ESP = 6, 17, 136, 132, 33, 1, 58, 50
PORTS = {'tcp': 'tcp', 'udp': 'udp', 'udplite': 'udp', 'sctp': 'sctp', 'dccp': 'dccp'}
PORT_PROTO = {TCP: 'tcp', UDP: 'udp', UDPLITE: 'udplite', SCTP: 'sctp', DCCP: 'dccp'}
# Extension headers: name in frame.protocols -> (next header field, length field; None: 8 bytes).
EXT = {'ipv6.hopopts': ('ipv6.hopopts.nxt', 'ipv6.hopopts.len_oct'), 'ipv6.routing': ('ipv6.routing.nxt', 'ipv6.routing.len_oct'),
       'ipv6.dstopts': ('ipv6.dstopts.nxt', 'ipv6.dstopts.len_oct'), 'ipv6.fraghdr': ('ipv6.fraghdr.nxt', None),
       'mipv6': ('mip6.proto', 'mip6.hlen'), 'shim6': ('shim6.nxt', 'shim6.len'), 'hip': ('hip.proto', 'hip.hdr_len'), 'ah': ('ah.next_header', 'ah.length')}
# What may stand between two IP headers of a tunnel.
TUNNEL = {'gre', 'erspan', 'eth', 'ethertype', 'vlan', 'ieee8021ad', 'mpls', 'pweth', 'pwethcw', 'pwethnocw', 'pwethheuristic', 'pwmcw',
          'ppp', 'pppoes', 'vxlan', 'geneve', 'gtp', 'teredo', 'l2tp', 'udp', 'llc', 'nsh', 'etag', 'vntag', 'cfp', 'ieee8021ah'}
# Layers with a length field around what they carry.
ENCLOSING = {'pppoes', 'llc'}
MAX_IP = 4
MEMORY_NS, MEMORY_SIZE, IDLE_NS = 30 * 10**9, 65536, 60 * 10**9

Packet = collections.namedtuple('Packet', 'number proto src sport dst dport total payload flags later orphan nested ext')


def version():
    """As in "TShark 4.0.17"."""
    out = subprocess.run(['tshark', '--version'], capture_output=True, text=True).stdout
    return 'TShark ' + re.search(r'\d+\.\d+\.\d+', out)[0]


def table(path):
    """Rows of FIELDS as dicts of value lists, from the cache if the capture is the same. None: tshark cannot read it."""
    folder = os.environ.get('ORACLE_CACHE', '/tmp/pinyon-oracle')
    os.makedirs(folder, exist_ok=True)
    st = os.stat(path)
    key = hashlib.sha256(repr((os.path.abspath(path), st.st_size, st.st_mtime_ns, FIELDS, COMMAND)).encode()).hexdigest()[:24]
    cached = os.path.join(folder, key + '.gz')
    if not os.path.exists(cached):
        args = COMMAND + ['-r', path, '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=;']
        for f in FIELDS:
            args += ['-e', f]
        try:
            r = subprocess.run(args, capture_output=True, timeout=300)
            out = r.stdout
            if not out and r.returncode:
                out = b'unreadable'
        except subprocess.TimeoutExpired:
            out = b'unreadable'
        with gzip.open(cached + '.%d' % os.getpid(), 'wb', 1) as f:
            f.write(out)
        os.replace(cached + '.%d' % os.getpid(), cached)
    with gzip.open(cached, 'rb') as f:
        text = f.read().decode('utf8', 'replace')
    if text == 'unreadable':
        return None
    return [row(line) for line in text.split('\n') if line]


def row(line):
    return {f: v.split(';') for f, v in zip(FIELDS, line.split('\t')) if v}


def number(v):
    return {'True': 1, 'False': 0}[v] if v in ('True', 'False') else int(v, 0)


def nanoseconds(v):
    s, _, f = v.lstrip('-').partition('.')
    n = int(s) * 10**9 + int((f + '000000000')[:9])
    return -n if v[0] == '-' else n


class Layers:
    """Walks frame.protocols; at each header, at() picks the value that belongs to it."""

    def __init__(self, row):
        self.row, self.names, self.seen = row, row['frame.protocols'][0].split(':'), collections.Counter()
        self.pos = -1

    def next(self):
        self.pos += 1
        if self.pos >= len(self.names):
            return None
        name = self.names[self.pos]
        self.seen['udp' if name == 'udplite' else name] += 1
        return name

    def at(self, field, name, default=None):
        v = self.row.get(field, ())
        i = self.seen['udp' if name == 'udplite' else name] - 1
        return number(v[i]) if i < len(v) else default

    def text(self, field, name):
        v = self.row.get(field, ())
        i = self.seen[name] - 1
        return v[i] if i < len(v) else None


class Header:
    """One IP header with what lies directly behind it."""

    def __init__(self, l, name):
        self.ok = False
        src, dst = l.text(name + '.src', name), l.text(name + '.dst', name)
        self.frag = None  # (offset, more, id)
        self.ext = 0
        if name == 'ip':
            self.proto, self.total, self.hdr = l.at('ip.proto', name), l.at('ip.len', name), l.at('ip.hdr_len', name)
            if None in (src, dst, self.proto, self.total, self.hdr) or self.hdr < 20 or 0 < self.total < self.hdr:
                return
            off, more = l.at('ip.frag_offset', name, 0), l.at('ip.flags.mf', name, 0)
            if off or more:
                self.frag = (off, more, l.at('ip.id', name, 0))
        else:
            self.proto, plen = l.at('ipv6.nxt', name), l.at('ipv6.plen', name)
            if None in (src, dst, self.proto, plen):
                return
            self.total, self.hdr = plen + 40, 40
            if plen == 0 and self.proto not in (59, ICMPV6):  # else there is nothing behind the header
                self.total = 0
        if self.total == 0:  # segmentation offload: only an Ethernet or raw capture without tunnel is right here
            self.total = l.at('frame.len', 'frame', 0) or int(l.row['frame.len'][0])
            self.total -= 14 if l.names[0] == 'eth' else 0
        self.src, self.dst = ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed
        self.after = l.next()
        while self.after in (EXT if name == 'ipv6' else ('ah',)):
            nxt, length = EXT[self.after]
            self.ext += 1
            n = 8 if length is None else l.at(length, self.after, 0)
            if self.after in ('mipv6', 'shim6', 'hip'):
                n = (n + 1) * 8
            elif self.after == 'ah':
                n = (n + 2) * 4
            self.hdr += n
            if length is None:
                off, more = l.at('ipv6.fraghdr.offset', self.after, 0), l.at('ipv6.fraghdr.more', self.after, 0)
                if off or more:
                    self.frag = (off, more, l.at('ipv6.fraghdr.ident', self.after, 0))
            self.proto = l.at(nxt, self.after, self.proto)
            self.after = l.next()
            if self.frag and self.frag[0]:
                break
        self.v6 = name == 'ipv6'
        self.ok = True

    def later(self):
        return bool(self.frag and self.frag[0])

    def transport(self, l, enclosed):
        """(sport, dport, payload, flags) from the header behind this one, which l stands on."""
        x, sport, dport, flags = self.total - self.hdr, 0, 0, None
        if self.later():
            return 0, 0, max(0, x), None
        name = self.after
        if PORT_PROTO.get(self.proto) == name and name is not None:
            f = PORTS[name]
            sport, dport = l.at(f + '.srcport', name, 0), l.at(f + '.dstport', name, 0)
            if name == 'tcp':
                hdr, flags = l.at('tcp.hdr_len', name), l.at('tcp.flags', name)
                if hdr is None or hdr < 20 or hdr > x:
                    return sport, dport, 0, None
                n = l.at('tcp.len', name) if enclosed else None
                return sport, dport, max(0, min(x - hdr, x if n is None else n)), flags & 0x1ff if flags is not None else None
        if self.proto == UDP:
            n = l.at('udp.length', 'udp', 0) if name == 'udp' else 0
            return sport, dport, max(0, n - 8 if 8 <= n <= x else x - 8), None
        if self.proto in (UDPLITE, ICMP, ICMPV6):
            return sport, dport, max(0, x - 8), None
        if self.proto == TCP:
            return sport, dport, 0, None
        return sport, dport, max(0, x), None


class Memory:
    """Ports of first fragments, by datagram, for 30 s on a clock that never runs backward."""

    def __init__(self):
        self.table, self.clock, self.top = collections.OrderedDict(), 0, None

    def tick(self, ts):
        if self.top is None or ts < self.top - IDLE_NS:
            self.top = ts
        elif ts > self.top:
            self.clock += ts - self.top
            self.top = ts

    @staticmethod
    def key(h):
        return (h.src, h.dst, h.frag[2]) + (() if h.v6 else (h.proto,))

    def put(self, h, value):
        k = self.key(h)
        self.table.pop(k, None)
        self.table[k] = (self.clock, value)
        if len(self.table) > MEMORY_SIZE:
            self.table.popitem(last=False)

    def get(self, h):
        t = self.table.get(self.key(h))
        return t[1] if t and self.clock - t[0] <= MEMORY_NS else None


def packets(rows, inner=False):
    """Packets of a capture, IP only."""
    memory = Memory()
    for r in rows:
        if 'frame.time_epoch' in r:  # simple packet blocks carry none
            memory.tick(nanoseconds(r['frame.time_epoch'][0]))
        if 'frame.protocols' not in r:
            continue
        l = Layers(r)
        name = l.next()
        while name is not None and name not in ('ip', 'ipv6'):
            if name in ('icmp', 'icmpv6', 'tcp', 'arp'):
                name = None
                break
            name = l.next()
        if name == 'ip' and 'ip.src' not in r:  # IPv6 where the link type said IPv4
            name = l.next()
        if name is None:
            continue
        chain, ends = [], None
        while name in ('ip', 'ipv6') and len(chain) < (MAX_IP if inner else 1):
            h = Header(l, name)
            if not h.ok:
                break
            chain.append((h, h.transport(l, bool(chain or ENCLOSING.intersection(l.names[:l.pos])))))
            if h.later() or h.proto == ESP:
                break
            name = h.after
            while inner and name in TUNNEL:
                name = l.next()
        if not chain:
            continue
        h, (sport, dport, payload, flags) = chain[-1]
        proto, orphan = h.proto, False
        for i, (f, t) in enumerate(chain):  # every level may be a first fragment
            if f.frag and not f.frag[0]:
                whole = i == len(chain) - 1
                memory.put(f, (f.proto, t[0], t[1]) if whole else (f.proto, 0, 0))
        if h.later():
            known = memory.get(h)
            orphan = known is None
            if known:
                proto, sport, dport = known
        yield Packet(int(r['frame.number'][0]), proto, h.src, sport, h.dst, dport, h.total, payload, flags,
                     h.later(), orphan, len(chain), h.ext)


class Sums:
    """What one 5-tuple adds up to; index 0 is sent by the smaller end, 1 by the other."""
    __slots__ = ('packets', 'total', 'payload', 'flags', 'frames')

    def __init__(self):
        self.packets, self.total, self.payload, self.flags, self.frames = [0, 0], [0, 0], [0, 0], [0, 0], []


def tuples(pkts):
    """(proto, (address, port), (address, port)) -> Sums, smaller end first, in order of first packet."""
    out = {}
    for p in pkts:
        a, b = (p.src, p.sport), (p.dst, p.dport)
        d = int(b < a)
        s = out.setdefault((p.proto, min(a, b), max(a, b)), Sums())
        s.packets[d] += 1
        s.total[d] += p.total
        s.payload[d] += p.payload
        s.flags[d] |= p.flags or 0
        s.frames.append(p.number)
    return out


def show(key):
    proto, a, b = key
    end = lambda e: f'{ipaddress.ip_address(e[0])} {e[1]}'
    return f'{proto} {end(a)} {end(b)}'


def captures(*roots):
    """All files below the roots that look like captures by their first bytes, sorted, with a short name."""
    magic = {bytes.fromhex(x) for x in ('a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', 'a1b2cd34', '34cdb2a1', '0a0d0d0a', '28b52ffd')}
    for root in roots:
        if os.path.isfile(root):
            yield os.path.basename(root), root
            continue
        for d, dirs, files in os.walk(root):
            dirs.sort()
            for f in sorted(files):
                path = os.path.join(d, f)
                with open(path, 'rb') as h:
                    head = h.read(4)
                if head in magic or head[:2] == b'\x1f\x8b':
                    yield os.path.relpath(path, root), path


def known(path):
    """A list of explained differences: tab separated, '#' comments; first column the capture, last the reason."""
    out = collections.defaultdict(list)
    if os.path.exists(path):
        with open(path) as f:
            for line in f:
                if line.strip() and not line.startswith('#'):
                    cols = line.rstrip('\n').split('\t')
                    out[cols[0]].append(cols[1:])
    return out


def here(name):
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)


def progress(i, n, name):
    if sys.stderr.isatty():
        sys.stderr.write(f'\r{i}/{n} {name[:60]:60}')
        sys.stderr.flush()

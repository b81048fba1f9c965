#!/usr/bin/env python3
"""One end of a tunnel in user space, for encapsulations that the kernel may lack.

    wrap.py KIND IFACE LOCAL REMOTE INNER [INNER...]

Makes the device t0 with the addresses INNER (with prefix length) in the current network namespace and
carries its packets over IFACE, whose address is LOCAL, to the other end at REMOTE. Link kinds: vlan (VID 5),
qinq (88a8 VID 6, 8100 VID 7), mpls (labels 100, 200), pppoe (session 17). IP kinds: ipip, 6in4, 4in6, gre,
grekey (key and sequence number), gretap. UDP kinds: geneve (VNI 42), gtpu (TEID 99). MTU of t0 from the
variable MTU. Prints "ready".
"""
import fcntl, os, select, socket, struct, subprocess, sys

kind, iface, local, remote, inner = *sys.argv[1:5], sys.argv[5:]
TAP = kind in ('vlan', 'qinq', 'gretap', 'geneve')
TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454ca, 1, 2, 0x1000
ETH_P_ALL, OUTGOING = 3, 4
LINK = {'vlan', 'qinq', 'mpls', 'pppoe'}
PROTO = {'ipip': 4, '6in4': 41, '4in6': 4, 'gre': 47, 'grekey': 47, 'gretap': 47}
PORT = {'geneve': 6081, 'gtpu': 2152}


def mac(name):
    with open(f'/sys/class/net/{name}/address') as f:
        return bytes.fromhex(f.read().strip().replace(':', ''))


def ethertype(p):
    return 0x0800 if p[0] >> 4 == 4 else 0x86dd


def wrap(p, seq):
    if kind == 'vlan':
        return p[:12] + struct.pack('!HH', 0x8100, 5) + p[12:]
    if kind == 'qinq':
        return p[:12] + struct.pack('!HHHH', 0x88a8, 6, 0x8100, 7) + p[12:]
    if kind == 'mpls':
        return link + struct.pack('!HII', 0x8847, 100 << 12 | 64, 200 << 12 | 0x100 | 64) + p
    if kind == 'pppoe':
        ppp = (b'\0\x21' if p[0] >> 4 == 4 else b'\0\x57') + p
        return link + struct.pack('!HBBHH', 0x8864, 0x11, 0, 17, len(ppp)) + ppp
    if kind == 'gre':
        return struct.pack('!HH', 0, ethertype(p)) + p
    if kind == 'grekey':
        return struct.pack('!HHII', 0x3000, ethertype(p), 7, seq) + p
    if kind == 'gretap':
        return struct.pack('!HH', 0, 0x6558) + p
    if kind == 'geneve':
        return struct.pack('!BBHI', 0, 0, 0x6558, 42 << 8) + p
    if kind == 'gtpu':
        return struct.pack('!BBHI', 0x30, 255, len(p), 99) + p
    return p


def unwrap(b):
    """The packet for t0, or None if b is no such frame."""
    if kind in ('vlan', 'qinq'):  # the kernel may have taken the outer tag off
        if b[6:12] not in peers:
            return None
        p = b[12:]
        while p[:2] in (b'\x81\0', b'\x88\xa8'):
            p = p[4:]
        return b[:12] + p
    if kind == 'mpls':
        return b[22:] if b[12:14] == b'\x88\x47' else None
    if kind == 'pppoe':
        return b[22:] if b[12:14] == b'\x88\x64' else None
    if kind in PROTO:
        if kind != '4in6':
            b = b[(b[0] & 15) * 4:]
        return b[{'gre': 4, 'grekey': 12, 'gretap': 4}.get(kind, 0):]
    return b[8:]


tun = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', b't0', (IFF_TAP if TAP else IFF_TUN) | IFF_NO_PI))
run = lambda *a: subprocess.run(a, check=True)
last = int(remote.split(':')[-1].split('.')[-1], 16)
peers = {bytes((2, 0, 0, 0, 0x70, last))}
if TAP:
    me = int(local.split(':')[-1].split('.')[-1], 16)
    run('ip', 'link', 'set', 't0', 'address', '02:00:00:00:70:%02x' % me)
run('ip', 'link', 'set', 't0', 'mtu', os.environ.get('MTU', '1400'), 'up')
for a in inner:
    run('ip', 'addr', 'add', a, 'dev', 't0', *(['nodad'] if ':' in a else []))

dest = (remote, 0)
if kind in LINK:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((iface, ETH_P_ALL))
    link = bytes.fromhex(os.environ['REMOTE_MAC'].replace(':', '')) + mac(iface)
elif kind in PROTO:
    family = socket.AF_INET6 if ':' in local else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_RAW, PROTO[kind])
    sock.bind((local, 0))
    sock.connect((remote, 0))
else:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((local, PORT[kind]))
    dest = (remote, PORT[kind])
if kind not in LINK and ':' not in local:
    sock.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: let the kernel fragment
print('ready', flush=True)
seq = 0
while True:
    for s in select.select([tun, sock], [], [])[0]:
        if s is tun:
            b = wrap(os.read(tun, 65535), seq)
            seq += 1
            if kind in LINK or kind in PROTO:
                sock.send(b)
            else:
                sock.sendto(b, dest)
            continue
        b, addr = sock.recvfrom(65535)
        if kind in LINK and addr[2] == OUTGOING:
            continue
        if (p := unwrap(b)) is not None and len(p) >= 20:
            os.write(tun, p)

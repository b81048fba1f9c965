"""Forms of tunnels' messages: which kind a flow proves, and which it hints at. docs/fingerprint.md has the definitions."""
from __future__ import annotations

import re
from struct import unpack

from flow import Flow
from headers import TCP, UDP

ORDER = ('ipsec-esp', 'ipsec-ike', 'l2tp', 'pptp', 'openvpn', 'wireguard', 'tinc', 'softether', 'tailscale')
DIGESTS = (16, 20, 28, 32, 48, 64)
PPP = (0x21, 0x57, 0xfd, 0x8021, 0x8057, 0x80fd, 0xc021, 0xc023, 0xc223)


def be(b: bytes) -> int:
    return int.from_bytes(b, 'big')


def le(b: bytes) -> int:
    return int.from_bytes(b, 'little')


class Tunnels:
    def __init__(self, f: Flow):
        self.proven, self.hinted = set(), set()
        self.greeting = [(None, 0), (None, 0)]           # kind and session of a direction's last greeting
        self.run = [[None, 0, 0, 0], [None, 0, 0, 0]]    # form, id, counter, messages
        seen = [0, 0]
        for p in f.packets:
            if not p.payload or p.frag_off:
                continue
            side = 0 if p.fwd else 1
            if f.proto == UDP:
                self.datagram(side, p.payload, p.payload_len)
            elif f.proto == TCP and p.flags is not None and seen[side] < 8:
                seen[side] += 1
                self.segment(side, p.payload, p.payload_len)

    def kind(self) -> str:
        return max(self.proven, key=ORDER.index, default='')

    def hint(self) -> str:
        return max(self.hinted, key=ORDER.index, default='')

    def count(self, side: int, form: str, ident: int, counter: int) -> int:
        run = self.run[side]
        if run[0] != form or run[1] != ident or not run[3]:
            self.run[side] = [form, ident, counter, 1]
            return 1
        step = (counter - run[2] + 2**31) % 2**32 - 2**31
        if abs(step) > 256:
            run[2:] = [counter, 1]
        elif step > 0:
            run[2:] = [counter, min(255, run[3] + 1)]
        return run[3]

    def both(self, form: str) -> int:
        return sum(r[3] for r in self.run if r[0] == form)

    def datagram(self, side: int, b: bytes, size: int) -> None:
        if self.proven:
            return self.tailscale(b, size) and None
        for test in (self.wireguard, self.openvpn, self.ike_of, self.l2tp, self.softether):
            if test(side, b, size):
                return
        if self.tailscale(b, size):
            return
        if len(b) >= 8 and size % 4 == 0 and be(b[:4]) > 255:
            if self.count(side, 'ipsec-esp', be(b[:4]), be(b[4:8])) >= 4:
                self.hinted.add('ipsec-esp')
        else:
            self.run[side][3] = 0

    def segment(self, side: int, b: bytes, size: int) -> None:
        if len(b) >= 12 and be(b[2:8]) == 0x11a2b3c4d and 1 <= be(b[8:10]) <= 15 and be(b[10:12]) == 0:
            self.proven.add('pptp')
            return
        stream = b
        if stream[:6] == b'IKETCP':
            self.hinted.add('ipsec-ike')
            stream = stream[6:]
        if len(stream) >= 6 and be(stream[2:6]) == 0 and self.ike(stream[2:], be(stream[:2]) - 2):
            return
        if len(b) == size <= 64 and re.fullmatch(rb'0 [0-9A-Za-z_]+ 17(\.[0-9]{2,3}|\.[0-9])?\n', b):
            # The minor version has one to three digits.
            self.hinted.add('tinc')
            self.greeting[side] = ('tinc', self.greeting[side][1])
            if self.greeting[1 - side][0] == 'tinc':
                self.proven.add('tinc')
            return
        for _ in range(4):
            if len(b) < 16 or (n := be(b[:2])) < 14 or not self.openvpn(side, b[2:2 + n], n) or 2 + n >= len(b):
                return
            b = b[2 + n:]

    def wireguard(self, side: int, b: bytes, size: int) -> bool:
        if len(b) < 16 or not 1 <= b[0] <= 4:
            return False
        plain = b[1:4] == b'\0\0\0'
        if b[0] == 1 and size == 148:
            self.greeting[side] = ('wireguard', le(b[4:8]))
            if plain:
                self.hinted.add('wireguard')
                if len(b) == size and not any(b[132:]):
                    self.proven.add('wireguard')
            return True
        for kind, length, at in ((2, 92, 8), (3, 64, 4)):
            if b[0] == kind and size == length:
                if self.greeting[1 - side] == ('wireguard', le(b[at:at + 4])):
                    self.proven.add('wireguard')
                    return True
                if plain:
                    self.hinted.add('wireguard')
                return plain
        if b[0] == 4 and size >= 32 and size % 16 == 0 and plain and b[14:16] == b'\0\0':
            self.count(side, 'wireguard', le(b[4:8]), le(b[8:12]))
            if self.both('wireguard') >= 3:
                self.proven.add('wireguard')
            return True
        return False

    def openvpn(self, side: int, b: bytes, size: int) -> bool:
        if len(b) < 14:
            return False
        code, session, (greeted, other) = b[0] >> 3, be(b[1:9]), self.greeting[1 - side]
        if code == 9:
            if b[1] and b[1:4] != b'\xff\xff\xff':
                return False
            if self.count(side, 'openvpn', be(b[:4]), be(b[4:8])) >= 5:
                self.proven.add('openvpn')
            return True
        if b[0] & 7 or not session or size > 2048:
            return False
        returned = other.to_bytes(8, 'big') in b[9:128]
        if code in (1, 7, 10):
            sure = unsure = False
            if code == 10:
                unsure = size > 310 and numbered(b[9:13])
            else:
                sure = size == 14 and not any(b[9:14]) or size - 22 in DIGESTS and len(b) == size \
                    and not any(b[-5:]) and numbered(b[-13:-9])
                unsure = size == 54 and numbered(b[9:13])
            if sure or unsure:
                self.greeting[side] = ('openvpn', session)
                self.hinted.add('openvpn')
            if sure:
                self.proven.add('openvpn')
            return sure or unsure
        if code in (2, 8):
            if greeted != 'openvpn' or not (numbered(b[9:13]) or returned):
                return False
            if not numbered(b[9:13]):
                self.proven.add('openvpn')
            self.greeting[side] = ('openvpn', session)
            return True
        if code in (4, 5, 11):
            if self.greeting[side] == ('openvpn', session):
                if greeted == 'openvpn':
                    self.proven.add('openvpn')
                return True
            found = greeted == 'perhaps' and size >= 22 and returned
            if found:
                self.proven.add('openvpn')
            if self.greeting[side][0] in (None, 'perhaps'):
                self.greeting[side] = ('perhaps', session)
            return found
        return False

    def ike_of(self, _: int, b: bytes, size: int) -> bool:
        return self.ike(b, size)

    def ike(self, b: bytes, size: int) -> bool:
        if b[:4] == b'\0\0\0\0':
            b, size = b[4:], size - 4
        if len(b) < 28 or not any(b[:8]) or be(b[24:28]) != size:
            return False
        version, exchange, flags = b[17:20]
        good = version == 0x20 and 34 <= exchange <= 44 and not flags & ~0x38 or \
            version == 0x10 and 1 <= exchange <= 33 and not flags & ~7
        if good:
            self.proven.add('ipsec-ike')
        return good

    def l2tp(self, side: int, b: bytes, size: int) -> bool:
        if len(b) < 12:
            return False
        bits, length = unpack('>HH', b[:4])
        if bits in (0xc802, 0xc803):
            if length != size:
                return False
            if size == 12:
                self.hinted.add('l2tp')
                return True
            if len(b) < 20 or be(b[12:14]) & 0x3fff != 8 or any(b[14:18]) or not 1 <= be(b[18:20]) <= 28:
                return False
            self.proven.add('l2tp')
            return True
        if bits & ~0x4b00 != 2 or bits & 0x4000 and length != size:
            return False
        at = 4 if bits & 0x4000 else 2
        ident = be(b[at:at + 4])
        at += 4 + (4 if bits & 0x800 else 0)
        if bits & 0x200:
            if len(b) < at + 2:
                return False
            at += 2 + be(b[at:at + 2])
        if len(b) < at + 4:
            return False
        if b[at:at + 2] == b'\xff\x03':
            at += 2
        if be(b[at:at + 2]) not in PPP:
            return False
        if self.count(side, 'l2tp', ident, self.run[side][2] + 1) == 1:
            self.run[side][2] = 0
        self.hinted.add('l2tp')
        if self.both('l2tp') >= 3:
            self.proven.add('l2tp')
        return True

    def softether(self, side: int, b: bytes, size: int) -> bool:
        if size == 1 and b == b'A':
            self.greeting[side] = ('softether', self.greeting[side][1])
            return True
        if self.greeting[1 - side][0] == 'softether' and re.fullmatch(rb'IP=[0-9.]{7,},PORT=[0-9]+', b):
            self.proven.add('softether')
            return True
        return False

    def tailscale(self, b: bytes, size: int) -> bool:
        if b[:6] == b'TS\xf0\x9f\x92\xac' and size >= 78:
            self.proven.add('tailscale')
            return True
        return False


def numbered(b: bytes) -> bool:
    """A message number of at most 255, with 0x0f above it or not."""
    return len(b) == 4 and b[0] in range(16) and b[1:3] == b'\0\0' and b[3] > 0

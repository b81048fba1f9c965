#!/usr/bin/env python3
"""Small programs that talk over sockets in ways that others do not: record.sh runs both ends.

    talk.py serve MODE ADDR PORT     answers one client, prints "ready" once it listens
    talk.py call  MODE ADDR PORT

Modes: echo, mptcp (two requests, two answers), halfclose (the client ends its side before the answer),
rst (the client resets after the answer), zero (the server does not read for 1.2 s), udp and udplite
(SIZE bytes there and back, SIZE after PORT, default 300), syn (call only: eight connects that nobody
answers, given up after 1.2 s), closed (call only: connects to three closed ports from PORT on),
v6opts (call only: UDP with hop-by-hop and destination options).
"""
import socket, struct, sys, time

MPTCP, UDPLITE = 262, 136


def tcp(mode, addr):
    family = socket.AF_INET6 if ':' in addr else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM, MPTCP if mode == 'mptcp' else 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return s


def datagram(mode, addr):
    family = socket.AF_INET6 if ':' in addr else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM, UDPLITE if mode == 'udplite' else 0)


def exactly(c, n):
    b = b''
    while len(b) < n:
        more = c.recv(n - len(b))
        if not more:
            break
        b += more
    return b


def to_end(c):
    n = 0
    while b := c.recv(4096):
        n += len(b)
    return n


def serve(mode, addr, port, size):
    if mode in ('udp', 'udplite'):
        s = datagram(mode, addr)
        s.bind((addr, port))
        print('ready', flush=True)
        b, peer = s.recvfrom(65535)
        s.sendto(b[::-1], peer)
        return
    s = tcp(mode, addr)
    if mode == 'zero':
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind((addr, port))
    s.listen()
    print('ready', flush=True)
    c, _ = s.accept()
    if mode in ('echo', 'mptcp'):
        for n in (400, 50):
            c.sendall(exactly(c, n) * 5)
            time.sleep(0.05)
        if mode == 'mptcp':
            c.sendall(bytes(3000))
        to_end(c)
    elif mode == 'halfclose':
        n = to_end(c)
        time.sleep(0.2)
        for _ in range(3):
            c.sendall(b'after the end of %d bytes\n' % n)
            time.sleep(0.05)
    elif mode == 'rst':
        c.sendall(exactly(c, 100))
        try:
            to_end(c)
        except ConnectionResetError:
            pass
    elif mode == 'zero':
        time.sleep(1.2)
        print(to_end(c), flush=True)
    c.close()


def call(mode, addr, port, size):
    if mode in ('udp', 'udplite'):
        s = datagram(mode, addr)
        s.settimeout(2)
        s.sendto(bytes(i & 255 for i in range(size)), (addr, port))
        s.recv(65535)
        return
    if mode == 'v6opts':
        s = datagram(mode, addr)
        padn = lambda n: bytes((0, n, 1, 8 * n + 4)) + bytes(8 * n + 4)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, padn(0))
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, padn(1))
        for n in (10, 1000, 3000):
            s.sendto(bytes(n), (addr, port))
        return
    if mode in ('syn', 'closed'):
        open_ = []
        for i in range(8 if mode == 'syn' else 3):
            s = tcp(mode, addr)
            s.setblocking(False)
            s.connect_ex((addr, port if mode == 'syn' else port + i))
            open_.append(s)
        time.sleep(1.2)
        return
    s = tcp(mode, addr)
    s.connect((addr, port))
    if mode in ('echo', 'mptcp'):
        for n in (400, 50):
            s.sendall(bytes(n))
            exactly(s, n * 5)
        if mode == 'mptcp':
            exactly(s, 3000)
            time.sleep(0.2)
    elif mode == 'halfclose':
        s.sendall(b'all I have to say\n')
        s.shutdown(socket.SHUT_WR)
        to_end(s)
    elif mode == 'rst':
        s.sendall(bytes(100))
        exactly(s, 100)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    elif mode == 'zero':
        s.sendall(bytes(12000))
        s.shutdown(socket.SHUT_WR)
        to_end(s)
    s.close()


if __name__ == '__main__':
    side, mode, addr, port = sys.argv[1:5]
    size = int(sys.argv[5]) if len(sys.argv) > 5 else 300
    {'serve': serve, 'call': call}[side](mode, addr, int(port), size)

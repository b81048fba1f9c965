#!/usr/bin/env python3
"""Makes a capture of benign and attack traffic, and the labels of its flows.

    sudo ./traffic.py FOLDER [--seed N] [--prefix NAME]

Two network namespaces are joined by a link; one has servers (web, a login by lines of text, DNS), the
other has people and an attacker, who use them. Everything is made here: the attacks are those of the
books, harmless and slow, and nothing leaves the link. FOLDER gets traffic.pcap and labels.csv, which
says for every address of the attacker and every kind of attack from when to when it lasted. It needs
root, ip (iproute2) and tcpdump.
"""
import argparse
import base64
import csv
import os
import random
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

SERVER, USER, ATTACKER = '10.77.0.1', '10.77.0.2', '10.77.0.66'
WEB, LOGIN, DNS = 80, 2323, 53


class Web(socketserver.StreamRequestHandler):
    """HTTP/1.1 with pages as long as their path says."""

    def handle(self):
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b'\r\n', b''):
                pass
            try:
                size = int(line.split()[1].lstrip(b'/') or b'500')
            except (IndexError, ValueError):
                return
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % size + b'x' * size)


class Login(socketserver.StreamRequestHandler):
    """Asks for a password three times at most; who knows it may send commands."""

    def handle(self):
        for _ in range(3):
            self.wfile.write(b'password: ')
            if self.rfile.readline().strip() != b'sesame':
                time.sleep(0.005)
                self.wfile.write(b'denied\n')
                continue
            self.wfile.write(b'welcome\n')
            while command := self.rfile.readline():
                self.wfile.write(b'%s: ' % command.strip() + b'y' * random.randrange(20, 3000) + b'\n')
            return


class Names(socketserver.BaseRequestHandler):
    """Answers addresses, and text where text is asked for."""

    def handle(self):
        query, sock = self.request
        kind = struct.unpack('>H', query[-4:-2])[0]
        data = socket.inet_aton('192.0.2.1') if kind == 1 else b'\xc8' + os.urandom(200)
        answer = b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, len(data)) + data
        sock.sendto(query[:2] + b'\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00' + query[12:] + answer, self.client_address)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 512


def serve():
    for make, handler, port in (Server, Web, WEB), (Server, Login, LOGIN), (socketserver.ThreadingUDPServer, Names, DNS):
        threading.Thread(target=make((SERVER, port), handler).serve_forever, daemon=True).start()
    print('ready', flush=True)
    signal.pause()


def connect(source, port):
    return socket.create_connection((SERVER, port), timeout=20, source_address=(source, 0))


def ask(source, name, kind, times=1):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.settimeout(20)
        for _ in range(times):
            n = name()
            labels = b''.join(bytes([len(p)]) + p for p in n.encode().split(b'.')) + b'\0'
            s.sendto(struct.pack('>HHHHHH', random.randrange(65536), 0x100, 1, 0, 0, 0) + labels + struct.pack('>HH', kind, 1), (SERVER, DNS))
            s.recv(2000)
            time.sleep(random.expovariate(100))


def browse():
    ask(USER, lambda: random.choice(['www', 'static', 'img', 'api']) + random.choice(['.example.org', '.example.com']), 1, random.randint(1, 2))
    with connect(USER, WEB) as s:
        f = s.makefile('rb')
        for _ in range(random.randint(1, 10)):
            size = int(random.lognormvariate(8.5, 1.5)) % 300_000
            s.sendall(b'GET /%d HTTP/1.1\r\nHost: www.example.org\r\nAccept: text/html\r\nCookie: %s\r\n\r\n' % (size, b'c' * random.randrange(20, 300)))
            while f.readline() != b'\r\n':
                pass
            f.read(size)
            time.sleep(random.expovariate(20))


def work():
    with connect(USER, LOGIN) as s:
        f = s.makefile('rb')
        words = [b'sesame'] if random.random() < 0.9 else [b'seasme', b'sesame']
        for w in words:
            s.sendall(w + b'\n')
            f.readline()
        for _ in range(random.randint(1, 8)):
            time.sleep(random.expovariate(15))
            s.sendall(random.choice([b'ls -l', b'cat notes', b'make', b'uptime']) + b'\n')
            f.readline()


def scan():
    for port in random.sample(range(1, 10_000), 600):
        with socket.socket() as s:
            s.bind((ATTACKER, 0))
            s.settimeout(1)
            s.connect_ex((SERVER, port))
        time.sleep(0.001)


def guess():
    for _ in range(200):
        with connect(ATTACKER, LOGIN) as s:
            f = s.makefile('rb')
            for _ in range(3):
                s.sendall(base64.b32encode(os.urandom(random.randint(3, 8))).lower() + b'\n')
                f.readline()


def flood():
    """Segments with SYN; the attacker's system, which knows nothing of them, resets what is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as s:
        s.bind((ATTACKER, 0))
        pseudo = socket.inet_aton(ATTACKER) + socket.inet_aton(SERVER) + struct.pack('>BBH', 0, 6, 20)
        for port in random.sample(range(1024, 65536), 800):
            parts = [port, WEB, random.getrandbits(32), 0, 0x5002, random.choice([512, 1024, 8192]), 0, 0]
            total = sum(struct.unpack('>16H', pseudo + struct.pack('>HHIIHHHH', *parts)))
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            parts[6] = ~total & 0xffff
            s.sendto(struct.pack('>HHIIHHHH', *parts), (SERVER, 0))
            time.sleep(0.0005)


def tunnel():
    for _ in range(120):
        ask(ATTACKER, lambda: base64.b32encode(os.urandom(35)).decode().strip('=').lower() + '.t.example.net', 16, random.randint(1, 5))


ATTACKS = {'port scan': (scan, 'tcp', '*'), 'brute force': (guess, 'tcp', LOGIN), 'flood': (flood, 'tcp', WEB), 'DNS tunnel': (tunnel, 'udp', DNS)}


def use(path):
    """People work all the time, three at once, and the attacker does one thing after the other."""
    over = threading.Event()

    def people(do, pause):
        while not over.is_set():
            do()
            time.sleep(random.expovariate(1 / pause))

    crowd = [threading.Thread(target=people, args=a) for a in ((browse, 0.02), (browse, 0.02), (work, 0.05))]
    for c in crowd:
        c.start()
    attacks = list(ATTACKS.items())
    random.shuffle(attacks)
    with open(path, 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow(['label', 'src_ip', 'dst_ip', 'protocol', 'dst_port', 'start', 'end'])
        for name, (attack, protocol, port) in attacks:
            time.sleep(2)
            start = time.time()
            attack()
            w.writerow([name, ATTACKER, SERVER, protocol, port, start, time.time()])
    time.sleep(2)
    over.set()
    for c in crowd:
        c.join()


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('folder', type=Path)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--prefix', default='labelled')
    p.add_argument('--role', help=argparse.SUPPRESS)
    a = p.parse_args()
    random.seed(a.seed)
    if a.role == 'serve':
        return serve()
    if a.role == 'use':
        return use(a.folder / 'labels.csv')
    a.folder.mkdir(parents=True, exist_ok=True)
    one, two = a.prefix + '-s', a.prefix + '-c'

    def ip(*words):
        subprocess.run(['ip', *words], check=True)

    def inside(space, *words, **more):
        return subprocess.Popen(['ip', 'netns', 'exec', space, *words], **more)

    me = [sys.executable, os.path.abspath(__file__), str(a.folder), '--seed', str(a.seed), '--role']
    running = []
    try:
        for space in one, two:
            ip('netns', 'add', space)
        ip('link', 'add', 'v0', 'netns', one, 'type', 'veth', 'peer', 'name', 'v0', 'netns', two)
        for space, addresses in (one, [SERVER]), (two, [USER, ATTACKER]):
            ip('-n', space, 'link', 'set', 'lo', 'up')
            ip('-n', space, 'link', 'set', 'v0', 'up')
            for address in addresses:
                ip('-n', space, 'addr', 'add', address + '/24', 'dev', 'v0')
        running.append(inside(one, *me, 'serve', stdout=subprocess.PIPE))
        running[-1].stdout.readline()
        dump = inside(one, 'tcpdump', '-i', 'v0', '-U', '-B', '65536', '-w', str(a.folder / 'traffic.pcap'), 'ip', stderr=subprocess.PIPE)
        running.append(dump)
        dump.stderr.readline()  # it listens
        status = inside(two, *me, 'use').wait()
        time.sleep(1)
        return status
    finally:
        for r in reversed(running):
            r.terminate()
            r.wait()
        for space in one, two:
            subprocess.run(['ip', 'netns', 'del', space])


if __name__ == '__main__':
    sys.exit(main())

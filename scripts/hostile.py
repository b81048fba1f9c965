#!/usr/bin/env python3
"""How far hostile connections slow a good client of `pinyon serve`.

    scripts/hostile.py --pinyon ./pinyon [--connections 200] [--runs 5] [--megabytes 64]

A capture of random frames is served by `serve -r` at a loopback address, with a queue that makes the server wait for its client, and a
good `pinyon connect` receives all of it, in turn with and without other connections from 100 addresses beside it: some never say a word, some
send half a handshake of HTTP, some a WebSocket and bytes that are no frame, some a frame that says it is 4 GiB long, and each
that is closed comes again after a second. It prints the time that the good client took and the CPU time of the server, as medians, and what
they grew by; the rows are held against those of `pinyon extract`.
"""
import argparse, os, random, resource, selectors, socket, statistics, struct, subprocess, sys, tempfile, threading, time

TOKEN = "KJq3dHkFuwUeF1VgVN1Lh9yJZQYJcYQ1p0s3m2b7xSE"
UPGRADE = (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: pinyon.v2\r\n\r\n")
KINDS = [b"", UPGRADE[:40], UPGRADE + b"\x82\x84\0\0\0\0abcd", UPGRADE + b"\x82\xff\0\0\0\1\0\0\0\0\0\0\0\0", b"\x16\x03\x01\xff\xff" + bytes(200)]


def write(path, megabytes):
    r, n = random.Random(1), 0
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        while f.tell() < megabytes << 20:
            data = r.randbytes(r.randrange(20, 1400))
            flow = n % 500
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 0, 0, 64, 17, 0, bytes([10, 0, flow >> 8, flow & 255]), b"\xc0\0\2\1")
            frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + struct.pack(">HHHH", 1024 + flow, 9000, 8 + len(data), 0) + data
            f.write(struct.pack("<IIII", 1700000000 + n // 100000, n % 100000 * 10, len(frame), len(frame)) + frame)
            n += 1
    return n


class Hostile(threading.Thread):
    """So many connections at once to a port, until stop; tries counts those that were made."""

    def __init__(self, port, n):
        super().__init__(daemon=True)
        self.port, self.n, self.tries, self.stop = port, n, 0, threading.Event()

    def open(self, sel):
        s = socket.socket()
        s.bind((f"127.0.{1 + self.tries % 100}.1", 0))  # limits are by address
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", self.port))
        sel.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE, KINDS[self.tries % len(KINDS)])
        self.tries += 1

    def run(self):
        sel = selectors.DefaultSelector()
        for _ in range(self.n):
            self.open(sel)
        again = []
        while not self.stop.is_set():
            while again and again[0] <= time.monotonic():
                again.pop(0)
                self.open(sel)
            for k, mask in sel.select(0.1):
                try:
                    if mask & selectors.EVENT_WRITE:
                        if k.data:
                            k.fileobj.send(k.data)
                        sel.modify(k.fileobj, selectors.EVENT_READ, None)
                    elif not k.fileobj.recv(65536):
                        raise OSError
                except BlockingIOError:
                    pass
                except OSError:
                    sel.unregister(k.fileobj)
                    k.fileobj.close()
                    again.append(time.monotonic() + 1)
            time.sleep(0.01)  # the good client has a processor too
        for k in list(sel.get_map().values()):
            k.fileobj.close()


def once(args, capture, tmp, n):
    """Wall time of the client, CPU time of the server, and connections tried, of one run."""
    env = dict(os.environ, PINYON_TOKEN=TOKEN)
    server = subprocess.Popen([args.pinyon, "serve", "-r", capture, "--port", "0", "--state-dir", tmp], env=env, stderr=subprocess.PIPE, text=True)
    port = None
    for line in server.stderr:
        if line.startswith("clients: pinyon://"):
            port = int(line.strip().rsplit(":", 1)[1])
            break
    hostile = Hostile(port, n)
    out = os.path.join(tmp, "rows.csv")
    client = subprocess.Popen([args.pinyon, "connect", f"pinyon://127.0.0.1:{port}", "--reconnect", "0", "--features", "flow_meta", "--no-progress", "-o", out], env=env, stderr=subprocess.DEVNULL)
    while not any("rows" in name for name in os.listdir(tmp)) and client.poll() is None:
        time.sleep(0.001)
    began = time.monotonic()
    if n:
        hostile.start()
    if client.wait() != 0:
        sys.exit("the good client failed")
    took = time.monotonic() - began
    hostile.stop.set()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.stderr.read()
    server.wait()
    text = open(out).read()
    for name in os.listdir(tmp):
        if name.startswith("rows"):
            os.remove(os.path.join(tmp, name))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, hostile.tries, text


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--pinyon", default="./pinyon")
    a.add_argument("--connections", type=int, default=200)
    a.add_argument("--runs", type=int, default=5)
    a.add_argument("--megabytes", type=int, default=512)
    args = a.parse_args()
    args.pinyon = os.path.abspath(args.pinyon)
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        capture = os.path.join(tmp, "in.pcap")
        packets = write(capture, args.megabytes)
        want = subprocess.run([args.pinyon, "extract", capture, "--features", "flow_meta", "--no-progress"], check=True, capture_output=True, text=True).stdout
        runs = {0: [], args.connections: []}
        for _ in range(args.runs):
            for n in runs:
                one = once(args, capture, tmp, n)
                runs[n].append(one[:3])
                bad += one[3] != want
        for n, list_ in runs.items():
            print(f"{n} hostile connections: {packets} packets in {statistics.median(r[0] for r in list_):.3f} s (least {min(r[0] for r in list_):.3f}), server {statistics.median(r[1] for r in list_):.3f} s of CPU, {sum(r[2] for r in list_)} connections tried")
        (w0, c0, _), (w1, c1, _) = [tuple(statistics.median(r[i] for r in l) for i in range(3)) for l in runs.values()]
        print(f"time {100 * (w1 / w0 - 1):+.1f} %, CPU of the server {100 * (c1 / c0 - 1):+.1f} %")
    print("rows are those of extract" if not bad else f"BAD rows differ in {bad} runs")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()

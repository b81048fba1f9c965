#!/usr/bin/env python3
"""Packets lost by `pinyon live` and by tcpdump, side by side on a veth pair.

    scripts/loss.py --pinyon ./pinyon --mix mix.pcap [--seconds 60] [--runs 5] [--features flow_meta]
                    [--loads udp64,mix] [--buffers default,equal] [--pps N]

Makes a network namespace with a pair of devices and removes it. `pinyon replay` sends, in turn 64-byte UDP datagrams of
1,000 flows and a capture (tools that merge captures: see the README's figures), as fast as the machine sends or at
--pps. Receivers take turns and their order alternates: `tcpdump -w /dev/null`, once with the buffer of its own default
and once with pinyon's, and `pinyon live -f parquet -o /dev/null`. Lost is sent less delivered, whatever the receiver says of
it; what pinyon says of it must add up to the packet. Prints every run and the medians. Needs root, ip and tcpdump.
"""
import argparse, json, os, re, signal, statistics, struct, subprocess, sys, tempfile, time

NS = "pinyon-loss"
BUFFER_KIB = 8192  # pinyon's default ring


def sh(*words):
    subprocess.run(words, check=True)


def netns():
    subprocess.run(["ip", "netns", "del", NS], stderr=subprocess.DEVNULL)
    sh("ip", "netns", "add", NS)
    sh("ip", "netns", "exec", NS, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
    sh("ip", "-n", NS, "link", "add", "v0", "mtu", "65535", "type", "veth", "peer", "name", "v1", "mtu", "65535")
    for d in ("v0", "v1"):
        sh("ip", "-n", NS, "link", "set", d, "up")


def udp64(path, flows=1000, packets=20000):
    """A capture of 64-byte frames (with the checksum that Ethernet adds), 1 us apart."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for i in range(packets):
            n = i % flows
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 46, i & 0xFFFF, 0, 64, 17, 0, bytes([10, 0, n >> 8, n & 255]), bytes([10, 1, 0, 1]))
            udp = struct.pack("!HHHH", 1024 + n, 5353 + 1, 26, 0) + bytes(18)
            frame = b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + ip + udp
            f.write(struct.pack("<IIII", 1700000000 + i // 1000000, i % 1000000, len(frame), len(frame)) + frame)


def send(args, load):
    pace = ["--pps", str(args.pps)] if args.pps else ["--topspeed"]
    r = subprocess.run(["ip", "netns", "exec", NS, args.pinyon, "replay", load, "v0", *pace, "--loops", "0", "-d", str(args.seconds), "--summary", "json"],
                       capture_output=True, text=True, check=True)
    return json.loads(r.stderr.strip().splitlines()[-1])


def stolen():
    """Seconds that the host of a virtual machine has kept from its processors: no program can read a ring then."""
    with open("/proc/stat") as f:
        return int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def receive(args, kind, buffers, load):
    if kind == "tcpdump":
        words = ["tcpdump", "-i", "v1", "-w", "/dev/null"] + (["-B", str(BUFFER_KIB)] if buffers == "equal" else [])
        ready = "listening on"
    else:
        words = [args.pinyon, "live", "v1", "-v", "--features", args.features, "-f", "parquet", "-o", "/dev/null", "--summary", "json", "--no-progress"]
        ready = "msg=capturing"
    # The words of a program that replaces ip: signals and resource use are its own.
    p = subprocess.Popen(["ip", "netns", "exec", NS, *words], stderr=subprocess.PIPE, text=True)
    said = ""
    for line in p.stderr:
        said += line
        if ready in line:
            break
    time.sleep(0.5)
    steal = stolen()
    sent = send(args, load)
    steal = stolen() - steal
    time.sleep(1)
    p.send_signal(signal.SIGINT)
    said += p.stderr.read()
    _, _, use = os.wait4(p.pid, 0)
    p.returncode = 0
    cpu = use.ru_utime + use.ru_stime
    if kind == "tcpdump":
        captured = int(re.search(r"(\d+) packets? captured", said)[1])
        accounted = captured + int(re.search(r"(\d+) packets? dropped by kernel", said)[1])
    else:
        c = json.loads([l for l in said.splitlines() if l.startswith("{")][-1])["capture"]
        captured = c["captured"]
        accounted = captured + c["dropped"] + c["interface_dropped"] + c["queue_dropped"] + c["filter_dropped"]
    return dict(sent=sent["packets"], pps=sent["packets_per_second"], lost=sent["packets"] - captured, unaccounted=sent["packets"] - accounted, cpu=cpu, steal=steal)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--pinyon", default="./pinyon")
    a.add_argument("--mix")
    a.add_argument("--seconds", type=float, default=60)
    a.add_argument("--runs", type=int, default=5)
    a.add_argument("--features", default="flow_meta")
    a.add_argument("--loads", default="udp64,mix")
    a.add_argument("--buffers", default="default,equal")
    a.add_argument("--pps", type=float, default=0)
    args = a.parse_args()
    args.pinyon = os.path.abspath(args.pinyon)
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        small = os.path.join(tmp, "udp64.pcap")
        udp64(small)
        netns()
        try:
            for load in args.loads.split(","):
                for buffers in args.buffers.split(","):
                    runs = {"tcpdump": [], "pinyon": []}
                    for i in range(args.runs):
                        for kind in sorted(runs, reverse=i % 2 == 1):
                            r = receive(args, kind, buffers, small if load == "udp64" else args.mix)
                            runs[kind].append(r)
                            if kind == "pinyon" and r["unaccounted"]:
                                bad += 1
                            print(f"{load} {buffers:8} {kind:8} sent {r['sent']:>9} at {r['pps']:>8.0f}/s  lost {r['lost']:>8}  unaccounted {r['unaccounted']:>6}  cpu {r['cpu']:.2f} s  steal {r['steal']:.2f} s", flush=True)
                    for kind, rs in sorted(runs.items()):
                        med = lambda k: statistics.median(r[k] for r in rs)
                        print(f"median {load} {buffers:8} {kind:8} {med('pps'):>8.0f}/s  lost {med('lost'):>8.0f}  of {med('sent'):.0f}  cpu {med('cpu'):.2f} s", flush=True)
        finally:
            sh("ip", "netns", "del", NS)
    if bad:
        print(f"{bad} runs of pinyon do not add up")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Rows of a live capture against those of the file it saves.

    scripts/liverows.py --pinyon ./pinyon --mix mix.pcap [--rates 20000,100000,0] [--seconds 5] [--more "--features all,extra"]

On a veth pair in a network namespace of its own, `pinyon replay` sends the capture at each rate (0 is top speed) while
`pinyon live --save-pcap` captures; then `pinyon extract` reads the saved file. CSV with one worker and Parquet with two: the
same bytes are demanded of both, and that packets sent are those received and every kind of lost, to the packet. Exit status 1
if anything differs. Needs root and ip.
"""
import argparse, filecmp, json, os, subprocess, sys, tempfile, time

import loss


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--pinyon", default="./pinyon")
    a.add_argument("--mix", required=True)
    a.add_argument("--rates", default="20000,100000,300000,0")
    a.add_argument("--seconds", type=float, default=5)
    a.add_argument("--tail", type=float, default=7, help="seconds of silence before the capture ends: closed flows leave after 5")
    a.add_argument("--more", default="")
    args = a.parse_args()
    args.pinyon = os.path.abspath(args.pinyon)
    bad = 0
    loss.netns()
    try:
        for rate in [float(r) for r in args.rates.split(",")]:
            for form, more in (("csv", ["-w", "1"]), ("parquet", ["-w", "2"])):
                more = more + ["--provenance", "none", "--no-progress"] + args.more.split()
                with tempfile.TemporaryDirectory() as tmp:
                    saved, live, again = (os.path.join(tmp, n) for n in ("s.pcap", "live." + form, "again." + form))
                    p = subprocess.Popen(["ip", "netns", "exec", loss.NS, args.pinyon, "live", "v1", "-v", "-d", str(args.seconds + args.tail),
                                          "--save-pcap", saved, "-o", live, "--summary", "json", *more], stderr=subprocess.PIPE, text=True)
                    for line in p.stderr:
                        if "msg=capturing" in line:
                            break
                    args.pps = rate
                    sent = loss.send(args, args.mix)["packets"]
                    said = p.stderr.read()
                    p.wait()
                    c = json.loads([l for l in said.splitlines() if l.startswith("{")][-1])["capture"]
                    lost = c["dropped"] + c["interface_dropped"] + c["queue_dropped"] + c["filter_dropped"]
                    subprocess.run([args.pinyon, "extract", saved, "-o", again, *more], check=True, stderr=subprocess.DEVNULL)
                    same = filecmp.cmp(live, again, shallow=False)
                    ok = same and p.returncode == 0 and sent == c["captured"] + lost
                    bad += not ok
                    print(f"{rate or 'top':>8} {form:8} sent {sent:>8}  captured {c['captured']:>8}  lost {lost:>7}  rest {sent - c['captured'] - lost}  "
                          f"{os.path.getsize(live)} bytes {'same' if same else 'DIFFERENT'}", flush=True)
    finally:
        loss.sh("ip", "netns", "del", loss.NS)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A live capture while the machine's clock is set: rows must be those of the file that it saves.

    scripts/clockstep.py --pinyon ./pinyon --capture testdata/trace.pcap

Sets the clock of this machine 30 s ahead, a minute back and a second back within twelve seconds, and then right again by the
monotonic clock. For a machine that nobody else uses. Needs root and ip. Prints what was sent, captured and lost, and
compares the rows; exits with 1 if one differs, a packet is missing, or a duration is negative.
"""
import argparse, csv, json, os, signal, subprocess, sys, tempfile, time

import loss

NS = ["ip", "netns", "exec", loss.NS]
STEPS = ((4, 30), (4, -30), (3, -31))  # after so many seconds, so many from the right time


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--pinyon", default="./pinyon")
    a.add_argument("--capture", default="testdata/trace.pcap")
    args = a.parse_args()
    pinyon = os.path.abspath(args.pinyon)
    with tempfile.TemporaryDirectory() as tmp:
        live, saved, again = (os.path.join(tmp, n) for n in ("live.csv", "saved.pcap", "again.csv"))
        common = ["--features", "all", "--timeout", "2", "--provenance", "none", "-f", "csv"]
        loss.netns()
        try:
            capture = subprocess.Popen([*NS, pinyon, "live", "v1", *common, "-o", live, "--save-pcap", saved, "--summary", "json"], stderr=subprocess.PIPE, text=True)
            time.sleep(1)
            total = sum(after for after, _ in STEPS) + 3
            sender = subprocess.Popen([*NS, pinyon, "replay", args.capture, "v0", "--pps", "200", "--loops", "0", "-d", str(total), "--summary", "json"], stderr=subprocess.PIPE, text=True)
            right = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
            wrong = lambda s: time.clock_settime(time.CLOCK_REALTIME, right + time.clock_gettime(time.CLOCK_MONOTONIC) + s)
            try:
                for after, seconds in STEPS:
                    time.sleep(after)
                    wrong(seconds)
                time.sleep(1)
            finally:
                wrong(0)
            sent = json.loads(sender.communicate()[1].strip().splitlines()[-1])["packets"]
            time.sleep(4)  # idle flows leave
            capture.send_signal(signal.SIGINT)
            summary = json.loads([l for l in capture.communicate()[1].splitlines() if l.startswith("{")][-1])
        finally:
            loss.sh("ip", "netns", "del", loss.NS)
        subprocess.run([pinyon, "extract", saved, *common, "-o", again], check=True, stderr=subprocess.DEVNULL)
        rows, want = (list(csv.DictReader(open(p))) for p in (live, again))
    # The columns of the whole capture are those of extract alone.
    columns = list(rows[0])
    differ = abs(len(rows) - len(want)) + sum(any(x[c] != y[c] for c in columns) for x, y in zip(rows, want))
    captured = summary["capture"]["captured"]
    shortest = min(float(r["duration"]) for r in rows)
    print(f"sent {sent}, captured {captured}; {len(rows)} rows, {differ} differ from the file's; {summary['counters']['noted']['ts_backwards']} packets earlier than the one before; "
          f"shortest flow {shortest} s; ended by {summary['counters']['end_reasons']}")
    sys.exit(differ > 0 or captured != sent or shortest < 0)


if __name__ == "__main__":
    main()

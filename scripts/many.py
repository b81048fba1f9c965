#!/usr/bin/env python3
"""Many small captures: how much faster two workers are than one, and whether they give the same bytes.

    scripts/many.py ./pinyon [--captures 20000] [--packets 10] [--rounds 3] [--format arrow]

The frames of testdata's classic captures, link type by link type, go into captures of so many packets each, one after the
other and over again. Runs with one worker and with two take turns; for each round the wall time and the CPU time of both
are told, at the end the quotient of the least wall times. Exit status 1 if the outputs differ, or no frame was found.
"""
import argparse, glob, hashlib, os, resource, shutil, struct, subprocess, sys, tempfile, time


def records(path):
    """The link type and the records, header and all, of a classic capture in this machine's usual order."""
    data = open(path, "rb").read()
    if len(data) < 24 or struct.unpack_from("<I", data)[0] not in (0xA1B2C3D4, 0xA1B23C4D):
        return None
    at, all = 24, []
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        if at + 16 + size > len(data):
            break
        all.append(data[at:at + 16 + size])
        at += 16 + size
    return data[:24], all


def make(folder, captures, packets):
    """Writes the captures and returns how many frames they took turns with."""
    kinds = {}
    for path in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "../testdata/*.pcap"))):
        got = records(path)
        if got and got[1]:
            kinds.setdefault(got[0], []).extend(got[1])
    heads = sorted(kinds)
    if not heads:
        return 0
    turn = {h: 0 for h in heads}
    for i in range(captures):
        h = heads[i % len(heads)]
        frames = kinds[h]
        with open(os.path.join(folder, f"{i:06d}.pcap"), "wb") as f:
            f.write(h)
            for _ in range(packets):
                f.write(frames[turn[h] % len(frames)])
                turn[h] += 1
    return sum(map(len, kinds.values()))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("pinyon")
    p.add_argument("--captures", type=int, default=20000)
    p.add_argument("--packets", type=int, default=10)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--format", default="arrow")
    o = p.parse_args()
    tmp = tempfile.mkdtemp(prefix="pinyon-many.")
    try:
        folder = os.path.join(tmp, "in")
        os.mkdir(folder)
        frames = make(folder, o.captures, o.packets)
        print(f"{o.captures} captures of {o.packets} packets, from {frames} frames")
        if not frames:
            return 1
        least, sums = {}, {}
        for round in range(o.rounds):
            for w in (1, 2) if round % 2 == 0 else (2, 1):
                out = os.path.join(tmp, "out")
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                began = time.monotonic()
                subprocess.run([o.pinyon, "extract", folder, "-w", str(w), "-f", o.format, "-o", out, "--provenance", "none", "--no-progress"],
                               check=True, stderr=subprocess.DEVNULL)
                wall = time.monotonic() - began
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                sums.setdefault(hashlib.sha256(open(out, "rb").read()).hexdigest(), []).append(w)
                least[w] = min(wall, least.get(w, wall))
                print(f"round {round + 1}, {w} worker{'s' if w > 1 else ''}: {wall:.2f} s, {cpu:.2f} s of CPU")
        print(f"two workers / one: {least[2] / least[1]:.2f}")
        if len(sums) != 1:
            print("the outputs differ:", sums)
            return 1
        return 0
    finally:
        shutil.rmtree(tmp)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A bad wire: carries Ethernet frames between two interfaces with delay, loss and reordering.

    wire.py IFACE IFACE [--delay MS] [--loss P] [--reorder P] [--seed N]

Only frames with more than 200 bytes are lost or held back (three delays), so that connections
come up and go down; which ones, the seed says. Stands in for tc netem where the kernel has none.
"""
import argparse, heapq, random, select, socket, time

p = argparse.ArgumentParser()
p.add_argument('iface', nargs=2)
p.add_argument('--delay', type=float, default=10)
p.add_argument('--loss', type=float, default=0.03)
p.add_argument('--reorder', type=float, default=0.03)
p.add_argument('--seed', type=int, default=1)
a = p.parse_args()

ETH_P_ALL, OUTGOING = 3, 4
ends = []
for name in a.iface:
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind((name, ETH_P_ALL))
    ends.append(s)
rng = random.Random(a.seed)
queue, order = [], 0
print('ready', flush=True)
while True:
    wait = max(0, queue[0][0] - time.monotonic()) if queue else None
    for s in select.select(ends, [], [], wait)[0]:
        frame, addr = s.recvfrom(65535)
        if addr[2] == OUTGOING:
            continue
        delay = a.delay / 1000
        if len(frame) > 200:
            if rng.random() < a.loss:
                continue
            if rng.random() < a.reorder:
                delay *= 3
        order += 1
        heapq.heappush(queue, (time.monotonic() + delay, order, ends[1 - ends.index(s)], frame))
    while queue and queue[0][0] <= time.monotonic():
        _, _, out, frame = heapq.heappop(queue)
        out.send(frame)

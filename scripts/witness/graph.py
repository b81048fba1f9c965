"""The group connection: a row's place among all rows of the capture, as docs/features.md defines its columns.

Betweenness is counted by its definition, from distances and numbers of shortest paths, not by Brandes' algorithm.
"""
from __future__ import annotations

import statistics
from argparse import Namespace
from bisect import bisect_right
from collections import Counter, defaultdict
from ipaddress import ip_address

import numpy as np

from flow import Flow

S = 10**9
MOST_NODES = 800              # beyond it betweenness is left out


def connection(flows: list[Flow], options: Namespace) -> list[dict]:
    """Columns of every flow of the capture."""
    def node(address: str, port: int) -> tuple[int, int, int]:
        ip = ip_address(address)
        return ip.version, int(ip), port if options.connection_use_ports else 0

    s = [node(f.src, f.sport) for f in flows]
    d = [node(f.dst, f.dport) for f in flows]
    out, into = defaultdict(list), defaultdict(list)
    for i, (a, b) in enumerate(zip(s, d)):
        out[a].append(i)
        into[b].append(i)
    nodes = sorted({*s, *d})
    edges = {(a, b) for a, b in zip(s, d)}
    between = betweenness(nodes, edges)
    cluster = clustering(nodes, edges)
    group = communities(nodes, s, d, options.connection_community_algorithm)
    source = {v: as_source([flows[i] for i in out[v]], [d[i] for i in out[v]]) for v in out}
    target = {v: as_target([flows[i] for i in into[v]], [s[i] for i in into[v]]) for v in into}
    pairs, ports = Counter(zip(s, d)), Counter((a, f.dport) for a, f in zip(s, flows))
    degree = Counter(a for a, _ in edges), Counter(b for _, b in edges)
    return [{**source[a], **target[b], 'conn_src_dst_flows': pairs[a, b], 'conn_src_port_flows': ports[a, f.dport],
             'conn_src_out_degree': degree[0][a], 'conn_dst_in_degree': degree[1][b],
             **({'conn_src_betweenness': between[a], 'conn_dst_betweenness': between[b]} if between else {}),
             'conn_src_community': group[a], 'conn_dst_community': group[b], 'conn_same_community': group[a] == group[b],
             'conn_src_clustering': cluster[a], 'conn_dst_clustering': cluster[b]} for f, a, b in zip(flows, s, d)]


def as_source(sent, peers):
    starts = sorted(f.start for f in sent)
    span = (max(f.end for f in sent) - starts[0]) / S
    return {
        'conn_src_unique_dsts': len(set(peers)), 'conn_src_total_flows': len(sent),
        'conn_src_total_packets': sum(len(f.fwd) for f in sent),
        'conn_src_total_bytes': sum(p.total_len for f in sent for p in f.fwd),
        'conn_src_unique_ports': len({f.dport for f in sent}), 'conn_src_flow_rate': len(sent) / span if span else 0.0,
        'conn_temporal_spread': statistics.pstdev(starts) / S,
        'conn_burst_connections': max(bisect_right(starts, t + S) - i for i, t in enumerate(starts))}


def as_target(got, peers):
    return {'conn_dst_unique_srcs': len(set(peers)), 'conn_dst_total_flows': len(got),
            'conn_dst_total_packets': sum(len(f.fwd) for f in got),
            'conn_dst_total_bytes': sum(p.total_len for f in got for p in f.fwd)}


def betweenness(nodes, edges):
    n = len(nodes)
    if n > MOST_NODES:
        return {}
    number = {v: i for i, v in enumerate(nodes)}
    step = np.zeros((n, n))
    for a, b in edges:
        if a != b:
            step[number[a], number[b]] = 1
    far, paths = np.full((n, n), np.inf), np.zeros((n, n))
    reach, length = np.eye(n), 0
    while reach.any():                       # reach: paths of this length to nodes not reached by shorter ones
        far[reach > 0], paths = length, paths + reach
        reach = np.where(np.isinf(far), reach @ step, 0)
        length += 1
    result = {}
    for v, i in number.items():
        if n <= 2:
            result[v] = 0.0
            continue
        through = (far[:, i][:, None] + far[i, :][None, :] == far) & np.isfinite(far)
        through[i, :] = through[:, i] = False
        np.fill_diagonal(through, False)
        x, y = np.nonzero(through)
        result[v] = float((paths[x, i] * paths[i, y] / paths[x, y]).sum() / ((n - 1) * (n - 2)))
    return result


def clustering(nodes, edges):
    near = defaultdict(set)
    for a, b in edges:
        if a != b:
            near[a].add(b)
            near[b].add(a)
    result = {}
    for v in nodes:
        k = len(near[v])
        links = sum(len(near[u] & near[v]) for u in near[v])          # each one twice
        result[v] = links / (k * (k - 1)) if k > 1 else 0.0
    return result


def communities(nodes, s, d, algorithm):
    """Number of the community of every node: by falling size, then by smallest member."""
    label = {'louvain': louvain, 'greedy': greedy, 'label_propagation': label_propagation}[algorithm](nodes, s, d)
    members = defaultdict(list)
    for v in nodes:
        members[label[v]].append(v)
    order = sorted(members.values(), key=lambda m: (-len(m), min(m)))
    return {v: i for i, m in enumerate(order) for v in m}


def louvain(nodes, s, d):
    """Deterministic Louvain: weight of an edge = flows, nodes in order, ties to the smallest member."""
    weight = Counter((min(a, b), max(a, b)) for a, b in zip(s, d))
    total = sum(weight.values())
    part = {v: [v] for v in nodes}                                   # node of this level to nodes of the capture
    before = modularity({v: v for v in nodes}, weight, total)
    while True:
        near, degree = defaultdict(Counter), Counter()
        for (a, b), w in weight.items():
            degree[a] += w
            degree[b] += w
            if a != b:
                near[a][b] += w
                near[b][a] += w
        home = {v: v for v in part}
        sums, members = Counter(degree), {v: {v} for v in part}
        moved = True
        while moved:
            moved = False
            for v in sorted(part):
                links = Counter()
                for u, w in near[v].items():
                    links[home[u]] += w
                here = home[v]
                sums[here] -= degree[v]
                members[here].discard(v)
                gain = {c: 2 * total * links[c] - degree[v] * sums[c] for c in {*links, here}}     # times 2 total²
                best = max((gain[c] - gain[here] for c in gain if c != here), default=0)
                if best > 0:
                    ties = [c for c in gain if c != here and gain[c] - gain[here] == best]
                    here = min(ties, key=lambda c: min(members[c]))
                    moved = True
                home[v] = here
                sums[here] += degree[v]
                members[here].add(v)
        joined = defaultdict(list)
        for v in sorted(part):
            joined[home[v]].append(v)
        name = {v: min(group) for group in joined.values() for v in group}
        part = {min(group): [x for v in group for x in part[v]] for group in joined.values()}
        smaller = Counter()
        for (a, b), w in weight.items():
            smaller[min(name[a], name[b]), max(name[a], name[b])] += w
        weight = smaller
        after = modularity({v: v for v in part}, weight, total)
        if after - before < 1e-7:
            return {x: v for v, group in part.items() for x in group}
        before = after


def modularity(home, weight, total):
    inside, degree = Counter(), Counter()
    for (a, b), w in weight.items():
        degree[home[a]] += w
        degree[home[b]] += w
        if home[a] == home[b]:
            inside[home[a]] += w
    return sum(inside[c] / total - (degree[c] / (2 * total))**2 for c in degree)


def greedy(nodes, s, d):
    """Clauset, Newman, Moore: merge the pair of greatest gain while it is not negative."""
    edges = {(min(a, b), max(a, b)) for a, b in zip(s, d)}
    m = len(edges)
    degree = Counter()
    between = Counter()
    for a, b in edges:
        degree[a] += 1
        degree[b] += 1
        if a != b:
            between[a, b] += 1
    home = {v: v for v in nodes}
    while between:
        gain = {(a, b): 2 * m * n - degree[a] * degree[b] for (a, b), n in between.items()}      # times 2 m²
        best = max(gain.values())
        if best < 0:
            break
        keep, gone = min(pair for pair in gain if gain[pair] == best)
        degree[keep] += degree.pop(gone)
        for a, b in [pair for pair in between if gone in pair]:
            w = between.pop((a, b))
            other = a if b == gone else b
            if other != keep:
                between[min(keep, other), max(keep, other)] += w
        home = {v: keep if c == gone else c for v, c in home.items()}
    return home


def label_propagation(nodes, s, d):
    """Semi-synchronous (Cordasco, Gargano)."""
    near = defaultdict(set)
    for a, b in zip(s, d):
        near[a].add(b)
        near[b].add(a)
    number = {v: i for i, v in enumerate(nodes)}
    colour = {}
    for v in sorted(nodes, key=lambda v: (-len(near[v]) - (v in near[v]), v)):      # a self-loop has two ends
        taken = {colour[u] for u in near[v] if u in colour}
        colour[v] = next(c for c in range(len(nodes)) if c not in taken)
    label = dict(number)
    while True:
        stable = True
        for c in sorted(set(colour.values())):
            changes = {}
            for v in (v for v in nodes if colour[v] == c):
                votes = Counter(label[u] for u in near[v])
                top = max(votes.values(), default=0)
                best = [x for x, w in votes.items() if w == top]
                if best and label[v] not in best:
                    changes[v] = max(best)
            label |= changes
            stable &= not changes
        if stable:
            return label

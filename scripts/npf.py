"""Network Protocol Fingerprints that cisco/mercury lists for its capture of the hundred most frequent hellos.

The list has the form with extensions in wire order, "tls/(version)(suites)(extensions)"; the column tls_npf has
them sorted, "tls/1/(version)(suites)[extensions]". Sorting the list makes them comparable. vectors.py runs it.
"""
import os

import vector

LIST, CAPTURE = 'test/data/top_100_fingerprints.fp', 'test/data/top_100_fingerprints.pcap'


def groups(s):
    """The parenthesized parts of s, one level deep."""
    depth = start = 0
    for i, c in enumerate(s):
        if c == '(':
            if not depth:
                start = i
            depth += 1
        elif c == ')':
            depth -= 1
            if not depth:
                yield s[start:i + 1]


def sorted_form(line):
    version, suites, extensions = groups(line[len('tls/'):])
    return f'tls/1/{version}{suites}[{"".join(sorted(groups(extensions[1:-1])))}]'


def cases(folder, pool, only):
    name = os.path.basename(CAPTURE)
    if only not in name:
        return []
    have = vector.values(vector.Flows(os.path.join(folder, CAPTURE)).rows, 'tls_npf')
    with open(os.path.join(folder, LIST)) as f:
        lines = [l.strip() for l in f if l.strip()]
    return [vector.Case('npf', 'NPF', name, f'line {i}', sorted_form(l), have if sorted_form(l) in have else []) for i, l in enumerate(lines, 1)]

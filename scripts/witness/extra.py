"""Columns of `extra` that are arithmetic on headers and messages."""
from __future__ import annotations

import numpy as np

from flow import Flow
from headers import ACK, SYN


def stamp(ns: int) -> str:
    """Nanoseconds since 1970 as RFC 3339 has them, with nine digits, by the calendar of numpy."""
    return str(np.datetime64(ns, 'ns')) + 'Z'


def extra(f: Flow, _) -> dict:
    """Of any flow."""
    return {'start': stamp(f.start), 'end': stamp(f.end)}


def extra_tcp(f: Flow, _) -> dict:
    """Of TCP flows: kinds of the options of the first SYN and SYN-ACK, in order, every byte of the list's end too."""
    row = {}
    for name, wanted in (('syn', SYN), ('synack', SYN | ACK)):
        first = next((p for p in f.segments if p.flags & (SYN | ACK) == wanted), None)
        kinds = first.kinds + [0] * (first.ends - 1) if first else []
        row[f'tcp_{name}_options'] = '-'.join(map(str, kinds)) or None
    return row

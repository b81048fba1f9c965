"""The group http2 in clear: with prior knowledge of HTTP/2, or after an upgrade from HTTP/1.1 (RFC 9113, 7540)."""
from __future__ import annotations

import re

from flow import Flow
from headers import TCP
from stream import Stream

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
CONNECTION, STREAM = {4, 6, 7}, {0, 1, 2, 3, 5, 9}                  # frames of stream 0, and of others
COUNTED = {0: 'data', 1: 'headers', 4: 'settings', 5: 'push_promise', 7: 'goaway', 8: 'window_update'}


def frames(data: bytes, limit: int) -> list[tuple[int, int, int, bytes]]:
    """(type, flags, stream, body) of valid frames from the start of data on; the first must be SETTINGS, or ACK some."""
    found, at = [], 0
    while at + 9 <= len(data):
        size, kind, flags = int.from_bytes(data[at:at + 3]), data[at + 3], data[at + 4]
        stream = int.from_bytes(data[at + 5:at + 9]) & 0x7fffffff
        if size > limit or kind in CONNECTION and stream or kind in STREAM and not stream:
            break
        if not found and (kind != 4 or stream or size % 6 or flags & 1 and size):
            break
        found.append((kind, flags, stream, data[at + 9:at + 9 + size]))
        at += 9 + size
    return found


def largest_frame(data: bytes) -> int:
    """SETTINGS_MAX_FRAME_SIZE that the sender of these frames allows the other side."""
    sizes = [16384]
    for kind, flags, _stream, body in frames(data, 1 << 24):
        if kind == 4 and not flags & 1:
            sizes += [int.from_bytes(body[i + 2:i + 6]) for i in range(0, len(body) - 5, 6) if body[i:i + 2] == b'\0\5']
    return max(sizes)


def http2_start(client: bytes, server: bytes) -> tuple[int, int] | None:
    """Where the preface stands in the client's stream and the first frame in the server's; None if there is none.

    An upgrade may be asked for by any request, in a list of protocols and in any case (RFC 9110 section 7.8).
    """
    switched = re.match(rb'(?:HTTP/1\.1 1\d\d [^\r]*(?:\r\n[^\r]+)*\r\n\r\n)*?HTTP/1\.1 101 (?:[^\r]*\r\n)+?\r\n', server)
    answer = switched.end() if switched else 0
    if client.startswith(PREFACE):
        return 0, answer
    head = client.find(b'\r\n\r\n') + 4
    upgrade = re.findall(rb'\r\nupgrade:([^\r]*)', client[:head], re.IGNORECASE)
    asked = {name.strip().lower() for line in upgrade for name in line.split(b',')}
    at = client.find(PREFACE, head)
    return (at, answer) if b'h2c' in asked and switched and at >= 0 else None


def http2(f: Flow, _) -> dict:
    """Frames in clear: with prior knowledge, or after an upgrade from HTTP/1.1."""
    row = dict.fromkeys(['http2_frame_count', *(f'http2_{name}_frames' for name in COUNTED.values()),
                         'http2_streams_estimate'], None)
    row |= {'http2_preface_seen': False, 'http2_server_push': False, 'http2_multiplexed': False}
    if f.proto != TCP:
        return row
    data = [Stream([p for p in side if p.flags is not None]).data for _, side in f.sides]
    start = None
    for client, server in (data, data[::-1]):
        start = http2_start(client, server)
        if start:
            client, server = client[start[0] + len(PREFACE):], server[start[1]:]
            break
    if start:
        sent, got = frames(client, largest_frame(server)), frames(server, largest_frame(client))
        row['http2_preface_seen'] = True
    else:                                       # the server's side alone
        alone = [frames(d, 16384) for d, other in (data, data[::-1]) if not other]
        sent, got = [], next((x for x in alone if len(x) > 2), [])
    if not sent and not got:
        return row

    def count(kind: int) -> int:
        return sum(x[0] == kind for x in sent + got)

    row['http2_frame_count'] = len(sent) + len(got)
    for kind, name in COUNTED.items():
        row[f'http2_{name}_frames'] = count(kind) if kind != 5 else sum(x[0] == 5 for x in got)
    streams = {x[2] for x in sent + got if x[0] == 1}
    for kind, flags, _stream, body in got:
        if kind == 5:
            skip = 1 if flags & 8 else 0
            if len(body) >= skip + 4:
                streams.add(int.from_bytes(body[skip:skip + 4]) & 0x7fffffff)
    row |= {'http2_streams_estimate': len(streams), 'http2_multiplexed': len(streams) > 1,
            'http2_server_push': row['http2_push_promise_frames'] > 0}
    return row

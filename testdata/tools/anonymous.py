#!/usr/bin/env python3
"""Takes what a pcapng says of the recording machine out of it: anonymous.py FILE...

Options of section and interface blocks are dropped but for the name, snap length and time resolution of an
interface; so hardware, system, program, filter and comments go. Other blocks stay as they are.
"""
import struct, sys

IF_NAME, IF_TSRESOL = 2, 9
for path in sys.argv[1:]:
    with open(path, 'rb') as f:
        b = f.read()
    out, at = b'', 0
    while at < len(b):
        kind, length = struct.unpack_from('<II', b, at)
        body = b[at + 8:at + length - 4]
        at += length
        if kind == 5:  # interface statistics: times of the run
            continue
        if kind in (0x0a0d0d0a, 1):
            fixed = 16 if kind == 0x0a0d0d0a else 8
            opts, keep = body[fixed:], b''
            while len(opts) >= 4:
                code, n = struct.unpack_from('<HH', opts)
                whole = 4 + (n + 3) // 4 * 4
                if kind == 1 and code in (IF_NAME, IF_TSRESOL):
                    keep += opts[:whole]
                opts = opts[whole:]
            body = body[:fixed] + (keep + bytes(4) if keep else b'')
        out += struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)
    with open(path, 'wb') as f:
        f.write(out)

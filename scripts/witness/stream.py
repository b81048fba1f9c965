"""The byte stream of one direction of a TCP flow, as parsers read it."""
from __future__ import annotations

from arithmetic import cmp
from headers import SYN, Packet

BOUND = 1 << 16               # bytes of a direction that are looked at


class Stream:
    """What one direction of a TCP flow delivered, from its first byte to the first hole."""

    def __init__(self, segments: list[Packet]):
        self.base, at = None, {}                                    # offset to byte, first arrival first
        self.ends: list[tuple[int, Packet]] = []                    # how far the stream was complete with a segment
        self.brought: dict[int, Packet] = {}                        # offset to the segment that brought the byte
        end = 0
        for p in segments:
            if self.base is None and (p.flags & SYN or p.payload):
                self.base = (p.seq + bool(p.flags & SYN)) % 2**32
            if self.base is None or not p.payload_len:
                continue
            start = cmp((p.seq + bool(p.flags & SYN)) % 2**32, self.base)
            for i, byte in enumerate(p.payload, start):
                if i not in at:
                    at[i], self.brought[i] = byte, p
            while end in at:
                end += 1
            self.ends.append((end, p))
        self.data = bytes(at[i] for i in range(end))

    def complete(self, end: int) -> Packet:
        """The segment that completed the first bytes of the stream."""
        return next(p for have, p in self.ends if have >= end)

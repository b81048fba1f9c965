"""Backends by the names of JoyfulJay's page: one engine behind each."""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ._pipe import Pipe
from .feeds import file_args, live_args
from .packet import Packet, packets_of

__all__ = ["DpktBackend", "ScapyBackend"]

#: Bytes of payload that a Packet has, if not said otherwise: all that can be captured.
PAYLOAD = 262144


class _Backend:
    """Packets of files and interfaces.

    Parameters
    ----------
    payload : int
        Bytes of payload that each `Packet` keeps.
    decap : {"none", "inner"}
        Whether to look into tunnels.
    """

    def __init__(self, payload: int = PAYLOAD, decap: str = "none") -> None:
        self._flags = [f"--store-payload={payload}", f"--decap={decap}"]

    def iter_packets_offline(self, path: str | os.PathLike[str], bpf_filter: str = "") -> Iterator[Packet]:
        """The packets of a capture, one after another.

        Raises
        ------
        InputError
            The file cannot be read, or is damaged; the packets before the damage were given.
        """
        if not Path(path).exists():
            raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
        return _packets([*self._flags, *file_args(path, bpf_filter)], 0)

    def iter_packets_live(
        self, interface: str, duration: float | None = None, packet_count: int | None = None, bpf_filter: str = "",
        *, snaplen: int = 262144, promisc: bool = True,
    ) -> Iterator[Packet]:  # fmt: skip
        """The packets of an interface as they come.

        Parameters
        ----------
        duration : float, optional
            Seconds after which the capture ends.
        packet_count : int, optional
            Packets after which it ends.
        """
        more = [] if duration is None else [f"--duration={float(duration)!r}s"]
        return _packets([*self._flags, *live_args(interface, snaplen, promisc, bpf_filter, *more)], packet_count or 0)


def _packets(args: Sequence[str], count: int) -> Iterator[Packet]:
    with contextlib.closing(Pipe(args)) as pipe:
        for batch in pipe.read(count, "end", form="packets"):
            yield from packets_of(batch)


class ScapyBackend(_Backend):
    """Files and interfaces."""


class DpktBackend(_Backend):
    """Files and interfaces; as fast as the other, for it is the same."""


def decode_frames(frames: Sequence[tuple[int, int, bytes]], linktype: int, payload: int = PAYLOAD) -> list[Packet]:
    """Frames as packets that the engine decoded.

    Parameters
    ----------
    frames : sequence of (int, int, bytes)
        Nanoseconds since 1970, bytes on the wire, captured bytes.
    linktype : int
        The LINKTYPE_ number of all of them.
    """
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)]
    for ns, wire, data in frames:
        parts.append(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(data), max(wire, len(data))) + data)
    handle, path = tempfile.mkstemp(prefix="pinyon-", suffix=".pcap")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(b"".join(parts))
        return list(_Backend(payload).iter_packets_offline(path))
    finally:
        Path(path).unlink()

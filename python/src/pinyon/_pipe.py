"""A feed in the engine that is steered while it runs: the frames of docs/pipe.md."""

from __future__ import annotations

import base64
import collections
import contextlib
import json
import struct
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ._child import Child
from .errors import CaptureError, FilterError, InputError, InterfaceError, NotPermittedError, PinyonError, UsageError

_HEAD = struct.Struct(">IBBH")
_REQUEST, _REPLY, _SCHEMA, _ROWS = 64, 65, 66, 67


class UnsupportedError(CaptureError, NotImplementedError):
    """A feed of this kind, or this system, cannot do it."""


class ClosedError(CaptureError, ValueError):
    """The feed is closed."""


_KINDS: dict[str, type[PinyonError]] = {
    "permission": NotPermittedError,
    "interface": InterfaceError,
    "filter": FilterError,
    "unsupported": UnsupportedError,
    "input": InputError,
    "output": CaptureError,
    "closed": ClosedError,
    "request": UsageError,
}


class Pipe:
    """One feed. Any thread may ask; of several that wait one takes what comes and hands the others theirs.

    Parameters
    ----------
    args : sequence of str
        Flags and filter of the engine's ``pipe``.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self._child = Child(["pipe", *args], keep_stdin=True)
        self._cond = threading.Condition()
        self._send = threading.Lock()
        self._taking = False
        self._next = 0
        self._replies: dict[int, dict[str, Any]] = {}
        self._reads: collections.deque[int] = collections.deque()  # not yet replied to
        self._rows: dict[int, collections.deque[pa.RecordBatch]] = {}  # by read; those given up have none
        self._schemas: dict[bytes, pa.Schema] = {}
        self._over: BaseException | None = None
        self.closed = False
        weakref.finalize(self, _finish, self._child)
        try:
            self.about: dict[str, Any] = self.request("describe")["feed"] if "--nothing" not in args else {}
        except BaseException:
            self.close()
            raise

    def ask(self, op: str, **fields: Any) -> int:
        """Send a request; gives its number."""
        if self.closed:
            raise ClosedError("the feed is closed")
        with self._send:
            self._next += 1
            number = self._next
            body = json.dumps({"id": number, "op": op, **fields}).encode()
            with self._cond:
                if op == "read":
                    self._reads.append(number)
                    self._rows[number] = collections.deque()
            try:
                self._child.write(_HEAD.pack(len(body), _REQUEST, 0, 0) + body)
            except OSError as e:
                raise self._why(e) from None
        return number

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send a request and wait for its reply."""
        return self._reply(self.ask(op, **fields))

    def read(self, count: int = 0, until: str = "count", timeout: float = 0.0, form: str = "raw") -> Reading:
        """Packets, as the engine reads them."""
        return Reading(self, self.ask("read", count=count, until=until, timeout=timeout, form=form))

    def purge(self) -> int:
        """Throw away rows that wait to be taken; gives their number."""
        with self._cond:
            dropped = 0
            for rows in self._rows.values():
                dropped += sum(b.num_rows for b in rows)
                rows.clear()
            return dropped

    def _reply(self, number: int) -> dict[str, Any]:
        while True:
            with self._cond:
                if number in self._replies:
                    return _checked(self._replies.pop(number))
            self._take(lambda: number in self._replies)

    def _batch(self, number: int) -> pa.RecordBatch | dict[str, Any]:
        """The next rows of a read, or its reply."""
        while True:
            with self._cond:
                rows = self._rows[number]
                if rows:
                    return rows.popleft()
                if number in self._replies:
                    del self._rows[number]
                    return _checked(self._replies.pop(number))
            self._take(lambda: bool(self._rows.get(number)) or number in self._replies)

    def _take(self, there: Any) -> None:
        """Take one frame, or wait until another thread took one."""
        with self._cond:
            if self._over is not None:
                raise self._over
            if there():
                return
            if self._taking:
                self._cond.wait(1.0)
                return
            self._taking = True
        whole = False
        try:
            kind, body = self._frame()
            whole = True
        except PinyonError as e:
            with self._cond:
                self._over = e
            raise
        finally:
            with self._cond:
                self._taking = False
                if not whole and self._over is None:  # interrupted within a frame: what follows cannot be told apart
                    self._over = ClosedError("the feed was interrupted")
                elif whole:
                    self._put(kind, body)
                self._cond.notify_all()

    def _frame(self) -> tuple[int, bytes]:
        self._child.check_owner()
        try:
            head = self._child.stdout.read(_HEAD.size)
            if len(head) == _HEAD.size:
                length, kind, _, _ = _HEAD.unpack(head)
                body = self._child.stdout.read(length)
                if len(body) == length:
                    return kind, body
        except (OSError, ValueError):
            pass
        raise self._why(None)

    def _put(self, kind: int, body: bytes) -> None:
        if kind == _REPLY:
            reply = json.loads(body)
            number = reply["id"]
            if self._reads and self._reads[0] == number:
                self._reads.popleft()
                if number not in self._rows:
                    return  # given up
            self._replies[number] = reply
            return
        name, message = body[:8], pa.py_buffer(body)[8:]
        if kind == _SCHEMA:
            self._schemas[name] = pa.ipc.read_schema(message)
        elif kind == _ROWS and self._reads and self._reads[0] in self._rows:
            self._rows[self._reads[0]].append(pa.ipc.read_record_batch(message, self._schemas[name]))

    def _give_up(self, number: int) -> None:
        with self._cond:
            self._rows.pop(number, None)
            if self._replies.pop(number, None) is not None or number not in self._reads:
                return
        with contextlib.suppress(PinyonError):
            self.request("break")

    def _why(self, fault: BaseException | None) -> PinyonError:
        """Why the child does not answer."""
        if self.closed:
            return ClosedError("the feed is closed")
        try:
            self._child.finish()
        except PinyonError as e:
            return e
        return CaptureError(f"the engine ended{f': {fault}' if fault else ''}")

    def close(self) -> None:
        """End the feed; its output is completed.

        Raises
        ------
        CaptureError
            The output could not be completed.
        """
        if self.closed:
            return
        self.closed = True
        child = self._child
        child.stop(discard=True)
        if child.failure is not None:
            raise child.failure

    def fileno(self) -> int:
        """What can be waited for: readable when something came."""
        return self._child.stdout.fileno()


class Reading:
    """The packets of one read, batch by batch; ``reason`` says why it ended."""

    def __init__(self, pipe: Pipe, number: int) -> None:
        self._pipe, self._number = pipe, number
        self.packets = 0
        self.reason = ""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self.reason:
            raise StopIteration
        got = self._pipe._batch(self._number)
        if isinstance(got, dict):
            self.packets, self.reason = got["packets"], got["reason"]
            raise StopIteration
        return got

    def close(self) -> None:
        """Give the rest up."""
        if not self.reason:
            self.reason = "break"
            self._pipe._give_up(self._number)


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    if (fault := reply.get("error")) is not None:
        raise _KINDS.get(fault["kind"], CaptureError)(fault["text"])
    return reply


def _finish(child: Child) -> None:
    with contextlib.suppress(Exception):
        child.stop(grace=2.0, discard=True)


def encode(data: bytes) -> str:
    """Bytes as requests hold them."""
    return base64.b64encode(data).decode("ascii")


def check_filter(expr: str, dlt: int = 1) -> None:
    """Compile an expression.

    Raises
    ------
    FilterError
        It is not valid.
    """
    matches(expr, dlt, [])


def matches(expr: str, dlt: int, frames: Sequence[bytes]) -> list[bool]:
    """Try an expression on frames of a link type (DLT number)."""
    with contextlib.closing(Pipe(["--nothing"])) as pipe:
        return list(pipe.request("match", text=expr, linktype=dlt, frames=[encode(f) for f in frames]).get("match", []))

"""The engine as a child process: started, fed, read, ended, and its errors told as exceptions."""

from __future__ import annotations

import atexit
import collections
import contextlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

from ._binary import explain, find_binary
from ._keys import KEYS
from .config import VARIABLES
from .errors import (
    BinaryError,
    ConfigError,
    EngineError,
    FilterError,
    InputError,
    InputNotFoundError,
    InterfaceError,
    NotPermittedError,
    PinyonError,
    UsageError,
)

log = logging.getLogger("pinyon")

#: Exit statuses of the engine; its help lists them.
OK, ERROR, USAGE, INCOMPLETE, PERMISSION, DEVICE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

#: Seconds that a child is given to finish its files once it was told to stop.
GRACE = 10.0

_LEVELS = {"DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING, "ERROR": logging.ERROR}

_children: weakref.WeakSet[Child] = weakref.WeakSet()


class Child:
    """One run of the engine. The process that made it owns it; a fork of that process never does.

    Parameters
    ----------
    args : sequence of str
        The command line behind the program's name.
    source : callable, optional
        Gives the pieces of what the child reads from standard input. Without it standard input is the control pipe:
        the child stops, its files finished, once that ends, whatever ended this process.
    keep_stdin : bool
        The caller writes standard input itself.
    secrets : mapping, optional
        Keys of the configuration that go to the child in a file that only this user can read.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        source: Callable[[], Iterable[bytes]] | None = None,
        keep_stdin: bool = False,
        secrets: Mapping[str, Any] | None = None,
    ) -> None:
        path = find_binary()
        command = [path, "--log-format=json"]
        if source is None and not keep_stdin:
            command.append("--control")
        command += args
        self._secret_file: str | None = None
        if secrets:
            handle, self._secret_file = tempfile.mkstemp(prefix="pinyon-", suffix=".json")  # for this user alone
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                json.dump(dict(secrets), f)
            command.insert(command.index(args[0]) + 1, f"--config={self._secret_file}")
        self.summary: dict[str, Any] | None = None
        self.pid_of_owner = os.getpid()
        self._words: collections.deque[str] = collections.deque(maxlen=40)
        self._error = ""  # the last one that the child told
        self._fault: BaseException | None = None  # of the source
        self._lock = threading.Lock()
        self._stopped = False
        self._finished = False
        #: What its exit status said when it was stopped, if that was no good end.
        self.failure: PinyonError | None = None
        kwargs: dict[str, Any] = {}
        if sys.platform == "win32":
            kwargs["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            kwargs["start_new_session"] = True  # a group of its own: no signal of the terminal reaches it
        env = {k: v for k, v in os.environ.items() if k not in VARIABLES}
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                env=env, **kwargs,
            )  # fmt: skip
        except OSError as e:
            self._drop_secrets()
            raise explain(path, e) from e
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin: IO[bytes] = self._process.stdin
        self.stdout = io.BufferedReader(self._process.stdout, 1 << 16)  # type: ignore[type-var]
        _widen(self._process.stdout)
        _children.add(self)
        self._threads = [threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)]
        if source is not None:
            self._threads.append(threading.Thread(target=self._feed, args=(source,), daemon=True))
        for t in self._threads:
            t.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def stopped(self) -> bool:
        """Whether this process told the child to stop."""
        return self._stopped

    @property
    def words(self) -> list[str]:
        """The last lines that the child said."""
        return list(self._words)

    def _listen(self, stream: IO[bytes]) -> None:
        """Take what the child says: log lines, and its account as one object."""
        with contextlib.suppress(OSError, ValueError), stream:
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip("\n")
                try:
                    said = json.loads(text)
                except ValueError:
                    said = None
                if not isinstance(said, dict):
                    self._words.append(text)
                elif "msg" in said:
                    self._words.append(str(said["msg"]))
                    if said.get("level") == "ERROR":
                        self._error = str(said["msg"])
                    log.log(min(_LEVELS.get(str(said.get("level")), logging.INFO), logging.WARNING) - 10, said["msg"])
                else:
                    self.summary = said

    def write(self, data: bytes | memoryview) -> None:
        """Write all of data to the child's standard input.

        Raises
        ------
        BrokenPipeError
            The child does not read any more.
        """
        rest = memoryview(data)
        while len(rest):
            rest = rest[self._stdin.write(rest) or 0 :]

    def end_input(self) -> None:
        """End the child's standard input. Of one that reads nothing there that is the request to stop."""
        _sever(self._stdin)

    def _feed(self, source: Callable[[], Iterable[bytes]]) -> None:
        """Give the child its standard input, which it may have enough of at any time."""
        try:
            for piece in source():
                self.write(piece)
        except (BrokenPipeError, ConnectionError):
            pass
        except OSError as e:
            if not self._stopped and not (sys.platform == "win32" and e.errno == 22):  # a pipe nobody reads
                self._broken(e)
        except BaseException as e:
            self._broken(e)
        finally:
            self.end_input()

    def _broken(self, fault: BaseException) -> None:
        """The source failed: what the child makes of half of it is of no use."""
        self._fault = fault
        self._process.kill()

    def _drop_secrets(self) -> None:
        if self._secret_file is not None:
            with contextlib.suppress(OSError):
                Path(self._secret_file).unlink()
            self._secret_file = None

    def check_owner(self) -> None:
        """Refuse to go on in a fork of the process that started the child."""
        if os.getpid() != self.pid_of_owner:
            raise PinyonError("this stream belongs to another process: open one in each process, after the fork")

    def finish(self) -> int:
        """Wait for the child, whose output was read to its end, and raise what its exit status says.

        Returns
        -------
        int
            ``OK`` or ``INCOMPLETE``; ``INTERRUPTED`` after ``stop``.
        """
        self.check_owner()
        code = self._wait(None)
        if self._fault is not None:
            raise self._fault
        if code in (OK, INCOMPLETE) or self._stopped:
            return code
        raise self.error(code)

    def _wait(self, timeout: float | None) -> int:
        code = self._process.wait(timeout)
        for t in self._threads:
            if t is not threading.current_thread():
                t.join(5)
        for pipe in (self._stdin, self.stdout):
            with contextlib.suppress(OSError, ValueError):
                pipe.close()
        self._drop_secrets()
        self._finished = True
        return code

    def error(self, code: int) -> PinyonError:
        """The exception for an exit status."""
        said = "\n".join(self._words)
        faults = [str(f["error"]) for f in (self.summary or {}).get("faults", [])]
        text = "; ".join(faults) if faults else self._error or (self._words[-1] if self._words else "")
        err: PinyonError
        if code < 0:
            what = _signal_name(-code)
            hint = ""
            if -code == getattr(signal, "SIGKILL", 9):
                hint = (
                    "; the kernel kills so when memory runs out: "
                    "set row_memory and sample_memory lower, or read batch by batch with iter_batches"
                )
            err = EngineError(f"the engine was ended by {what}{hint}" + (f"; its last words: {said}" if said else ""))
        elif code == USAGE:
            if text.startswith("filter:") or "filter" in text.split("\n")[0]:
                err = FilterError(text)
            elif m := re.match(r"--([a-z-]+): ", text):
                key = next((name for name, k in KEYS.items() if k.flag == m[1]), None)
                err = ConfigError(f"{key}: {text[m.end() :]}") if key else UsageError(text)
            elif text.startswith(("unknown command", "unknown flag")):
                err = BinaryError(f"the program is of another release than this package: {text}")
            else:
                err = UsageError(text)
        elif code == PERMISSION:
            err = NotPermittedError(text)
        elif code == DEVICE:
            err = InterfaceError(text)
        elif "panic" in said or code not in (ERROR, INCOMPLETE):
            err = EngineError(f"the engine failed with status {code}; its last words: {said}")
        elif faults:
            err = InputNotFoundError(text) if "no such file" in text else InputError(text)
        else:
            err = EngineError(text or f"the engine failed with status {code}")
        if isinstance(err, EngineError):
            err.returncode = code
        err.summary = self.summary
        return err

    def stop(self, *, grace: float = GRACE, discard: bool = False) -> None:
        """End the child: its files are finished, and it is waited for.

        Parameters
        ----------
        grace : float
            Seconds that it is given before it is killed.
        discard : bool
            Nobody wants the rest of its output.
        """
        with self._lock:
            if os.getpid() != self.pid_of_owner or self._finished:
                return
            self._stopped = True
            self.end_input()
            if discard:
                _sever(self.stdout)
            try:
                code = self._wait(grace)
                if code not in (OK, INCOMPLETE, INTERRUPTED) and not discard_reason(code, self._error):
                    self.failure = self.error(code)
            except subprocess.TimeoutExpired:
                self._process.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._wait(grace)

    def request_stop(self) -> None:
        """Tell the child to stop, and let its output be read to the end."""
        self.check_owner()
        self._stopped = True
        self.end_input()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.stop(grace=2.0, discard=True)


def discard_reason(code: int, error: str) -> bool:
    """Whether a stopped child failed only because nobody reads its output any more."""
    return code == ERROR and (not error or "broken pipe" in error or "EPIPE" in error)


def run(args: Sequence[str], data: bytes | None = None, **kwargs: Any) -> bytes:
    """What a command writes to standard output; its errors are exceptions."""
    child = Child(args, source=None if data is None else lambda: [data], **kwargs)
    try:
        out = child.stdout.read()
        child.finish()
    finally:
        child.stop(discard=True)
    return out


def pieces(f: BinaryIO) -> Iterable[bytes]:
    """A file object in pieces of a size that pipes like."""
    while piece := f.read(1 << 18):
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise TypeError(f"the file object gives {type(piece).__name__}; open it in binary mode")
        yield piece


def _widen(pipe: IO[bytes]) -> None:
    """Let the kernel keep more of a pipe, so that two processes wait less for each other."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)  # type: ignore[attr-defined, unused-ignore]
    except (ImportError, AttributeError, OSError):
        pass


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _sever(pipe: Any) -> None:
    """Close this process's end of a pipe under whoever reads or writes it in another thread.

    The descriptor stays taken, by the null device, so that no other file gets its number meanwhile.
    """
    with contextlib.suppress(OSError, ValueError):
        number = pipe.fileno()
        null = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(null, number, inheritable=False)
        finally:
            os.close(null)


def _after_fork() -> None:
    """A fork lets go of its copies of the pipes: else the control pipe would outlive its owner."""
    for child in list(_children):
        for pipe in (child._stdin, child.stdout, child._process.stderr):
            _sever(pipe)
        child._process.returncode = 0  # not this process's to wait for
    _children.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _at_exit() -> None:
    for child in list(_children):
        with contextlib.suppress(Exception):
            child.stop(grace=2.0, discard=True)

"""The child: it ends with whoever started it, and its end is an exception with its last words."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import children, wait_for

import pinyon as jj
from pinyon._child import Child

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.usefixtures("clean"),
    # Python 3.12 warns of forks beside threads, which is what is tried here.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """An input that never gives anything."""
    path = tmp_path / "endless.pcap"
    os.mkfifo(path)
    keep = os.open(path, os.O_RDWR)
    yield path
    os.close(keep)


def many(http1: Path, flows: int) -> bytes:
    """A capture of many flows, by changing a port of one."""
    import struct

    data = http1.read_bytes()
    out = [data[:24]]
    for n in range(flows):
        at = 24
        while at < len(data):
            sec, frac, cap, wire = struct.unpack_from("<IIII", data, at)
            frame = bytearray(data[at + 16 : at + 16 + cap])
            for port in (34, 36):
                if struct.unpack_from(">H", frame, port)[0] > 1024:
                    struct.pack_into(">H", frame, port, 1025 + n % 60000)
            out.append(struct.pack("<IIII", sec, frac, cap, wire) + frame)
            at += 16 + cap
    return b"".join(out)


def test_closed_in_the_middle(http1: Path) -> None:
    data = many(http1, 3000)
    with jj.iter_batches(data, features="timing") as stream:
        assert next(stream).num_rows > 0
    assert not children()
    with pytest.raises(StopIteration):
        next(stream)


def test_dropped_in_the_middle(http1: Path, endless: Path) -> None:
    data = many(http1, 3000)
    for _ in jj.Pipeline(jj.Config(features="timing")).iter_features(data):
        break
    stream = jj.iter_batches(endless)
    assert children()
    del stream
    gc.collect()
    wait_for(lambda: not children())


def test_close_while_another_thread_reads(endless: Path) -> None:
    stream = jj.iter_batches(endless)
    ended = []
    reader = threading.Thread(target=lambda: ended.append(list(stream)), daemon=True)
    reader.start()
    stream.stop()
    reader.join(30)
    assert ended == [[]]


def test_killed_by_the_kernel(endless: Path) -> None:
    stream = jj.iter_batches(endless)
    assert stream._child is not None
    os.kill(stream._child.pid, signal.SIGKILL)
    with pytest.raises(jj.EngineError, match=r"SIGKILL.*memory") as e:
        next(stream)
    assert e.value.returncode == -9


def test_last_words(http1: Path) -> None:
    child = Child(["extract", str(http1), "--no-such-flag"])
    with pytest.raises(jj.PinyonError, match="no-such-flag"):
        child.finish()


def test_source_that_fails(http1: Path) -> None:
    class Broken:
        def __init__(self) -> None:
            self.pieces = [http1.read_bytes()[:2000]]

        def read(self, _: int) -> bytes:
            if not self.pieces:
                raise RuntimeError("the disk is gone")
            return self.pieces.pop()

    with pytest.raises(RuntimeError, match="the disk is gone"):
        jj.extract(Broken())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="binary mode"), http1.open("r", encoding="latin-1") as f:
        jj.extract(f)  # type: ignore[arg-type]


def script(text: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", text, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


START = """
import sys, pinyon
stream = pinyon.iter_batches(sys.argv[1])
print(stream._child.pid, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, None])
def test_ends_with_its_owner(endless: Path, how: signal.Signals | None) -> None:
    """A killed, an interrupted and a finished interpreter leave no child."""
    p = script(START + ("" if how is None else "next(stream)"), str(endless))
    assert p.stdout is not None
    pid = int(p.stdout.readline())
    if how is not None:
        p.send_signal(how)
    _, err = p.communicate(timeout=60)
    if how is signal.SIGINT:
        assert "KeyboardInterrupt" in err
    elif how is None:
        assert p.returncode == 0 and err == ""
    wait_for(lambda: not alive(pid))


def _in_fork(pipe: int, stream: jj.Stream) -> None:
    try:
        next(stream)
    except jj.PinyonError as e:
        os.write(pipe, str(e).encode())
    stream.close()  # of another process: does nothing
    os.write(pipe, b" closed")


def test_fork(http1: Path) -> None:
    """A fork neither reads, ends nor keeps the child of the process that it came from."""
    data = many(http1, 3000)
    with jj.iter_batches(data, features="timing") as stream:
        first = next(stream).num_rows
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _in_fork(w, stream)
            finally:
                os._exit(0)
        os.close(w)
        with os.fdopen(r, "rb") as f:
            told = f.read().decode()
        os.waitpid(pid, 0)
        assert "another process" in told and told.endswith("closed")
        assert first + sum(b.num_rows for b in stream) == 3000


def test_fork_does_not_hold_the_child(endless: Path) -> None:
    """The control pipe ends with its owner, though a fork of it lives on."""
    p = script(START + "import os, time\nif os.fork() == 0:\n time.sleep(60)\nos._exit(0)", str(endless))
    assert p.stdout is not None
    pid = int(p.stdout.readline())
    p.wait(30)
    wait_for(lambda: not alive(pid))
    p.stdout.close()
    p.stderr.close()  # type: ignore[union-attr]


def _rows(path: str) -> int:
    return len(jj.extract(path, output_format="arrow"))


def test_threads(http1: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_rows, [str(http1)] * 12)) == [1] * 12


def test_asyncio(http1: Path, endless: Path) -> None:
    async def main() -> None:
        frames = await asyncio.gather(*(jj.aextract(http1) for _ in range(3)))
        assert [len(f) for f in frames] == [1, 1, 1]
        assert frames[0].attrs["pinyon"]["flows"] == 1
        assert [b.num_rows async for b in jj.aiter_batches(http1)] == [1]
        task = asyncio.create_task(jj.aextract(endless))
        while not children():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not children()


def test_off_the_main_thread(http1: Path) -> None:
    """Nothing here installs a signal handler, which only the main thread may."""
    got: list[int] = []
    t = threading.Thread(target=lambda: got.append(_rows(str(http1))))
    t.start()
    t.join(60)
    assert got == [1]


def test_binary(http1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is missing, foreign or without its execute bit is told of with what to do."""
    path = tmp_path / "pinyon"
    monkeypatch.setenv("PINYON_BINARY", str(path))
    with pytest.raises(jj.BinaryError, match="does not exist"):
        jj.extract(http1)
    path.write_bytes(b"\x7fELF is not enough")
    with pytest.raises(jj.BinaryError, match="chmod"):
        jj.extract(http1)
    path.chmod(0o755)
    with pytest.raises(jj.BinaryError, match="another platform"):
        jj.extract(http1)

"""What the tests share: captures of the repository, and children that must not stay."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def _testdata() -> Path | None:
    for path in (Path(os.environ.get("PINYON_TESTDATA", "")), HERE.parent.parent / "testdata"):
        if (path / "http1.pcap").is_file():
            return path
    return None


@pytest.fixture(scope="session")
def testdata() -> Path:
    path = _testdata()
    if path is None:
        pytest.skip("no captures: name the repository's testdata in PINYON_TESTDATA")
    return path


@pytest.fixture
def http1(testdata: Path) -> Path:
    return testdata / "http1.pcap"


def children() -> list[int]:
    """The engines, zombies included, that this process has started and not waited for."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        if int(rest.split()[1]) == os.getpid() and name.endswith("(pinyon"):
            found.append(int(stat.parent.name))
    return found


def wait_for(what: object, limit: float = 30.0) -> None:
    """Wait until what() holds."""
    end = time.monotonic() + limit
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def clean() -> Iterator[None]:
    """Neither children nor descriptors stay behind the test."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc to look into")
    gc.collect()
    before, ours = len(os.listdir("/proc/self/fd")), set(children())
    yield
    gc.collect()
    wait_for(lambda: not set(children()) - ours)
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= before)

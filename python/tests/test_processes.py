"""Pools of processes, however they are made. Their helpers outlive the tests, so nothing is counted here."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

import pinyon as jj

# Python 3.12 warns of forks beside threads, which is what is tried here.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def _rows(path: str) -> int:
    return len(jj.extract(path, output_format="arrow"))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(http1: Path, method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_rows, [str(http1)] * 4) == [1] * 4

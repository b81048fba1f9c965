"""Arithmetic that the groups share. Integers go in, so that what Python's statistics gives is exact but for the last
rounding. A function of an empty sample returns None, which stands for an absent value."""
from __future__ import annotations

import statistics

import numpy as np

S = 10**9                     # nanoseconds in a second


def gaps(packets: list) -> list[int]:
    """Nanoseconds between consecutive packets, on the flow's clock."""
    return [b.t - a.t for a, b in zip(packets, packets[1:], strict=False)]


def mean(x: list[int]) -> float | None:
    return float(statistics.mean(x)) if x else None


def std(x: list[int]) -> float | None:
    return statistics.pstdev(x) if x else None


def variance(x: list[int]) -> float | None:
    return float(statistics.pvariance(x)) if x else None


def percentile(x: list[int], p: float) -> float | None:
    """Hyndman and Fan's type 7, numpy's default."""
    return float(np.percentile(np.array(x, dtype=np.float64), p, method='linear')) if x else None


def cv(x: list[int]) -> float | None:
    """Deviation over mean; 0 if the mean is 0."""
    if not x:
        return None
    return std(x) / mean(x) if sum(x) else 0.0


def ratio(a: float, b: float, otherwise: float | None = None) -> float | None:
    return a / b if b else otherwise


def seconds(ns: float | None) -> float | None:
    return None if ns is None else ns / S


def least(x):
    return min(x, default=None)


def greatest(x):
    return max(x, default=None)


def bits(*flags) -> int:
    """A bitmap: the first flag is bit 0."""
    return sum(1 << i for i, flag in enumerate(flags) if flag)


def none(names: str) -> dict[str, None]:
    """Absent values for the columns that a blank-separated text names."""
    return dict.fromkeys(names.split())


def cmp(a: int, b: int) -> int:
    """Signed distance of two sequence numbers (RFC 1982)."""
    return (a - b + 2**31) % 2**32 - 2**31


def initial_ttl(t: int) -> int:
    """The hop limit that a sender probably began with."""
    return 64 if t <= 64 else 128 if t <= 128 else 255

"""Helpers of JoyfulJay's page: statistics, entropy, JA3 and labels."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._forms import need

__all__ = ["LabelLoader", "Statistics", "byte_entropy", "compute_ja3_hash", "compute_ja3_string", "compute_statistics"]


@dataclass(frozen=True)
class Statistics:
    """What `compute_statistics` gives; the standard deviation is that of the population."""

    count: int
    mean: float
    std: float
    min: float
    max: float
    median: float
    sum: float


def compute_statistics(values: Sequence[float]) -> Statistics:
    """Count, mean, standard deviation, bounds, median and sum; zeros of no values."""
    np = need("numpy", "numpy")
    a = np.asarray(values, dtype=np.float64)
    if a.size == 0:
        return Statistics(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Statistics(int(a.size), *(float(f(a)) for f in (np.mean, np.std, np.min, np.max, np.median, np.sum)))


def byte_entropy(data: bytes) -> float:
    """The Shannon entropy of bytes: 0 to 8 bits a byte."""
    np = need("numpy", "numpy")
    if not data:
        return 0.0
    counts = np.bincount(np.frombuffer(data, dtype=np.uint8))
    p = counts[counts > 0] / len(data)
    return float(max(0.0, -(p * np.log2(p)).sum()))


def _no_grease(values: Sequence[int]) -> str:
    """Numbers joined by hyphens, without the values of RFC 8701."""
    return "-".join(str(v) for v in values if not (v & 0x0F0F == 0x0A0A and v >> 8 == v & 0xFF))


def compute_ja3_string(
    tls_version: int, cipher_suites: Sequence[int], extensions: Sequence[int], elliptic_curves: Sequence[int],
    ec_point_formats: Sequence[int],
) -> str:  # fmt: skip
    """What `compute_ja3_hash` hashes: the five parts with commas between, GREASE left out."""
    parts = [cipher_suites, extensions, elliptic_curves]
    formats = "-".join(str(f) for f in ec_point_formats)
    return ",".join([str(tls_version), *map(_no_grease, parts), formats])


def compute_ja3_hash(
    tls_version: int, cipher_suites: Sequence[int], extensions: Sequence[int], elliptic_curves: Sequence[int],
    ec_point_formats: Sequence[int],
) -> str:  # fmt: skip
    """The JA3 hash of a ClientHello's values: an MD5 in hexadecimal."""
    text = compute_ja3_string(tls_version, cipher_suites, extensions, elliptic_curves, ec_point_formats)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class LabelLoader:
    """Labels of flows from files, by 5-tuple in both directions or by flow_id. The engine does the work in
    ``extract(..., labels=path)``, which also takes intervals of time; this is for rows that are there already.

    Parameters
    ----------
    label_column : str
        The column of labels in files.
    default_label : str
        The label of flows that no record is for.
    """

    def __init__(self, label_column: str = "label", default_label: str = "unknown") -> None:
        self.label_column, self.default_label = label_column, default_label
        self._ids: dict[str, str] = {}
        self._tuples: dict[tuple[str, ...], dict[tuple[Any, ...], str]] = {}
        #: Records of each label.
        self.label_counts: Counter[str] = Counter()

    def load_csv(self, path: str | os.PathLike[str]) -> int:
        """Read a CSV file with a header; gives its records."""
        import csv

        with open(path, newline="", encoding="utf-8-sig") as f:
            return self._add(path, list(csv.DictReader(f)))

    def load_json(self, path: str | os.PathLike[str]) -> int:
        """Read a JSON array, or JSON Lines; gives its records."""
        text = Path(path).read_text(encoding="utf-8")
        rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]
        return self._add(path, rows)

    def load_auto(self, path: str | os.PathLike[str]) -> int:
        """Read a file by its name."""
        return self.load_csv(path) if Path(path).suffix.lower() == ".csv" else self.load_json(path)

    @property
    def unique_labels(self) -> set[str]:
        """The labels that there are."""
        return set(self.label_counts)

    def _add(self, path: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        for n, row in enumerate(rows, 1):
            label = row.get(self.label_column)
            if label is None:
                raise ValueError(f"{path}: record {n} has no {self.label_column!r}")
            self.label_counts[label] += 1
            if row.get("flow_id"):
                self._ids[str(row["flow_id"])] = label
                continue
            given = tuple(c for c in _KEY if row.get(c) not in (None, ""))
            if not given:
                raise ValueError(f"{path}: record {n} names no flow: it has none of flow_id, {', '.join(_KEY)}")
            self._tuples.setdefault(given, {})[_key(row, given)] = label
        return len(rows)

    def get_label(self, row: Mapping[str, Any]) -> str:
        """The label of a row: by flow_id, then by the columns that records give, then with its ends exchanged."""
        if (found := self._ids.get(str(row.get("flow_id")))) is not None:
            return found
        back = {**row, **{a: row.get(b) for a, b in _BACK.items()}}
        for given, labels in sorted(self._tuples.items(), key=lambda kv: -len(kv[0])):
            for one in (row, back):
                if all(one.get(c) is not None for c in given) and (found := labels.get(_key(one, given))) is not None:
                    return found
        return self.default_label

    def merge_with_features(self, features: Any, column: str = "label") -> Any:
        """Rows with their labels: dictionaries and DataFrames get the column, tables come back with it."""
        import pyarrow as pa

        if isinstance(features, pa.Table):
            return features.append_column(column, pa.array([self.get_label(r) for r in features.to_pylist()], pa.string()))
        if hasattr(features, "to_dict") and hasattr(features, "assign"):
            return features.assign(**{column: [self.get_label(r) for r in features.to_dict("records")]})
        out = list(features)
        for row in out:
            row[column] = self.get_label(row)
        return out


_KEY = ("src_ip", "dst_ip", "src_port", "dst_port", "protocol")
_BACK = {"src_ip": "dst_ip", "dst_ip": "src_ip", "src_port": "dst_port", "dst_port": "src_port"}
_PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "icmpv6": 58, "sctp": 132}


def _key(row: Mapping[str, Any], given: Sequence[str]) -> tuple[Any, ...]:
    import ipaddress

    out: list[Any] = []
    for c in given:
        value = row[c]
        if c.endswith("_ip"):
            try:
                out.append(ipaddress.ip_address(str(value)))
            except ValueError:  # anonymized
                out.append(str(value))
        elif c == "protocol" and str(value).lower() in _PROTOCOLS:
            out.append(_PROTOCOLS[str(value).lower()])
        else:
            out.append(int(float(value)))
    return tuple(out)

"""Packet captures in, one row a bidirectional flow out: 401 exact columns as Arrow, pandas, polars or NumPy.

>>> import pinyon as jj
>>> df = jj.extract("capture.pcap")                                          # doctest: +SKIP

Every call runs the engine, the program ``pinyon`` that the wheel carries, as a child process. What leaves it is Arrow.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

from ._stream import Stream
from .config import Config
from .core import Flow, FlowKey
from .errors import (
    BinaryError,
    CaptureError,
    ConfigError,
    EngineError,
    FilterError,
    IncompleteError,
    IncompleteWarning,
    InputError,
    InputNotFoundError,
    InterfaceError,
    NotPermittedError,
    PinyonError,
    UsageError,
)
from .packet import Packet
from .pipeline import Pipeline, aextract, aiter_batches, extract, extract_live, iter_batches, scan
from .table import Features, Table, features, read

try:
    __version__ = _version("pinyon")
except PackageNotFoundError:  # run from a source tree
    __version__ = "0+unknown"

__all__ = [
    "BinaryError",
    "CaptureError",
    "Config",
    "ConfigError",
    "EngineError",
    "Features",
    "FilterError",
    "Flow",
    "FlowKey",
    "IncompleteError",
    "IncompleteWarning",
    "InputError",
    "InputNotFoundError",
    "InterfaceError",
    "NotPermittedError",
    "Packet",
    "PinyonError",
    "Pipeline",
    "Stream",
    "Table",
    "UsageError",
    "__version__",
    "aextract",
    "aiter_batches",
    "extract",
    "extract_live",
    "features",
    "iter_batches",
    "read",
    "scan",
]

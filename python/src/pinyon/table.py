"""A table of flows as notebooks show it, and as models want it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ._child import run as run_child
from ._forms import convert, need
from ._inputs import Source
from .output import _table, write_batches
from .pipeline import iter_batches

__all__ = ["Features", "Table", "features", "read"]


class Table:
    """Rows of flows with their units and descriptions; in a notebook a short HTML table.

    Attributes
    ----------
    arrow : pyarrow.Table
    summary : dict or None
        The account of the run that made it.
    """

    def __init__(self, arrow: pa.Table, summary: dict[str, Any] | None = None, name: str = "") -> None:
        self.arrow = arrow
        self.summary = summary
        self.name = name

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.arrow.schema.names)

    def unit(self, column: str) -> str:
        """A column's unit; empty for pure numbers, codes and text."""
        return _meta(self.arrow.schema.field(column), "unit")

    def describe(self, column: str) -> str:
        """A sentence on a column."""
        return _meta(self.arrow.schema.field(column), "description")

    def __getitem__(self, columns: str | Sequence[str]) -> Table:
        names = [columns] if isinstance(columns, str) else list(columns)
        return Table(self.arrow.select(names), self.summary, self.name)

    def to_pandas(self) -> Any:
        """A pandas DataFrame."""
        return convert(self.arrow, "dataframe")

    def to_polars(self) -> Any:
        """A polars DataFrame."""
        return convert(self.arrow, "polars")

    def to_numpy(self) -> Any:
        """The numeric columns as a float64 matrix."""
        return convert(self.arrow, "numpy")

    def write(self, target: str | os.PathLike[str], format: str | None = None) -> int:
        """Write the rows to any output of the engine; gives their number."""
        return write_batches(pa.RecordBatchReader.from_batches(self.arrow.schema, self.arrow.to_batches()), os.fspath(target), format)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.arrow.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        from .notebook import text_table

        return text_table(self)

    def _repr_html_(self) -> str:
        from .notebook import html_table

        return html_table(self)

    def explore(self) -> Any:
        """A report of the rows inside the notebook: sortable, searchable, a histogram of each numeric column."""
        from .notebook import Report

        return Report(self)


def _meta(field: pa.Field, key: str) -> str:
    return str((field.metadata or {}).get(key.encode(), b"").decode())


#: Ends of names of files that hold rows already.
_ROWS = (".parquet", ".arrow", ".arrows", ".feather", ".csv", ".tsv", ".json", ".jsonl")


def read(path: Source, features: str | Sequence[str] = "all", **kwargs: Any) -> Table:
    """Read captures, or a file of rows (Parquet, Arrow, CSV, JSON), into a `Table`.

    Parameters
    ----------
    path : see `extract`
        A name that ends in .parquet, .arrow, .csv, … is a file of rows.
    features, **kwargs
        As of `extract`, for captures.
    """
    if isinstance(path, (str, os.PathLike)) and Path(os.fspath(path)).suffix.lower() in _ROWS:
        if not Path(path).exists():
            raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
        out = run_child(["convert", "--format=arrow", "--output=-", "--", os.fspath(path)])
        return Table(pa.ipc.open_stream(out).read_all(), None, os.fspath(path))
    with iter_batches(path, features, **kwargs) as stream:
        table = stream.read_all()
    return Table(table, stream.summary, os.fspath(path) if isinstance(path, (str, os.PathLike)) else "")


class Features(NamedTuple):
    """What `features` gives.

    Attributes
    ----------
    X : pandas.DataFrame
        Numeric columns and booleans as float64, without identifiers; absent values are NaN.
    y : pandas.Series or None
        The labels.
    ids : pandas.DataFrame
        What names a flow or its hosts: addresses, ports, hashes, times.
    names : list of str
        The columns of ``X``.
    """

    X: Any
    y: Any
    ids: Any
    names: list[str]


#: Columns by which a model would learn who talked and when, not how.
_IDS = frozenset(
    (
        "flow_id",
        "community_id",
        "src_ip",
        "dst_ip",
        "src_port",
        "dst_port",
        "start_time",
        "end_time",
        "src_mac",
        "dst_mac",
        "input",
        "start_ns",
        "end_ns",
        "first_record",
        "last_record",
    )
)


def features(df: Any, label: str = "label", ids: Sequence[str] = ()) -> Features:
    """Split rows into identifiers, labels and numeric columns, as scikit-learn wants them.

    Parameters
    ----------
    df : pandas.DataFrame or any table of rows
    label : str, default "label"
        The column of labels; without it ``y`` is None.
    ids : sequence of str
        Further columns that are identifiers.

    Returns
    -------
    Features
        ``X``, ``y``, ``ids``, ``names``; text columns that are no identifiers are in none of them.
    """
    pd = need("pandas", "pandas")
    if isinstance(df, Table):
        df = df.to_pandas()
    elif not isinstance(df, pd.DataFrame):
        df = convert(_table(df), "dataframe")
    apart = _IDS | set(ids) | {label}
    numeric = [n for n in df.columns if n not in apart and _numeric(pd, df[n].dtype)]
    x = df[numeric].astype("float64")
    return Features(x, df[label] if label in df.columns else None, df[[n for n in df.columns if n in apart - {label}]], numeric)


def _numeric(pd: Any, dtype: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype))

"""Rows in the form that the caller asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import pyarrow as pa

OutputFormat = Literal["dataframe", "polars", "arrow", "numpy", "dict"]
FORMATS = ("dataframe", "polars", "arrow", "numpy", "dict")


class Row(dict[str, Any]):
    """A row as a dictionary that knows the types of its columns."""

    __slots__ = ("schema",)
    schema: pa.Schema


def need(module: str, extra: str) -> Any:
    """Import a module that only this form needs."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as e:
        raise ImportError(f"this form needs {module}: pip install 'pinyon[{extra}]'") from e


def check_format(name: str) -> None:
    """Refuse a form that is not known, before anything runs."""
    if name not in FORMATS:
        raise ValueError(f"output_format: got {name!r}; want one of {', '.join(FORMATS)}")
    if name in ("dataframe", "polars", "numpy"):
        need({"dataframe": "pandas"}.get(name, name), {"dataframe": "pandas"}.get(name, name))


def convert(table: pa.Table, output_format: str) -> Any:
    """A table in one of the forms."""
    if output_format == "arrow":
        return table
    if output_format == "polars":
        return need("polars", "polars").from_arrow(table)
    if output_format == "numpy":
        return matrix(table)[0]
    if output_format == "dict":
        return list(rows(table.to_batches()))
    return to_pandas(table)


def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    """Every row as a dictionary."""
    for batch in batches:
        schema = batch.schema
        names = schema.names
        for values in zip(*(c.to_pylist() for c in batch.columns), strict=True):
            row = Row(zip(names, values, strict=True))
            row.schema = schema
            yield row


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type goes into a matrix: integers, floats and booleans."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def matrix(table: pa.Table, names: Sequence[str] | None = None) -> tuple[Any, list[str]]:
    """The numeric columns as a matrix of float64, absent values as NaN, with their names.

    Parameters
    ----------
    names : sequence of str, optional
        The columns, which must be numbers or booleans; all of those if not given.
    """
    np = need("numpy", "numpy")
    if names is None:
        names = [f.name for f in table.schema if is_number(f.type)]
    out = np.empty((table.num_rows, len(names)), dtype=np.float64, order="F")
    for i, name in enumerate(names):
        column = table.column(name)
        if not is_number(column.type):
            raise ValueError(f"column {name!r} holds {column.type}, not numbers")
        out[:, i] = column.cast(pa.float64(), safe=False).to_numpy()
    return out, list(names)


def to_pandas(table: pa.Table) -> Any:
    """A pandas DataFrame whose dtypes depend on the schema alone, never on the values.

    Columns that may be absent (``missing="null"``) get pandas' nullable types, lists the Arrow ones; text is what
    pandas has for text, everything else NumPy.
    """
    pd = need("pandas", "pandas")
    special = {f.name: _nullable(pd, f) for f in table.schema}
    special = {name: dtype for name, dtype in special.items() if dtype is not None}
    if not special:
        frame = table.to_pandas(split_blocks=False)
    else:
        plain = table.select([n for n in table.schema.names if n not in special]).to_pandas()
        parts = {name: _series(pd, table.column(name), dtype) for name, dtype in special.items()}
        frame = pd.concat([plain, pd.DataFrame(parts)], axis=1)[table.schema.names]
    return frame


def _nullable(pd: Any, field: pa.Field) -> Any:
    kind = field.type
    if pa.types.is_list(kind):
        return pd.ArrowDtype(kind)
    if not field.nullable:
        return None
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    if pa.types.is_integer(kind):
        return getattr(pd, ("UInt" if pa.types.is_unsigned_integer(kind) else "Int") + f"{kind.bit_width}Dtype")()
    return None


def _series(pd: Any, column: pa.ChunkedArray, dtype: Any) -> Any:
    if isinstance(dtype, pd.ArrowDtype):
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    return pd.Series(dtype.__from_arrow__(column))

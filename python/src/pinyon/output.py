"""Rows to files, databases and Kafka: each is the engine's own sink, to which rows go as Arrow batches."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ._child import INCOMPLETE, Child
from ._forms import matrix
from ._forms import to_pandas as _to_pandas
from .errors import EngineError, PinyonError

__all__ = [
    "DatabaseWriter", "KafkaWriter", "StreamingWriter", "is_kafka_available", "is_parquet_available", "to_csv",
    "to_database", "to_dataframe", "to_json", "to_kafka", "to_numpy", "to_parquet",
]  # fmt: skip

#: What functions that write take: tables of any library, or dictionaries.
Rows = Any


class _Writer:
    """Rows to one sink of the engine. Columns and their types are those of the first rows, or of ``schema``."""

    def __init__(self, flags: Sequence[str], batch_size: int, schema: pa.Schema | None, columns: Sequence[str] | None = None):
        if batch_size < 1:
            raise ValueError(f"batch_size: got {batch_size}; want 1 or more")
        self._flags = list(flags)
        self._batch_size = batch_size
        self._schema = schema
        self._columns = list(columns) if columns is not None else None
        self._pending: list[Mapping[str, Any]] = []
        self._child: Child | None = None
        self._out: Any = None
        self._closed = False
        #: Rows that were taken so far.
        self.rows_written = 0

    def write(self, row: Mapping[str, Any]) -> int:
        """Take one row; gives the number of rows so far."""
        self._open_check()
        if self._schema is None:
            self._schema = getattr(row, "schema", None)
        self._pending.append(row)
        self.rows_written += 1
        if len(self._pending) >= self._batch_size:
            self.flush()
        return self.rows_written

    def write_many(self, rows: Rows) -> int:
        """Take many: dictionaries, a table or frame, or record batches; gives the number of rows so far."""
        for batch in _batches(rows, self._schema):
            if isinstance(batch, pa.RecordBatch):
                self.flush()
                self._write(batch)
                self.rows_written += batch.num_rows
            else:
                self.write(batch)
        return self.rows_written

    def flush(self) -> None:
        """Hand the rows that wait to the engine."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        if self._schema is None:
            self._schema = pa.Table.from_pylist(list(pending)).schema
        self._write(pa.RecordBatch.from_pylist(list(pending), schema=self._schema))

    def _write(self, batch: pa.RecordBatch) -> None:
        self._open_check()
        batch = _plain(batch)
        if self._schema is None:
            self._schema = batch.schema
        if self._columns is not None:
            batch = batch.select(self._columns)
        self._start(batch.schema)
        try:
            self._out.write_batch(batch)
        except (OSError, pa.ArrowException) as e:
            raise self._broken(e) from e

    def _start(self, schema: pa.Schema) -> None:
        if self._child is None:
            self._child = Child(["convert", *self._flags, "--", "-"], keep_stdin=True)
            self._out = pa.ipc.new_stream(pa.PythonFile(_Input(self._child), "w"), schema)

    def _broken(self, fault: BaseException) -> BaseException:
        child, self._closed = self._child, True
        if child is None:
            return fault
        with contextlib.suppress(Exception):
            child.end_input()
        try:
            child.finish()
        except PinyonError as e:
            return e
        return EngineError(f"the output ended early: {fault}")

    def _open_check(self) -> None:
        if self._closed:
            raise ValueError("the writer is closed")

    def close(self) -> None:
        """Complete the output. A second call does nothing.

        Raises
        ------
        EngineError
            The output could not be written, or rows were lost; the message says how many.
        """
        if self._closed:
            return
        self.flush()
        if self._child is None:
            self._start(self._schema if self._schema is not None else pa.schema([]))
        self._closed = True
        assert self._child is not None
        try:
            self._out.close()
        except (OSError, pa.ArrowException) as e:
            raise self._broken(e) from e
        self._child.end_input()
        if self._child.finish() == INCOMPLETE:
            raise EngineError("; ".join(self._child.words[-2:]))

    def abort(self) -> None:
        """Give the output up: what is not complete stays under a partial name or is removed, as the engine says."""
        self._closed = True
        self._pending = []
        if self._child is not None:
            self._child.stop(discard=True)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
            return
        with contextlib.suppress(Exception):  # what was written so far is completed; the error that came first counts
            self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            if not self._closed and self._child is not None:
                self.abort()


class _Input:
    """A child's standard input as a file object that closes with the Arrow stream."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._child.write(view)
        return view.nbytes

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True


class StreamingWriter(_Writer):
    """Rows to a file, in memory that does not grow.

    Parameters
    ----------
    path : path
        The file; it gets its name when it is complete.
    format : str, default "csv"
        csv, tsv, jsonl, json-array, parquet, arrow, arrow-file, npy, sqlite.
    parquet_row_group_size : int
        Rows of a batch that is handed on at a time.
    compression : str, optional
        snappy, gzip, brotli, lz4, zstd or none, where the format has it.
    schema : pyarrow.Schema, optional
        Columns and types; those of the first rows if not given.

    Examples
    --------
    >>> with StreamingWriter("output.csv", format="csv") as writer:          # doctest: +SKIP
    ...     for features in pipeline.iter_features("large.pcap"):
    ...         writer.write(features)
    """

    def __init__(
        self, path: str | os.PathLike[str], format: str = "csv", parquet_row_group_size: int = 10000,
        compression: str | None = None, *, schema: pa.Schema | None = None,
    ) -> None:  # fmt: skip
        flags = [f"--output={os.fspath(path)}", f"--format={format}"]
        if compression is not None:
            flags.append(f"--compression={compression}")
        super().__init__(flags, min(parquet_row_group_size, 10000), schema)


class DatabaseWriter(_Writer):
    """Rows to a table of a database.

    Parameters
    ----------
    dsn : str
        ``sqlite:///features.db`` or ``postgres://user@host/database``. A password belongs into the server's own
        files or variables (``PGPASSWORD``): other users can read a command line.
    table : str
        The table, also ``SCHEMA.TABLE``.
    if_exists : {"append", "replace", "fail"}
    batch_size : int
        Rows a transaction.
    columns : sequence of str, optional
        Only these.
    """

    def __init__(
        self, dsn: str, table: str = "pinyon_features", if_exists: str = "append", batch_size: int = 1000,
        columns: Sequence[str] | None = None, *, schema: pa.Schema | None = None,
    ) -> None:  # fmt: skip
        flags = [f"--output={dsn}", f"--db-table={table}", f"--db-if-exists={if_exists}", f"--db-batch-size={batch_size}"]
        super().__init__(flags, batch_size, schema, columns)


class KafkaWriter(_Writer):
    """Rows as messages of a Kafka topic.

    Parameters
    ----------
    brokers : str or sequence of str
        ``HOST:PORT``, several joined by commas.
    topic : str
    key_field : str, optional
        The column whose value is a message's key.
    batch_size : int
        Rows that are handed on at a time.
    acks : {"all", "1", "0"}
    compression_type : str, optional
        none, gzip, snappy, lz4 or zstd.
    linger_ms : int, optional
        How long a batch of messages waits for more.
    client_id : str, optional
    """

    def __init__(
        self, brokers: str | Sequence[str], topic: str, key_field: str | None = None, batch_size: int = 1000,
        acks: str | int = "all", compression_type: str | None = None, linger_ms: int | None = None,
        client_id: str | None = None, *, schema: pa.Schema | None = None,
    ) -> None:  # fmt: skip
        names = brokers if isinstance(brokers, str) else ",".join(brokers)
        flags = ["--format=kafka", f"--kafka-brokers={names}", f"--kafka-topic={topic}", f"--kafka-acks={acks}"]
        for flag, value in (
            ("kafka-key", key_field), ("kafka-compression", compression_type), ("kafka-client-id", client_id),
            ("kafka-linger", None if linger_ms is None else f"{linger_ms}ms"),
        ):  # fmt: skip
            if value is not None:
                flags.append(f"--{flag}={value}")
        super().__init__(flags, batch_size, schema)


def write_batches(batches: Iterable[pa.RecordBatch], target: str, format: str | None = None, *flags: str) -> int:
    """Write record batches to a target of the engine; gives their rows."""
    all_flags = [f"--output={target}", *flags]
    if format is not None:
        all_flags.append(f"--format={format}")
    with _Writer(all_flags, 1, getattr(batches, "schema", None)) as writer:
        for batch in batches:
            writer.write_many(batch)
        return int(writer.rows_written)


def to_csv(rows: Rows, path: str | os.PathLike[str], include_header: bool = True) -> int:
    """Write rows to a CSV file; gives their number."""
    flags = () if include_header else ("--no-header",)
    return _write_all(rows, os.fspath(path), "csv", *flags)


def to_json(rows: Rows, path: str | os.PathLike[str], lines: bool = True) -> int:
    """Write rows to a file of JSON Lines, or of one JSON array; gives their number."""
    return _write_all(rows, os.fspath(path), "jsonl" if lines else "json-array")


def to_parquet(rows: Rows, path: str | os.PathLike[str], compression: str = "snappy") -> int:
    """Write rows to a Parquet file; gives their number."""
    return _write_all(rows, os.fspath(path), "parquet", f"--compression={compression}")


def to_database(rows: Rows, dsn: str, table: str = "pinyon_features", if_exists: str = "append", batch_size: int = 1000) -> int:
    """Write rows to a table of a database; gives their number."""
    with DatabaseWriter(dsn, table, if_exists, batch_size) as writer:
        return int(writer.write_many(rows))


def to_kafka(rows: Rows, brokers: str | Sequence[str], topic: str, **kwargs: Any) -> int:
    """Send rows to a Kafka topic; gives their number. Further arguments are those of `KafkaWriter`."""
    with KafkaWriter(brokers, topic, **kwargs) as writer:
        return int(writer.write_many(rows))


def to_dataframe(rows: Rows) -> Any:
    """Rows as a pandas DataFrame."""
    return _to_pandas(_table(rows))


def to_numpy(rows: Rows, columns: Sequence[str] | None = None) -> tuple[Any, list[str]]:
    """The numeric columns as a float64 matrix, absent values as NaN, and their names."""
    return matrix(_table(rows), columns)


def is_parquet_available() -> bool:
    """Whether Parquet can be written: always."""
    return True


def is_kafka_available() -> bool:
    """Whether rows can go to Kafka: always."""
    return True


def _write_all(rows: Rows, target: str, format: str, *flags: str) -> int:
    with _Writer([f"--output={target}", f"--format={format}", *flags], 1000, None) as writer:
        return int(writer.write_many(rows))


def _batches(rows: Rows, schema: pa.Schema | None) -> Iterable[Any]:
    """Record batches, or dictionaries one by one."""
    if isinstance(rows, pa.RecordBatch):
        return [rows]
    if isinstance(rows, Mapping):
        raise TypeError("one row: give it to write(), or a list of rows")
    batches: Iterable[Any] = rows
    if isinstance(rows, pa.Table):
        batches = rows.to_batches()
    elif hasattr(rows, "__arrow_c_stream__"):
        batches = pa.RecordBatchReader.from_stream(rows)
    elif type(rows).__module__.split(".")[0] == "pandas":
        batches = pa.Table.from_pandas(rows, schema=schema, preserve_index=False).to_batches()
    return batches


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch in the types of rows: other libraries spell the same text and lists, and numbers, differently."""
    schema = batch.schema
    for i, field in enumerate(schema):
        kind = _plain_type(field.type)
        if kind is not field.type:
            schema = schema.set(i, field.with_type(kind))
    return batch if schema is batch.schema else batch.cast(schema)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    t = pa.types
    if t.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if t.is_large_string(kind) or getattr(t, "is_string_view", lambda _: False)(kind):
        return pa.string()
    if t.is_integer(kind) and kind.bit_width < 64:
        return pa.int64()
    if t.is_floating(kind) and kind.bit_width < 64:
        return pa.float64()
    if t.is_large_list(kind) or t.is_list(kind):
        inner = kind.value_field
        plain = _plain_type(inner.type)
        if t.is_large_list(kind) or plain is not inner.type:
            return pa.list_(inner.with_type(plain))
    return kind


def _table(rows: Rows) -> pa.Table:
    batches = list(_batches(rows, None))
    if batches and not isinstance(batches[0], pa.RecordBatch):
        return pa.Table.from_pylist(batches, schema=getattr(batches[0], "schema", None))
    if not batches:
        return rows if isinstance(rows, pa.Table) else pa.table({})
    return pa.Table.from_batches(batches)

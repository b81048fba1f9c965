"""Rows as they come from the engine: record batches of one schema."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import pyarrow as pa

from ._child import INCOMPLETE, Child
from ._inputs import Part
from .config import Config
from .errors import EngineError, IncompleteError, IncompleteWarning, InputError

__all__ = ["Stream"]

#: What becomes of inputs that failed or were damaged while others gave rows.
OnDamage = Literal["warn", "raise", "ignore"]


class Stream:
    """The rows of a run, batch by batch; an iterator and a context manager.

    One batch is at hand at a time, so memory does not grow with the input. Leaving the ``with`` block, closing it or
    dropping it stops the engine. Several threads may take batches from it, one after another.

    Attributes
    ----------
    summary : dict or None
        The account of the run once it has ended: flows, packets, records, what was dropped and why, faults.
    """

    def __init__(self, command: str, runs: Sequence[Part], config: Config, flags: Sequence[str], on_damage: OnDamage):
        if on_damage not in ("warn", "raise", "ignore"):
            raise ValueError(f"on_damage: got {on_damage!r}; want 'warn', 'raise' or 'ignore'")
        self._command = [command, *config.flags(), *flags, "--format=arrow", "--output=-", "--summary=json", "--no-progress"]
        self._secrets = config.secrets()
        self._runs = list(runs)
        self._on_damage = on_damage
        self._child: Child | None = None
        self._reader: Any = None
        self._schema: pa.Schema | None = None
        self._summaries: list[dict[str, Any]] = []
        self._faults: list[str] = []
        self._ended = False
        self._next_run()

    def _next_run(self) -> None:
        part = self._runs.pop(0)
        self._child = Child([*self._command, "--", *part.args], source=part.stdin, secrets=self._secrets)
        self._reader = None

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of all batches; it depends on the configuration alone."""
        return self._engine_schema()

    def _engine_schema(self) -> pa.Schema:
        """The schema of the engine's own output."""
        if self._schema is None:
            self._open()
        assert self._schema is not None
        return self._schema

    def _open(self) -> None:
        """Read the head of the child's output."""
        child = self._alive()
        try:
            self._reader = pa.ipc.open_stream(child.stdout)
        except (pa.ArrowException, OSError, ValueError) as e:
            self._fail(e)
        if self._schema is None:
            self._schema = self._reader.schema

    def _alive(self) -> Child:
        if self._child is None:
            raise ValueError("the stream is closed")
        self._child.check_owner()
        return self._child

    def _fail(self, fault: BaseException) -> None:
        """The output broke off: the child's status says why, if it ended."""
        child = self._alive()
        try:
            child.finish()
            if child.stopped:
                raise InputError("the run was stopped before it gave a row") from fault
            raise EngineError(f"the engine's output cannot be read: {fault}") from fault
        finally:
            self.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._ended:
            raise StopIteration
        try:
            while True:
                if self._reader is None:
                    self._open()
                try:
                    batch = self._reader.read_next_batch()
                except StopIteration:
                    self._end_run()
                    if self._ended:
                        raise
                    continue
                except (pa.ArrowException, OSError, ValueError) as e:
                    self._fail(e)
                if batch.num_rows:
                    if self._schema is not None and batch.schema.metadata != self._schema.metadata:
                        batch = batch.replace_schema_metadata(self._schema.metadata)
                    return batch
        except StopIteration:
            raise
        except BaseException:  # KeyboardInterrupt too: no child runs on for nobody
            self.close()
            raise

    def _end_run(self) -> None:
        """One child is through: take its account, and begin the next."""
        child = self._alive()
        code = child.finish()
        if child.summary is not None:
            self._summaries.append(child.summary)
            if code == INCOMPLETE:
                self._faults += [str(f["error"]) for f in child.summary.get("faults", [])]
        if self._runs and not child.stopped:
            self._next_run()
            return
        self._ended = True
        self._child = self._reader = None
        if self._faults and self._on_damage != "ignore":
            text = "; ".join(self._faults[:5]) + (f"; and {len(self._faults) - 5} more" if len(self._faults) > 5 else "")
            if self._on_damage == "raise":
                err = IncompleteError(text)
                err.summary = self.summary
                raise err
            warnings.warn(IncompleteWarning(text), stacklevel=_outside())

    @property
    def summary(self) -> dict[str, Any] | None:
        """The account of the run; of several the sums of what can be summed, with each one under ``runs``."""
        if len(self._summaries) < 2:
            return self._summaries[0] if self._summaries else None
        return {**_added(self._summaries), "runs": self._summaries}

    def read_all(self) -> pa.Table:
        """The rest of the rows as one table."""
        batches = list(self)
        return pa.Table.from_batches(batches, schema=self.schema)

    def reader(self) -> pa.RecordBatchReader:
        """The rest of the rows as a ``RecordBatchReader``, which DuckDB, polars and others take."""
        return pa.RecordBatchReader.from_batches(self.schema, iter(self))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.reader().__arrow_c_stream__(requested_schema)

    def stop(self) -> None:
        """Ask a run to end; the rows of what it has read still come."""
        self._runs.clear()
        if self._child is not None:
            self._child.request_stop()

    def close(self) -> None:
        """End the run at once; no further rows come. A second call does nothing."""
        self._ended = True
        self._runs.clear()
        child, self._child, self._reader = self._child, None, None
        if child is not None:
            child.stop(discard=True)
            if child.summary is not None:
                self._summaries.append(child.summary)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def _added(all_: Sequence[Any]) -> Any:
    """The sum of accounts: numbers are added, lists joined, texts taken from the first."""
    first = all_[0]
    if isinstance(first, bool):
        return any(all_)
    if isinstance(first, (int, float)):
        return sum(all_)
    if isinstance(first, list):
        return [x for one in all_ for x in one]
    if isinstance(first, dict):
        return {k: _added([one[k] for one in all_ if k in one]) for k in first}
    return first


def _outside() -> int:
    """How many frames up the caller of this package is, for warnings that point at it."""
    import sys

    n, frame = 1, sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "pinyon":
        n, frame = n + 1, frame.f_back  # type: ignore[assignment]
    return n

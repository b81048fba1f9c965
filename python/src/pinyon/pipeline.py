"""Extraction: functions for one call, and the pipeline for many."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._child import run as run_child
from ._forms import OutputFormat, Row, check_format, convert, rows
from ._inputs import Part, Source, parts
from ._stream import OnDamage, Stream
from .config import Config, make_config

if TYPE_CHECKING:
    from .extractors import FeatureExtractor

__all__ = ["Pipeline", "aextract", "aiter_batches", "extract", "extract_live", "iter_batches", "scan"]


def extract(
    source: Source,
    features: str | Sequence[str] = "all",
    output_format: OutputFormat = "dataframe",
    *,
    config: Config | None = None,
    on_damage: OnDamage = "warn",
    progress: bool = False,
    **config_kwargs: Any,
) -> Any:
    """Read captures and give a row for every bidirectional flow.

    Parameters
    ----------
    source : str, path, bytes, binary file object, or a list of these
        Captures: pcap or pcapng, plain or packed with gzip or zstd, by content. A string may also be a glob, a
        directory (its captures by name) or, with fsspec installed, a URL such as ``s3://bucket/trace.pcap``, which is
        streamed and never stored.
    features : str or list of str, default "all"
        Groups of columns: ``"all"``, ``"all,extra"`` or names such as ``["timing", "tls"]``.
    output_format : {"dataframe", "polars", "arrow", "numpy", "dict"}
        A pandas DataFrame, a polars DataFrame, a pyarrow Table, a float64 matrix of the numeric columns
        (rows × columns), or a list of dictionaries.
    config : Config, optional
        Where the other settings come from; ``config_kwargs`` go over it.
    on_damage : {"warn", "raise", "ignore"}
        What becomes of inputs that fail or are damaged while others give rows: an `IncompleteWarning`, an
        `IncompleteError`, or nothing. The rows before the damage are there in any case but "raise".
    progress : bool, default False
        Show how many flows there are so far, with tqdm if it is installed.
    **config_kwargs
        Keys of `Config`, such as ``flow_timeout=30.0`` (seconds) or ``anonymize_ips=True``.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame, pyarrow.Table, numpy.ndarray or list of dict
        The columns depend on the configuration alone, also of an empty capture. A DataFrame's ``attrs["pinyon"]``
        holds the account of the run: flows, packets, what was dropped and why.

    Raises
    ------
    InputNotFoundError, InputError, NotPermittedError
        Nothing could be read.
    ConfigError, FilterError, UsageError
        A setting, a filter or a name of a column is wrong; all are ValueError too.
    EngineError
        The engine crashed or was killed.

    Examples
    --------
    >>> import pinyon as jj
    >>> df = jj.extract("traffic.pcap", features=["timing", "size"])        # doctest: +SKIP
    >>> df = jj.extract("*.pcapng", flow_timeout=30.0, num_workers=0)        # doctest: +SKIP
    """
    check_format(output_format)
    conf = _with_features(make_config(config, config_kwargs), features, config is None or features != "all")
    with Stream("extract", list(parts(source)), conf, (), on_damage) as stream:
        return _collect(stream, output_format, progress)


def extract_live(
    interface: str | Sequence[str],
    duration: float | None = None,
    packet_count: int | None = None,
    bpf_filter: str | None = None,
    features: str | Sequence[str] = "all",
    output_format: OutputFormat = "dataframe",
    *,
    config: Config | None = None,
    save_pcap: str | os.PathLike[str] | None = None,
    **config_kwargs: Any,
) -> Any:
    """Capture from an interface and give a row for every flow.

    Parameters
    ----------
    interface : str or list of str
        The interface's name; several are joined by time.
    duration : float, optional
        Seconds after which the capture ends.
    packet_count : int, optional
        Packets after which it ends. Without either it runs until it is interrupted (Ctrl-C), which raises
        KeyboardInterrupt; `Pipeline.iter_batches` gives rows meanwhile.
    bpf_filter : str, optional
        Packets that are wanted, in the language of pcap-filter(7).
    save_pcap : path, optional
        Write every captured frame to this file too (.pcap or .pcapng).
    features, output_format, config, **config_kwargs
        As of `extract`.

    Raises
    ------
    InterfaceError
        There is no such interface.
    NotPermittedError
        Capturing needs root or CAP_NET_RAW; the message says how to get it.
    FilterError
        The filter is not valid.
    """
    check_format(output_format)
    conf = _with_features(make_config(config, config_kwargs), features, config is None or features != "all")
    with _live(interface, conf, duration, packet_count, bpf_filter, save_pcap) as stream:
        return _collect(stream, output_format, False)


def iter_batches(
    source: Source, features: str | Sequence[str] = "all", *, config: Config | None = None,
    on_damage: OnDamage = "warn", **config_kwargs: Any,
) -> Stream:  # fmt: skip
    """The rows of captures as Arrow record batches of up to 1,024 rows, in memory that does not grow.

    Parameters are those of `extract`. Rows of the group ``connection`` wait for the end of their input, in a file
    beyond ``row_memory``.

    Returns
    -------
    Stream
        An iterator and a context manager.
    """
    conf = _with_features(make_config(config, config_kwargs), features, config is None or features != "all")
    return Stream("extract", list(parts(source)), conf, (), on_damage)


def scan(source: Source, features: str | Sequence[str] = "all", **kwargs: Any) -> pa.RecordBatchReader:
    """The rows of captures as a RecordBatchReader, for whatever streams Arrow.

    Examples
    --------
    >>> import duckdb, pinyon                                                # doctest: +SKIP
    >>> flows = pinyon.scan("trace.pcap")                                    # doctest: +SKIP
    >>> duckdb.sql("select dst_port, count(*) from flows group by all")      # doctest: +SKIP
    """
    return iter_batches(source, features, **kwargs).reader()


async def aextract(*args: Any, **kwargs: Any) -> Any:
    """`extract` for asyncio: the engine runs while other tasks do. Parameters and errors are those of `extract`.

    A task that is cancelled stops the engine.
    """
    output_format = kwargs.get("output_format", args[2] if len(args) > 2 else "dataframe")
    check_format(output_format)
    kwargs = {k: v for k, v in kwargs.items() if k not in ("output_format", "progress")}
    batches = []
    stream = await asyncio.to_thread(iter_batches, *args[:2], **kwargs)
    try:
        async for batch in _aiter(stream):
            batches.append(batch)
        return await asyncio.to_thread(_formed, pa.Table.from_batches(batches, stream.schema), output_format, stream)
    finally:
        await asyncio.shield(asyncio.to_thread(stream.close))


async def aiter_batches(*args: Any, **kwargs: Any) -> AsyncIterator[pa.RecordBatch]:
    """`iter_batches` for asyncio: ``async for batch in aiter_batches(path)``."""
    stream = await asyncio.to_thread(iter_batches, *args, **kwargs)
    try:
        async for batch in _aiter(stream):
            yield batch
    finally:
        stream.close()


async def _aiter(stream: Stream) -> AsyncIterator[pa.RecordBatch]:
    while (batch := await asyncio.to_thread(next, stream, None)) is not None:
        yield batch


class Pipeline:
    """One configuration, used for many captures.

    Parameters
    ----------
    config : Config, optional
        The defaults if not given.
    extractors : sequence of FeatureExtractor, optional
        Groups of columns of your own, computed from each flow's packets; see `pinyon.extractors`.

    Examples
    --------
    >>> pipeline = Pipeline(Config(features=["timing", "size"]))
    >>> df = pipeline.process_pcap("capture.pcap")                           # doctest: +SKIP
    >>> for row in pipeline.iter_features("large.pcap"):                     # doctest: +SKIP
    ...     print(row["src_ip"])
    """

    def __init__(self, config: Config | None = None, *, extractors: Sequence[FeatureExtractor] = ()) -> None:
        from .extractors import split, with_groups

        groups, self.extractors = split(extractors)
        self.config = with_groups(make_config(config, {}), groups)
        self._schema: pa.Schema | None = None

    def process_pcap(self, pcap_path: Source, output_format: OutputFormat = "dataframe", **kwargs: Any) -> Any:
        """The rows of one or more captures; see `extract`."""
        check_format(output_format)
        with self._open(pcap_path, **kwargs) as stream:
            return _collect(stream, output_format, False)

    def process_pcaps_batch(
        self, pcap_paths: Source, output_format: OutputFormat = "dataframe", num_workers: int | None = None,
        *, progress: bool = False, on_damage: OnDamage = "warn",
    ) -> Any:  # fmt: skip
        """The rows of several captures, each with flows of its own, in their order.

        Parameters
        ----------
        num_workers : int, optional
            Cores to use, 0 for all; the configuration's if not given. The rows are the same for any number.
        progress : bool
            Show how far it is.
        """
        check_format(output_format)
        conf = self.config if num_workers is None else self.config.replace(num_workers=num_workers)
        with self._open(pcap_paths, conf=conf, on_damage=on_damage) as stream:
            return _collect(stream, output_format, progress)

    def process_live(
        self, interface: str | Sequence[str], duration: float | None = None, output_format: OutputFormat = "dataframe",
        *, packet_count: int | None = None, save_pcap: str | os.PathLike[str] | None = None,
    ) -> Any:  # fmt: skip
        """The rows of a live capture; see `extract_live`."""
        check_format(output_format)
        with _live(interface, self.config, duration, packet_count, None, save_pcap, self.extractors) as stream:
            return _collect(stream, output_format, False)

    def process_pcap_streaming(self, pcap_path: Source, output_path: str | os.PathLike[str], format: str | None = None) -> int:
        """Write the rows of captures to a file or database while they are computed.

        Parameters
        ----------
        output_path : path or DSN
            Where rows go; the engine's ``-o``.
        format : str, optional
            csv, jsonl, parquet, arrow, …; by the name if not given.

        Returns
        -------
        int
            Rows written.
        """
        from .output import write_batches

        with self._open(pcap_path) as stream:
            return write_batches(stream, os.fspath(output_path), format)

    def iter_batches(
        self, source: Source, live: bool = False, *, duration: float | None = None, packet_count: int | None = None,
        on_damage: OnDamage = "warn",
    ) -> Stream:  # fmt: skip
        """Rows as Arrow record batches, of captures or, with ``live``, of an interface."""
        if live:
            return _live(source, self.config, duration, packet_count, None, None, self.extractors)
        return self._open(source, on_damage=on_damage)

    def iter_features(self, source: Source, live: bool = False, **kwargs: Any) -> Iterator[Row]:
        """Rows as dictionaries, one flow at a time; arguments are those of `iter_batches`."""
        with self.iter_batches(source, live, **kwargs) as stream:
            yield from rows(stream)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the rows. Each field's metadata has its id, group, unit, profile and description."""
        from .extractors import wider

        if self._schema is None:
            self._schema = wider(schema_of(self.config), self.extractors)
        return self._schema

    def get_feature_names(self) -> list[str]:
        """The names of all columns, in order."""
        return list(self.schema.names)

    def close(self) -> None:
        """End nothing: streams belong to who opened them. For the pages' ``with Pipeline(...)``."""

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, source: Source, *, conf: Config | None = None, on_damage: OnDamage = "warn") -> Stream:
        conf = conf or self.config
        runs = list(parts(source))
        if self.extractors:
            from .extractors import CustomStream

            return CustomStream("extract", runs, conf, (), on_damage, self.extractors)
        return Stream("extract", runs, conf, (), on_damage)


#: An empty capture: a pcap header with Ethernet as link type.
_EMPTY = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")


def schema_of(config: Config) -> pa.Schema:
    """The schema of a configuration's rows."""
    out = run_child(
        ["extract", "-", *config.flags(), "--format=arrow", "--output=-", "--summary=json", "--no-progress"],
        _EMPTY, secrets=config.secrets(),
    )  # fmt: skip
    return pa.ipc.open_stream(out).schema


def _live(
    interface: Any, config: Config, duration: float | None, count: int | None, bpf_filter: str | None,
    save_pcap: str | os.PathLike[str] | None, extractors: Sequence[FeatureExtractor] = (),
) -> Stream:  # fmt: skip
    if bpf_filter is not None:
        config = config.replace(bpf_filter=bpf_filter)
    flags = []
    if duration is not None:
        if not duration > 0:
            raise ValueError(f"duration: got {duration!r}; want seconds above 0")
        flags.append(f"--duration={float(duration)!r}s")
    if count is not None:
        if count < 1:
            raise ValueError(f"packet_count: got {count!r}; want 1 or more")
        flags.append(f"--count={count}")
    if save_pcap is not None:
        flags.append(f"--save-pcap={os.fspath(save_pcap)}")
    names = [interface] if isinstance(interface, str) else list(interface)
    if extractors:
        from .extractors import CustomStream

        return CustomStream("live", [Part(names, None)], config, flags, "warn", extractors)
    return Stream("live", [Part(names, None)], config, flags, "warn")


def _with_features(config: Config, features: str | Sequence[str], given: bool) -> Config:
    return config.replace(features=features) if given else config


def _collect(stream: Stream, output_format: str, progress: bool) -> Any:
    tick: Callable[[int], None] | None = None
    if progress:
        from .notebook import progress_bar

        tick = progress_bar("flows")
    batches = []
    for batch in stream:
        batches.append(batch)
        if tick:
            tick(batch.num_rows)
    if tick:
        tick(-1)
    schema = stream.schema
    table = pa.Table.from_batches(batches, schema)
    del batches
    return _formed(table, output_format, stream)


def _formed(table: pa.Table, output_format: str, stream: Stream) -> Any:
    out = convert(table, output_format)
    if output_format == "dataframe" and stream.summary is not None:
        out.attrs["pinyon"] = stream.summary
    return out

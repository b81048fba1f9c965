"""Columns of your own beside the engine's, and the engine's groups by the names of JoyfulJay's extractors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa

from ._inputs import Part
from ._stream import OnDamage, Stream
from .config import Config
from .core import Flow, flow_of

__all__ = [
    "DNSExtractor", "EntropyExtractor", "FeatureExtractor", "FingerprintExtractor", "FlowMetaExtractor", "HTTP2Extractor",
    "QUICExtractor", "SSHExtractor", "SizeExtractor", "TCPExtractor", "TLSExtractor", "TimingExtractor",
]  # fmt: skip

_TYPES = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "text": pa.string()}


class FeatureExtractor(ABC):
    """A group of columns that is computed from each flow's packets.

    Attributes
    ----------
    max_packets : int
        Packets of a flow that `extract` is given at most, the first ones.
    payload : int
        Bytes of each packet's payload; without them ``raw_payload`` is empty.
    memory : int
        Bytes of the packets of all open flows. What lies beyond is left out and counted in ``flow.packets_beyond``.
    feature_types : mapping
        The type of each column: "float" (the default), "int", "bool" or "text".

    Examples
    --------
    >>> class MyExtractor(FeatureExtractor):
    ...     def extract(self, flow):
    ...         return {"my_feature": len(flow.packets)}
    ...
    ...     @property
    ...     def feature_names(self):
    ...         return ["my_feature"]
    >>> pipeline = Pipeline(Config(), extractors=[MyExtractor()])            # doctest: +SKIP
    """

    max_packets: int = 1000
    payload: int = 0
    memory: int = 256 << 20
    feature_types: Mapping[str, Literal["float", "int", "bool", "text"]] = {}

    @abstractmethod
    def extract(self, flow: Flow) -> Mapping[str, Any]:
        """The values of one flow; None, and a name that is not there, are absent."""

    @property
    @abstractmethod
    def feature_names(self) -> Sequence[str]:
        """The names of the columns, in order."""

    @property
    def name(self) -> str:
        """The extractor's name."""
        return type(self).__name__

    def fields(self) -> list[pa.Field]:
        """The columns as Arrow has them."""
        types = self.feature_types
        return [pa.field(n, _TYPES[types.get(n, "float")], nullable=True) for n in self.feature_names]


class _Group(FeatureExtractor):
    """A group of the engine: what it gives is already in the row."""

    group = ""

    def __init__(self, config: Config | None = None) -> None:
        from .pipeline import schema_of

        conf = (config or Config()).replace(features=[self.group])
        self._names = [
            f.name for f in schema_of(conf) if (f.metadata or {}).get(b"group", b"").decode() == self.group
        ]  # fmt: skip

    def extract(self, flow: Flow) -> Mapping[str, Any]:
        """The group's columns of a flow that the engine gave."""
        return {n: flow.features[n] for n in self._names if n in flow.features}

    @property
    def feature_names(self) -> Sequence[str]:
        """The names of the group's columns."""
        return list(self._names)


class FlowMetaExtractor(_Group):
    """Addresses, ports, duration, packets and bytes."""

    group = "flow_meta"


class TimingExtractor(_Group):
    """Gaps between packets, bursts and idle times."""

    group = "timing"


class SizeExtractor(_Group):
    """Lengths of packets and payload."""

    group = "size"


class TLSExtractor(_Group):
    """TLS handshakes and certificates."""

    group = "tls"


class QUICExtractor(_Group):
    """QUIC handshakes."""

    group = "quic"


class SSHExtractor(_Group):
    """SSH banners and HASSH."""

    group = "ssh"


class DNSExtractor(_Group):
    """DNS questions and answers."""

    group = "dns"


class TCPExtractor(_Group):
    """TCP flags and handshakes."""

    group = "tcp"


class FingerprintExtractor(_Group):
    """What kind of traffic it is likely to be."""

    group = "fingerprint"


class EntropyExtractor(_Group):
    """Entropy of payload."""

    group = "entropy"


class HTTP2Extractor(_Group):
    """HTTP/2 and HTTP/3."""

    group = "http2"


#: Columns that carry packets from the engine, and are not handed on.
_LIST, _BEYOND = "packet_list", "packet_list_beyond"


def split(extractors: Sequence[FeatureExtractor]) -> tuple[list[str], list[FeatureExtractor]]:
    """The engine's groups among extractors, and those that are computed here."""
    for e in extractors:
        if not isinstance(e, FeatureExtractor):
            raise TypeError(f"{e!r} is no FeatureExtractor")
    return [e.group for e in extractors if isinstance(e, _Group)], [e for e in extractors if not isinstance(e, _Group)]


def with_groups(config: Config, groups: Sequence[str]) -> Config:
    """A configuration that has these groups too."""
    given = [config.features] if isinstance(config.features, str) else list(config.features)
    more = [g for g in groups if g not in given and "all" not in given]
    return config.replace(features=",".join([*given, *more]).split(",")) if more else config


def wider(schema: pa.Schema, extractors: Sequence[FeatureExtractor]) -> pa.Schema:
    """The schema of rows with the extractors' columns behind the engine's."""
    fields = [f for f in schema if f.name not in (_LIST, _BEYOND)]
    for e in extractors:
        for f in e.fields():
            if any(f.name == other.name for other in fields):
                raise ValueError(f"{e.name}: there is a column {f.name!r} already")
            fields.append(f)
    return pa.schema(fields, schema.metadata)


class CustomStream(Stream):
    """A stream whose rows have the columns of extractors too.

    Attributes
    ----------
    packets_beyond : int
        Packets of the flows so far that bounds kept from the extractors.
    """

    def __init__(
        self, command: str, runs: Sequence[Part], config: Config, flags: Sequence[str], on_damage: OnDamage,
        extractors: Sequence[FeatureExtractor],
    ) -> None:  # fmt: skip
        self._extractors = list(extractors)
        self.packets_beyond = 0
        self._wide: pa.Schema | None = None
        flags = [
            *flags,
            f"--packet-list={max(e.max_packets for e in extractors)}",
            f"--packet-list-payload={max(e.payload for e in extractors)}",
            f"--packet-list-memory={min(e.memory for e in extractors)}",
        ]
        super().__init__(command, runs, config, flags, on_damage)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of all batches, the extractors' columns included."""
        if self._wide is None:
            self._wide = wider(self._engine_schema(), self._extractors)
        return self._wide

    def __next__(self) -> pa.RecordBatch:
        batch = super().__next__()
        try:
            return self._widened(batch)
        except BaseException:
            self.close()
            raise

    def _widened(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        schema = self.schema
        names = [n for n in batch.schema.names if n not in (_LIST, _BEYOND)]
        plain = batch.select(names)
        packed, beyond = batch.column(_LIST).to_pylist(), batch.column(_BEYOND).to_pylist()
        values: dict[str, list[Any]] = {f.name: [] for e in self._extractors for f in e.fields()}
        for row, packets, more in zip(plain.to_pylist(), packed, beyond, strict=True):
            flow = flow_of(row, packets or "", more or 0)
            self.packets_beyond += flow.packets_beyond
            for e in self._extractors:
                got = e.extract(flow)
                known = set(e.feature_names)
                if extra := set(got) - known:
                    raise ValueError(f"{e.name}.extract gives {sorted(extra)}, which feature_names does not name")
                for name in e.feature_names:
                    values[name].append(got.get(name))
        columns = list(plain.columns)
        for e in self._extractors:
            for f in e.fields():
                columns.append(_array(values[f.name], f, e))
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(values: list[Any], field: pa.Field, e: FeatureExtractor) -> pa.Array:
    if pa.types.is_floating(field.type):
        values = [None if v is None else float(v) for v in values]
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, TypeError, ValueError) as err:
        raise ValueError(f"{e.name}: column {field.name!r} is {field.type}: {err}; see feature_types") from err

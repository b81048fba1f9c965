"""The configuration of a PacketCapture as a YAML file."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import ConfigError

__all__ = ["SnifferConfig"]

_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass
class SnifferConfig:
    """What a capture takes, as keys below ``sniffer`` of a YAML file; unknown keys are errors.

    Attributes
    ----------
    interface : str or None
    packet_count : int
        0 is no limit.
    timeout : float or None
        Seconds.
    promisc_mode : bool
        ``promisc`` in files too.
    buffer_size : int
        Bytes; in files also sizes such as ``128KB``.
    snaplen : int
    filter : str
        ``filter_str`` in files too.
    filters : list of str
        Joined by ``or``, and with ``filter`` by ``and``.
    output_file : str or None
    """

    interface: str | None = None
    packet_count: int = 0
    timeout: float | None = None
    promisc_mode: bool = True
    buffer_size: int = 8 << 20
    snaplen: int = 262144
    filter: str = ""
    filters: list[str] = field(default_factory=list)
    output_file: str | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SnifferConfig:
        """The configuration of a mapping, with or without ``sniffer`` on top."""
        inner = values.get("sniffer", values)
        if not isinstance(inner, Mapping):
            raise ConfigError("sniffer: want a mapping of keys")
        known = {f.name for f in fields(cls)}
        aliases = {"promisc": "promisc_mode", "filter_str": "filter"}
        out: dict[str, Any] = {}
        for key, value in inner.items():
            name = aliases.get(str(key), str(key))
            if name not in known:
                near = difflib.get_close_matches(name, [*known, *aliases], 1)
                raise ConfigError(f"sniffer.{key}: unknown key" + (f"; did you mean {near[0]}?" if near else ""))
            if value is not None:
                out[name] = value
        config = cls(**out)
        config.validate()
        return config

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> SnifferConfig:
        """Read a file.

        Raises
        ------
        ConfigError
            It holds no mapping, an unknown key, or a value that is not allowed.
        """
        values = _yaml().safe_load(Path(path).read_text(encoding="utf-8"))
        if not isinstance(values, Mapping):
            raise ConfigError(f"{path}: want a mapping of keys")
        try:
            return cls.from_dict(values)
        except ConfigError as e:
            raise ConfigError(f"{path}: {e}") from e

    def to_yaml(self, path: str | os.PathLike[str]) -> None:
        """Write the configuration to a file."""
        Path(path).write_text(_yaml().safe_dump({"sniffer": asdict(self)}, sort_keys=False), encoding="utf-8")

    def validate(self) -> None:
        """Check every value.

        Raises
        ------
        ConfigError
            One is not allowed; a ValueError too.
        """
        self.buffer_size = _size(self.buffer_size)
        wrong = [
            ("packet_count", isinstance(self.packet_count, int) and self.packet_count >= 0, "0 or more"),
            ("timeout", self.timeout is None or (isinstance(self.timeout, (int, float)) and self.timeout > 0), "seconds above 0, or null"),
            ("promisc_mode", isinstance(self.promisc_mode, bool), "true or false"),
            ("buffer_size", self.buffer_size >= 65536, "65536 bytes or more"),
            ("snaplen", isinstance(self.snaplen, int) and self.snaplen > 0, "1 or more"),
            ("filter", isinstance(self.filter, str), "a text"),
            ("filters", isinstance(self.filters, list) and all(isinstance(f, str) for f in self.filters), "a list of texts"),
        ]
        for name, ok, want in wrong:
            if not ok:
                raise ConfigError(f"sniffer.{name}: got {getattr(self, name)!r}; want {want}")

    def parameters(self) -> dict[str, Any]:
        """The parameters of `PacketCapture`."""
        terms = [" or ".join(f"({f})" for f in self.filters), self.filter]
        terms = [t for t in terms if t]
        expr = terms[0] if len(terms) == 1 else " and ".join(f"({t})" for t in terms)
        return {
            "interface": self.interface, "packet_count": self.packet_count, "timeout": self.timeout, "promisc": self.promisc_mode,
            "filter_str": expr, "output_file": self.output_file, "buffer_size": self.buffer_size, "snaplen": self.snaplen,
        }  # fmt: skip


def _size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    m = re.fullmatch(r"\s*(\d+)\s*([KMG]?)i?B?\s*", str(value), re.IGNORECASE)
    if m is None:
        raise ConfigError(f"sniffer.buffer_size: got {value!r}; want bytes, or a size such as 128KB")
    return int(m[1]) * _UNITS[m[2].upper()]


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as e:
        raise ImportError("YAML files need PyYAML: pip install 'pinyon[yaml]'") from e
    return yaml

"""The configuration of a run."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ._keys import KEYS, Fields
from .errors import ConfigError

__all__ = ["Config"]

#: Keys that never stand on a command line, which other users of the machine can read.
SECRET = frozenset({"anonymization_salt"})

#: Variables that set keys for the command. A Config is the whole configuration, so children do not see them.
VARIABLES = frozenset(v for k in KEYS.values() for v in k.env) | {"PINYON_CONFIG"}


@dataclass(frozen=True)
class Config(Fields):
    __doc__ = (Fields.__doc__ or "").replace(
        "The fields of :class:`pinyon.Config`.",
        """What a flow is, which columns are wanted and how they are computed.

    The fields are the keys of the command's configuration files, with the defaults of the engine; unknown ones are an
    error. Types are checked here, ranges by the engine when the configuration is first used.

    Examples
    --------
    >>> Config(features=["timing", "tls"], flow_timeout=30.0).flow_timeout
    30.0""",
    )

    def __post_init__(self) -> None:
        for f in fields(Fields):
            value = getattr(self, f.name)
            # None is the default, as null is in files.
            object.__setattr__(self, f.name, f.default if value is None else _checked(f.name, value))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """The configuration of a mapping of keys; ``None`` is the default of its key."""
        return cls(**_known(values))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Config:
        """Read a JSON (``.json``) or YAML (``.yaml``, ``.yml``) file.

        Raises
        ------
        ConfigError
            The file is no mapping of known keys.
        """
        text = Path(path).read_text(encoding="utf-8")
        values: Any
        if Path(path).suffix.lower() in (".yaml", ".yml"):
            try:
                import yaml
            except ImportError as e:
                raise ImportError("reading YAML needs PyYAML: pip install 'pinyon[yaml]'") from e
            values = yaml.safe_load(text)
        else:
            try:
                values = json.loads(text)
            except ValueError as e:
                raise ConfigError(f"{path}: {e}") from e
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: want one mapping of keys")
        try:
            return cls.from_dict(values)
        except TypeError as e:
            raise ConfigError(f"{path}: {e}") from e

    from_json = from_file
    from_yaml = from_file

    def to_dict(self) -> dict[str, Any]:
        """Every key with its value."""
        return asdict(self)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write every key to a JSON file, which the command's ``-c`` reads too."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    def replace(self, **keys: Any) -> Config:
        """A copy with some keys set anew."""
        return replace(self, **_known(keys))

    def changed(self) -> dict[str, Any]:
        """The keys whose values are not the defaults."""
        return {f.name: v for f in fields(Fields) if (v := getattr(self, f.name)) != f.default}

    def flags(self) -> Iterator[str]:
        """The command's flags for what is not the default, secrets left out."""
        for name, value in self.changed().items():
            if name not in SECRET:
                yield f"--{KEYS[name].flag}={_text(value)}"

    def secrets(self) -> dict[str, Any]:
        """The keys that go to the engine in a file of their own."""
        return {name: value for name, value in self.changed().items() if name in SECRET}


def make_config(config: Config | None, keys: Mapping[str, Any]) -> Config:
    """The configuration that a function was given, as an object, as keys or both."""
    if config is None:
        return Config.from_dict(keys)
    if not isinstance(config, Config):
        raise TypeError(f"config is a {type(config).__name__}; want a pinyon.Config")
    return config.replace(**keys) if keys else config


def _known(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys, all of which must be known."""
    for name in keys:
        if name not in KEYS:
            near = difflib.get_close_matches(str(name), KEYS, 1)
            raise TypeError(f"unknown configuration key {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return dict(keys)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return ",".join(value)


def _checked(name: str, value: Any) -> Any:
    kind = KEYS[name].kind

    def wrong(want: str) -> ConfigError:
        return ConfigError(f"{name}: got {value!r}; want {want}")

    if kind == "boolean":
        if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
            raise wrong("True or False")
        return bool(value)
    if kind in ("integer", "number"):
        if isinstance(value, (bool, str)):
            raise wrong("a number")
        try:
            number = value.__index__() if kind == "integer" else float(value)
        except (AttributeError, TypeError, ValueError):
            raise wrong("a whole number" if kind == "integer" else "a number") from None
        return number
    if kind == "size":
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise wrong("bytes, or a size such as '256MiB'")
        return value
    if kind == "list":
        if isinstance(value, str):
            return value
        if not isinstance(value, Sequence) or not all(isinstance(v, str) for v in value):
            raise wrong("names")
        if any("," in v or not v for v in value):
            raise wrong("names without commas")
        return tuple(value)
    if not isinstance(value, str):
        raise wrong(KEYS[name].allowed or "a text")
    return value

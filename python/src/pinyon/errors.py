"""The errors of this package. Each is also the built-in exception that its kind suggests."""

from __future__ import annotations

from typing import Any

__all__ = [
    "BinaryError",
    "CaptureError",
    "ConfigError",
    "EngineError",
    "FilterError",
    "IncompleteError",
    "IncompleteWarning",
    "InputError",
    "InputNotFoundError",
    "InterfaceError",
    "NotPermittedError",
    "PinyonError",
    "UsageError",
]


class PinyonError(Exception):
    """The base of all errors of this package.

    Attributes
    ----------
    summary : dict or None
        What the engine had counted when it ended, if it told; see ``Stream.summary``.
    """

    summary: dict[str, Any] | None = None


class UsageError(PinyonError, ValueError):
    """An argument, a configuration value or a name of a column is wrong."""


class ConfigError(UsageError):
    """A key of the configuration has a value that is not allowed."""


class InputError(PinyonError, OSError):
    """An input cannot be read: it is no capture, or reading failed."""


class InputNotFoundError(InputError, FileNotFoundError):
    """An input does not exist."""


class IncompleteError(InputError):
    """Some inputs failed or were damaged, and the caller asked that this be an error."""


class IncompleteWarning(UserWarning):
    """Some inputs failed, were damaged or cut short; the rows before the damage are there."""


class CaptureError(PinyonError, OSError):
    """A capture failed. The base of what PacketCapture raises."""


class InterfaceError(CaptureError):
    """There is no such interface, or it cannot be opened."""


class NotPermittedError(CaptureError, PermissionError):
    """The system does not let this user read the input or capture from the interface."""


class FilterError(CaptureError, UsageError):
    """A filter expression is not valid. The former filter stays in force."""


class EngineError(PinyonError, RuntimeError):
    """The engine failed or was killed; the message holds its last words.

    Attributes
    ----------
    returncode : int
        Its exit status; a negative one is the signal that killed it.
    """

    returncode: int = 0


class BinaryError(PinyonError, RuntimeError):
    """The program of this package is not there or cannot be run; the message says what to do."""

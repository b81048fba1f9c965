"""What callers name as input: paths, lists, globs, directories, bytes, file objects, URLs."""

from __future__ import annotations

import glob
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Union

from ._child import pieces
from .errors import InputNotFoundError

#: What functions that read captures take.
Source = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, BinaryIO, Sequence[Any]]

#: URL schemes that the engine reads itself.
OWN_SCHEMES = ("file", "device")

_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")


class Part(NamedTuple):
    """Inputs of one run of the engine: arguments, and what it reads from standard input, if anything."""

    args: list[str]
    stdin: Callable[[], Iterable[bytes]] | None


def parts(source: Source) -> Iterator[Part]:
    """Split what the caller named into runs, each of which has at most one streamed input.

    Raises
    ------
    InputNotFoundError
        A path does not exist, or a glob matches nothing.
    """
    args: list[str] = []
    stdin: Callable[[], Iterable[bytes]] | None = None
    ready: list[Part] = []
    for one in _flat(source):
        if isinstance(one, str):
            args.append(one)
            continue
        if stdin is not None:
            ready.append(Part(args, stdin))
            args, stdin = [], None
        args.append("-")
        stdin = one
    if not args:
        raise InputNotFoundError("there is no input")
    yield from [*ready, Part(args, stdin)]


def _flat(source: Any) -> Iterator[str | Callable[[], Iterable[bytes]]]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        yield lambda: pieces(io.BytesIO(data))
    elif isinstance(source, (str, os.PathLike)):
        yield from _path(os.fspath(source), isinstance(source, str))
    elif hasattr(source, "read"):
        yield lambda: pieces(source)
    elif isinstance(source, Iterable):
        for one in source:
            yield from _flat(one)
    else:
        raise TypeError(f"cannot read a {type(source).__name__}; want a path, bytes, a file object or a list of them")


def _path(name: Any, may_be_more: bool) -> Iterator[str | Callable[[], Iterable[bytes]]]:
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if "\0" in name:
        raise ValueError("the path holds a null character")
    if Path(name).exists():
        yield _plain(name)
    elif may_be_more and (m := _URL.match(name)):
        if m[1].lower() in OWN_SCHEMES:
            yield name
        else:
            yield _remote(name)
    elif may_be_more and glob.has_magic(name):
        found = sorted(glob.glob(name, recursive=True))
        if not found:
            raise InputNotFoundError(f"{name}: no file matches")
        yield from (_plain(f) for f in found)
    else:
        raise InputNotFoundError(2, "No such file or directory", name)


def _plain(name: str) -> str:
    """A path as an argument that is no flag and no URL."""
    return name if Path(name).is_absolute() else os.path.join(os.curdir, name)  # noqa: PTH118 - keeps ./ in front


def _remote(url: str) -> Callable[[], Iterable[bytes]]:
    try:
        import fsspec
    except ImportError as e:
        raise ImportError(f"reading {url} needs fsspec: pip install 'pinyon[remote-files]'") from e

    def read() -> Iterator[bytes]:
        with fsspec.open(url, "rb") as f:
            yield from pieces(f)

    return read

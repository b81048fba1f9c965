"""Where the engine's program is."""

from __future__ import annotations

import errno
import os
import platform
import sys
import sysconfig
from pathlib import Path

from .errors import BinaryError

#: Names another program than the wheel's.
VARIABLE = "PINYON_BINARY"


def find_binary() -> str:
    """The path of the program ``pinyon``.

    Returns
    -------
    str
        ``$PINYON_BINARY`` if that is set, else the program that the wheel installed.

    Raises
    ------
    BinaryError
        There is none, or it may not be executed.
    """
    if chosen := os.environ.get(VARIABLE):
        return _checked(chosen, f"${VARIABLE}")
    name = "pinyon.exe" if sys.platform == "win32" else "pinyon"
    for folder in _folders():
        path = Path(folder) / name
        if path.is_file():
            return _checked(str(path), "the program of the wheel")
    raise BinaryError(
        "the program pinyon is not installed beside this package: install a wheel of this platform "
        f"({sys.platform}, {platform.machine()}) with `pip install --force-reinstall pinyon`, "
        f"or name a program in ${VARIABLE}"
    )


def _folders() -> list[str]:
    here = Path(__file__).resolve().parent
    folders = [sysconfig.get_path("scripts")]
    for scheme in sysconfig.get_scheme_names():
        if scheme.endswith("_user"):
            folders.append(sysconfig.get_path("scripts", scheme))
    # pip install --target, and zipped applications that were unpacked
    folders += [str(here.parent / "bin"), str(here.parent / "Scripts")]
    return [f for f in folders if f]


def _checked(path: str, what: str) -> str:
    if not Path(path).is_file():
        raise BinaryError(f"{what}, {path}, does not exist")
    if not os.access(path, os.X_OK):
        raise BinaryError(f"{what}, {path}, may not be executed: run `chmod +x {path}`")
    return path


def explain(path: str, err: OSError) -> BinaryError:
    """What an error of starting the program means."""
    if err.errno == errno.ENOEXEC or getattr(err, "winerror", None) == 193:
        return BinaryError(
            f"{path} is a program of another platform than {sys.platform} on {platform.machine()}: "
            "install the wheel of this one with `pip install --force-reinstall pinyon`"
        )
    if err.errno == errno.EACCES:
        return BinaryError(
            f"{path} may not be executed. If its execute bit is missing, run `chmod +x {path}`; if its folder is "
            f"mounted noexec, copy the program elsewhere and name it in ${VARIABLE}"
        )
    if err.errno in (errno.ENOMEM, errno.EAGAIN):
        return BinaryError(f"{path} could not be started: {err.strerror}: too little memory or too many processes")
    return BinaryError(f"{path} could not be started: {err}")

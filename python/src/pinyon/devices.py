"""Network interfaces, as the engine lists them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from typing import Any

from ._child import run
from .errors import InterfaceError

__all__ = ["Device", "default_device", "devices", "find_device"]


class Device:
    """A network interface at one moment.

    Attributes
    ----------
    name, description, mac : str
    index, mtu : int
    flags : list of str
        Up, Running, Loopback, Wireless, and Connected or Disconnected where the system knows.
    addresses : list of ipaddress.IPv4Interface or IPv6Interface
    """

    def __init__(self, about: dict[str, Any]) -> None:
        self.name: str = about["name"]
        self.index: int = about.get("index", 0)
        self.description: str = about.get("description", "")
        self.mac: str = about.get("mac", "")
        self.mtu: int = about.get("mtu", 0)
        self.kind: str = about.get("kind", "")
        self.flags: list[str] = [*about.get("flags", [])]
        connection = str(about.get("connection", "")).title()
        if connection in ("Connected", "Disconnected"):
            self.flags.append(connection)
        self.is_default: bool = bool(about.get("default", False))
        self.addresses = [ipaddress.ip_interface(a) for a in about.get("addresses", [])]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {' '.join(self.flags)}>"


def devices() -> list[Device]:
    """The interfaces of this machine."""
    return [Device(d) for d in _list()]


def _list() -> list[dict[str, Any]]:
    return list(json.loads(run(["interfaces", "--json"])))


def default_device() -> Device:
    """The most useful interface: that of the default route, else one that is up and has an address, never loopback."""
    for device in devices():
        if device.is_default:
            return device
    raise InterfaceError("no interface is up and has an address")


def find_device(name: str) -> Device:
    """The interface of a name.

    Raises
    ------
    InterfaceError
        There is none.
    """
    for device in devices():
        if device.name == name:
            return device
    raise InterfaceError(f"no such interface: {name}")


def iter_names() -> Iterator[str]:
    """The names of the interfaces."""
    return (d.name for d in devices())

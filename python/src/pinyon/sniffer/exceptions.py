"""The exceptions of captures, by the page's names; FilterError is a ValueError too, NotPermittedError a PermissionError."""

from ..errors import CaptureError, FilterError, InterfaceError, NotPermittedError

__all__ = ["CaptureError", "FilterError", "InterfaceError", "NotPermittedError"]

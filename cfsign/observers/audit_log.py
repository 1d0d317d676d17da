"""The audit log: one line of JSON for each decision."""

from __future__ import annotations

import inspect
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import fields as get_fields
from datetime import UTC, datetime
from typing import IO, Any, TypeAlias

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.observers.writers import Write, append_to_file, log_to, write_to_stream
from cfsign.utils.description import describe_value
from cfsign.utils.secret import hide_arguments
from cfsign.views import AccessEvent

Target: TypeAlias = (
    str | os.PathLike[str] | IO[str] | IO[bytes] | logging.Logger | logging.LoggerAdapter[Any]
)
#: Returns what a site adds to the line of a request: names and JSON values.
Fields: TypeAlias = Callable[[Any], Mapping[str, Any]]

_EVENT_FIELDS = tuple(field.name for field in get_fields(AccessEvent))
# NaN and infinity are not JSON (RFC 8259, section 6).
_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode


class AuditLogError(CfsignError):
    """A line of the audit log that cannot be written. The error of the system is `__cause__`."""


class AuditLog:
    """
    An observer that writes one line of JSON, in ASCII, for each decision.

        SiteConfig(distribution, observers=[AuditLog("/var/log/site/access.jsonl")])

    A line has `time`, in UTC, then the attributes of `AccessEvent`, then the site's own fields.
    It stays one line if a path holds a line break.

    Attributes:
        fail_closed: True if a request is refused with 503 when its line cannot be written.
    """

    @hide_arguments
    def __init__(
        self, target: Target, *, fields: Fields | None = None, fail_closed: bool = False
    ) -> None:
        """
        Choose where the lines go. Nothing is opened before the first event.

        Args:
            target: The path of a file; a text or binary stream; or a logger, which gets each line
                at level INFO. A file is opened for each line, so it may be rotated and shared by
                processes. It is created for its owner alone (mode 0600).
            fields: Called with the request; returns more names and values for the line, such as
                the user.
            fail_closed: Refuse a request whose line cannot be written. A logger cannot do that,
                because handlers of `logging` do not raise.

        Raises:
            ConfigurationError: An argument has another type, or a logger should fail closed.
        """
        _check_types(fields, fail_closed)
        self._write = _choose_writer(target, fail_closed)
        self._fields = fields
        self.fail_closed = fail_closed
        self._target = target

    def __repr__(self) -> str:
        if not hasattr(self, "_target"):  # in the report of an error of __init__
            return "<AuditLog, not checked yet>"
        return f"<AuditLog {self._target!r}>"

    def __call__(self, event: AccessEvent, request: object) -> None:
        """
        Write the line of *event*.

        Raises:
            ConfigurationError: `fields` returned something else than a mapping of new names to
                JSON values.
            AuditLogError: The line cannot be written completely, for example to a full disk.
        """
        now = datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
        line: dict[str, Any] = {"time": f"{now}Z"}
        line |= {name: getattr(event, name) for name in _EVENT_FIELDS}
        line["duration"] = round(event.duration, 6)
        if self._fields is not None:
            line |= _check_fields(self._fields(request), line)
        text = _build_line(line)
        try:
            self._write(text)
        except (OSError, ValueError) as error:  # a closed stream is a ValueError
            raise AuditLogError(
                f"{self!r} cannot be written: {getattr(error, 'strerror', None) or error}",
                hint="check its folder, its permissions and the space on its disk",
            ) from error


def _check_types(fields: object, fail_closed: object) -> None:
    if not isinstance(fail_closed, bool):
        raise ConfigurationError(
            f"fail_closed of AuditLog must be True or False, got {describe_value(fail_closed)}"
        )
    if fields is not None and (not callable(fields) or inspect.iscoroutinefunction(fields)):
        kind = "an async function" if callable(fields) else type(fields).__name__
        raise ConfigurationError(
            f"fields of AuditLog must be a plain function, got {kind}",
            hint="it is called with the request, and returns a mapping of names to values",
        )


def _choose_writer(target: object, fail_closed: bool) -> Write:
    if isinstance(target, logging.Logger | logging.LoggerAdapter):
        if fail_closed:
            raise ConfigurationError(
                "AuditLog cannot fail closed with a logger: handlers of logging do not raise",
                hint="use a path or a stream",
            )
        return log_to(target)
    if isinstance(target, str | os.PathLike) and os.fspath(target):
        return append_to_file(target)
    if hasattr(target, "write"):
        return write_to_stream(target)
    what = "an empty path" if target == "" else type(target).__name__
    raise ConfigurationError(f"AuditLog needs the path of a file, a stream or a logger, got {what}")


def _check_fields(fields: object, line: Mapping[str, Any]) -> Mapping[str, Any]:
    if inspect.iscoroutine(fields):
        fields.close()  # otherwise Python warns that it was never awaited
    if not isinstance(fields, Mapping) or not all(isinstance(name, str) for name in fields):
        raise ConfigurationError(
            f"fields of AuditLog returned {type(fields).__name__}",
            hint="return a mapping of names, as text, to values",
        )
    if taken := sorted(fields.keys() & line.keys()):
        raise ConfigurationError(
            f"fields of AuditLog returned {', '.join(taken)}, which each line has already",
            hint="choose another name",
        )
    return fields


def _build_line(line: Mapping[str, Any]) -> str:
    try:
        return f"{_encode(line)}\n"
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise ConfigurationError(
        f"fields of AuditLog returned a value that is not JSON: {reason}",
        hint="return text, whole numbers, True, False or None",
    )

"""
The errors of this project, all under one root.

    CfsignError
    ├── ResourceError       a URL, path, query or policy resource that must not be signed
    ├── PolicyError         a time, an address or a policy that CloudFront does not accept
    │   └── IPv6Error             the address of a client on IPv6, to which nothing can be tied
    ├── SigningKeyError     a private or public key, or key pair id, that cannot be used
    │   └── KeyUnavailableError   a key in a service such as AWS KMS, temporarily unable to sign
    ├── ConfigurationError  settings that are missing, mistyped or unknown; all reported at once
    └── DecisionError       a return value of `authorize` that neither allows nor refuses

Each says what is wrong and how to fix it, and carries both as attributes.
None ever holds a key, a password, a signature or a whole signed URL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing that is wrong with a configuration.

    Attributes:
        setting: The setting's name as the user knows it, such as "CLOUDFRONT_DOMAIN", or "".
        message: What is wrong.
        hint: How to fix it, or "".
        level: "error" if the configuration cannot work, "warning" if it is a risk, else "note".
        rule: The name of the check that found it, such as "plain-http", or "".
    """

    setting: str
    message: str
    hint: str = ""
    level: Literal["error", "warning", "note"] = "error"
    rule: str = ""

    def __str__(self) -> str:
        return (f"{self.setting}: " if self.setting else "") + _join(self.message, self.hint)


class CfsignError(Exception):
    """
    The base class of all errors of this library.

    Attributes:
        message: What is wrong.
        hint: How to fix it, or "".
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(_join(message, hint))
        self.message = message
        self.hint = hint


class ResourceError(CfsignError, ValueError):
    """
    A URL, path, query or policy resource that must not be signed.

    Attributes:
        found: The text that is wrong (a character, a parameter's name), or "".
        position: Where `found` starts, in characters from the start, or None.
    """

    def __init__(
        self, message: str, *, hint: str = "", found: str = "", position: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.found = found
        self.position = position


class PolicyError(CfsignError, ValueError):
    """
    A time, a client address or a policy document that CloudFront does not accept.

    Attributes:
        field: The name of the argument or policy member that is wrong, or "".
    """

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class IPv6Error(PolicyError):
    """
    The address of a client on IPv6. CloudFront can tie a signature to an IPv4 address only.

    The views answer the request with 403.
    """


class SigningKeyError(CfsignError, ValueError):
    """
    A key, or key pair id, that cannot be used.

    Attributes:
        source: Where the key was read from: a path, or "" for a key given as text.
    """

    def __init__(self, message: str, *, hint: str = "", source: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source


class KeyUnavailableError(SigningKeyError):
    """
    A key in a service such as AWS KMS that is temporarily unable to sign.

    The views answer the request with 503.

    Attributes:
        code: The service's error code, such as "ThrottlingException", or "".
    """

    def __init__(self, message: str, *, hint: str = "", source: str = "", code: str = "") -> None:
        super().__init__(message, hint=hint, source=source)
        self.code = code


class ConfigurationError(CfsignError, ValueError):
    """
    Settings that cannot work. It reports every mistake at once, one on each line of its text.

    Attributes:
        problems: One `Problem` for each mistake, in the order of the settings.
    """

    def __init__(
        self, problems: str | Problem | Iterable[Problem], *, hint: str = "", setting: str = ""
    ) -> None:
        """
        Keep the problems.

        Args:
            problems: The problems; or what is wrong, as text, if there is one problem alone.
            hint: With a text: how to fix it.
            setting: With a text: the name of the setting.
        """
        if isinstance(problems, str):
            problems = Problem(setting, problems, hint)
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
        if len(self.problems) == 1:
            self.message, self.hint = self.problems[0].message, self.problems[0].hint


class DecisionError(CfsignError):
    """A return value of `authorize` that is not understood. Nothing is signed."""


class CfsignWarning(UserWarning):
    """Something that works, but gives away more or lasts longer than was probably intended."""


def _join(message: str, hint: str) -> str:
    return f"{message}; {hint}" if hint else message

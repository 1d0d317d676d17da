"""
The errors of this project, all under one root.

    CfsignError
    ├── ResourceError       a URL, path, query or policy resource that must not be signed
    ├── PolicyError         a time, an address or a policy that CloudFront would not take
    ├── SigningKeyError     a private or public key, or key pair id, that cannot be used
    │   └── KeyUnavailableError   a key that is kept elsewhere, and does not sign just now
    ├── ConfigurationError  settings that are missing, mistyped or unknown; all reported at once
    └── DecisionError       an answer of the site's own rule that is neither a yes nor a no

Each says what to do about it and keeps its evidence as attributes.
None ever holds a key, a password, a signature or a whole signed URL.
"""

from __future__ import annotations

from collections.abc import Sequence


class CfsignError(Exception):
    """The root of every error that this project raises on purpose."""


class ResourceError(CfsignError, ValueError):
    """
    A URL, path, query or policy resource that must not be signed.

    Attributes:
        found: The text that is at fault (a character, a parameter's name), or "".
        position: Where `found` starts, in characters from the start, or None.
    """

    def __init__(self, message: str, *, found: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.found = found
        self.position = position


class PolicyError(CfsignError, ValueError):
    """
    A time, a viewer address or a policy document that CloudFront would not take.

    Attributes:
        field: The name of the argument or policy member at fault, or "".
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class SigningKeyError(CfsignError, ValueError):
    """
    A key, or key pair id, that cannot be used.

    Attributes:
        source: Where the key was read from: a path, or "" for a key given as text.
    """

    def __init__(self, message: str, *, source: str = "") -> None:
        super().__init__(message)
        self.source = source


class KeyUnavailableError(SigningKeyError):
    """
    A key that is kept elsewhere, such as in AWS KMS, and does not sign just now.

    The views answer 503, and sign nothing.

    Attributes:
        code: What the keeper calls the fault, such as "ThrottlingException", or "".
    """

    def __init__(self, message: str, *, source: str = "", code: str = "") -> None:
        super().__init__(message, source=source)
        self.code = code


class ConfigurationError(CfsignError, ValueError):
    """
    Settings that cannot work, every mistake of them at once; its text has a line for each.

    Attributes:
        problems: One sentence for each mistake, in the order of the settings.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class DecisionError(CfsignError):
    """What the site's own rule returned is not understood, which is a no: nothing is signed."""


class CfsignWarning(UserWarning):
    """Something that works but gives away more, or lasts longer, than was probably meant."""

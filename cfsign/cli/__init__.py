"""The command line. What was asked for goes to standard output, messages to standard error."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

from cfsign.errors import CfsignError, CfsignWarning


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run `cfsign` and return its exit code: 0, 1 for a check that failed, 2 for what must be mended.

    Args:
        arguments: The words behind `cfsign`; None takes the process's own.
    """
    try:
        import click
    except ModuleNotFoundError:
        words = sys.argv[1:] if arguments is None else arguments
        what, extra = ("demo", "demo") if words[:1] == ["demo"] else ("command line", "cli")
        _say(f"the {what} needs click: pip install 'cloudfront-cfsign[{extra}]'")
        return 2
    from cfsign.cli.commands import cfsign
    from cfsign.cli.output import cannot_write

    if sys.stdout is None:
        _say("standard output is closed, and nothing else takes what was asked for")
        return 2
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        try:
            code = cfsign.main(arguments, prog_name="cfsign", standalone_mode=False)
        except click.ClickException as error:
            _say(error.format_message().replace("\n", " "))
            return 2
        except (CfsignError, CfsignWarning) as error:  # a warning, where Python makes errors of it
            for line in str(error).split("\n"):  # a ConfigurationError has one for each mistake
                _say(line)
            return 2
        except OSError as error:
            _say(cannot_write(error))
            return 2
        except (click.Abort, KeyboardInterrupt):
            _say("stopped")
            return 130
    return code if isinstance(code, int) else 0


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(f"warning: {message}")


def _say(message: str) -> None:
    if sys.stderr is not None:  # closed: print would take standard output in its place
        print(f"cfsign: {message}", file=sys.stderr)

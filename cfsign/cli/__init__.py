"""The command line. What was asked for goes to standard output, messages to standard error."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from cfsign.cli.messages import say
from cfsign.errors import CfsignError, CfsignWarning


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run `cfsign` and return its exit code: 0, 1 for a check that failed, 2 for what must be mended.

    Args:
        arguments: The words behind `cfsign`; None takes the process's own.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except Exception as error:  # whose text may hold what must not be shown
        place = traceback.extract_tb(error.__traceback__)[-1]
        say(
            f"this is a fault of cfsign's own: {type(error).__name__} in {place.filename}, line "
            f"{place.lineno}; please report it"
        )
        return 2


def _run(arguments: Sequence[str] | None) -> int:
    try:
        import click
    except ModuleNotFoundError:
        words = sys.argv[1:] if arguments is None else arguments
        what, extra = ("demo", "demo") if words[:1] == ["demo"] else ("command line", "cli")
        say(f"the {what} needs click: pip install 'cloudfront-cfsign[{extra}]'")
        return 2
    from cfsign.cli.commands import cfsign
    from cfsign.cli.output import failed

    if sys.stdout is None:
        say("standard output is closed, and nothing else takes what was asked for")
        return 2
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        try:
            code = cfsign.main(arguments, prog_name="cfsign", standalone_mode=False)
        except click.ClickException as error:
            say(error.format_message().replace("\n", " ") + _where_to_read(error))
            return 2
        except (CfsignError, CfsignWarning) as error:  # a warning, where Python makes errors of it
            for line in str(error).split("\n"):  # a ConfigurationError has one for each mistake
                say(line)
            return 2
        except OSError as error:
            say(failed(error))
            return 2
        except click.Abort:
            say("stopped")
            return 130
    return code if isinstance(code, int) else 0


def _where_to_read(error: Any) -> str:
    """Name the help where click says what is wrong with the words, and not what is right."""
    import click

    context = getattr(error, "ctx", None)
    is_own = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
    return "" if context is None or is_own else f" (see {context.command_path} --help)"


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {message}")

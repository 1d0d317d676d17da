"""The command line. Results go to standard output, messages to standard error."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from cfsign.cli.output import describe_os_error, print_message
from cfsign.errors import CfsignError, CfsignWarning, ConfigurationError


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run `cfsign` and return its exit code.

    Args:
        arguments: The arguments after `cfsign`, or None for those of the process.

    Returns:
        0 for success, 1 if a check failed, 2 for an error, 130 after Ctrl-C.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print_message("stopped")
        return 130
    except Exception as error:  # its text may hold a secret, so it is not printed
        place = traceback.extract_tb(error.__traceback__)[-1]
        print_message(
            f"internal error: {type(error).__name__} in {place.filename}, line {place.lineno}; "
            "please report this bug of cfsign"
        )
        return 2


def _run(arguments: Sequence[str] | None) -> int:
    try:
        import click
    except ModuleNotFoundError:
        words = sys.argv[1:] if arguments is None else arguments
        part, extra = ("demo", "demo") if words[:1] == ["demo"] else ("command line", "cli")
        print_message(f"the {part} needs click; pip install 'cloudfront-cfsign[{extra}]'")
        return 2
    from cfsign.cli.commands import cfsign

    if sys.stdout is None:
        print_message("standard output is closed, so the result cannot be printed")
        return 2
    with warnings.catch_warnings():
        warnings.showwarning = _print_warning
        try:
            code = cfsign.main(arguments, prog_name="cfsign", standalone_mode=False)
        except click.ClickException as error:
            print_message(_format(error))
            return 2
        except ConfigurationError as error:
            for problem in error.problems:
                print_message(str(problem))
            return 2
        except (CfsignError, CfsignWarning) as error:  # a warning, under `python -W error`
            print_message(str(error))
            return 2
        except OSError as error:
            print_message(describe_os_error(error))
            return 2
        except click.Abort:
            print_message("stopped")
            return 130
    return code if isinstance(code, int) else 0


def _format(error: Any) -> str:
    message: str = error.format_message().replace("\n", " ")
    if "PRIVATE KEY" in message:  # pasted as an argument, which click quotes
        return "an argument contains a private key; pass the path of its file, where one is needed"
    return message + _point_to_help(error)


def _point_to_help(error: Any) -> str:
    """Return a pointer to the help of the command, for an error of click without a fix."""
    import click

    context = getattr(error, "ctx", None)
    is_own = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
    return "" if context is None or is_own else f" (see {context.command_path} --help)"


def _print_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print_message(f"warning: {message}")

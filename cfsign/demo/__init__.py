"""
The runnable example: a site that signs, a local edge that checks, and private files between them.

All of it runs in this process and on loopback, with keys made on the spot and no account anywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cfsign.demo.stage import running
from cfsign.demo.steps import all_steps
from cfsign.edge.server.http_server import interrupt_on_signals, wait_for_interrupt


def serve(port: int | None = None, edge_port: int | None = None, framework: str = "flask") -> int:
    """
    Run the site and the edge until Ctrl-C.

    Args:
        port: The site's port; None or 0 takes a free one.
        edge_port: The edge's, likewise.
        framework: What the site runs on: "flask", "django" or "falcon".

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: A port is taken, or may not be opened; or the framework is not there.
    """
    try:
        with interrupt_on_signals(), running(port, edge_port, framework) as stage:
            print(f"The site  {stage.site}/")
            print(f"The edge  {stage.edge}/")
            print("Open the site in a browser. Stop with Ctrl-C.", flush=True)
            wait_for_interrupt()
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


def play_once(framework: str = "flask") -> int:
    """
    Play a viewer against the two servers, and print a line for each step.

    Args:
        framework: What the site runs on: "flask", "django" or "falcon".

    Returns:
        The exit code: 0 if all was as expected, else 1.

    Raises:
        ConfigurationError: The framework is not there.
    """
    failed = total = 0
    with interrupt_on_signals(), _denials_unsaid(), running(framework=framework) as stage:
        for step in all_steps(stage):
            line = step.play()
            print(line, flush=True)
            total += 1
            failed += not line.ok
    print(f"{total - failed} of {total} steps as expected")
    return 1 if failed else 0


@contextmanager
def _denials_unsaid() -> Iterator[None]:
    """Keep the edge's log out of the steps: to be denied is what most of them are for."""
    log = logging.getLogger("cfsign.edge")
    before = log.level
    log.setLevel(logging.CRITICAL)  # not `disabled`, which Django's logging sets anew
    try:
        yield
    finally:
        log.setLevel(before)

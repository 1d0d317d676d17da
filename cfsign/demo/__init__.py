"""
The demo: a site that signs URLs, a local edge that checks them, and private files behind it.

Everything runs in this process and on 127.0.0.1, with a generated key and without an AWS account.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cfsign.demo.servers import run_servers
from cfsign.demo.steps import build_steps
from cfsign.edge.server.http_server import interrupt_on_signals, wait_for_interrupt


def serve(port: int | None = None, edge_port: int | None = None, framework: str = "flask") -> int:
    """
    Run the site and the edge until Ctrl-C.

    Args:
        port: The port of the site; None or 0 uses a free one.
        edge_port: The port of the edge; None or 0 uses a free one.
        framework: The framework of the site: "flask", "django", "falcon" or "starlette".

    Returns:
        The exit code 0.

    Raises:
        ConfigurationError: A port is taken or not permitted, or the framework is not installed.
    """
    try:
        with interrupt_on_signals(), run_servers(port, edge_port, framework) as servers:
            print(f"The site  {servers.site}/")
            print(f"The edge  {servers.edge}/")
            print("Open the site in a browser. Stop with Ctrl-C.", flush=True)
            wait_for_interrupt()
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


def run_once(framework: str = "flask") -> int:
    """
    Send requests to the site and the edge, and print one line with the result of each step.

    Args:
        framework: The framework of the site: "flask", "django", "falcon" or "starlette".

    Returns:
        The exit code: 0 if every result was as expected, else 1.

    Raises:
        ConfigurationError: The framework is not installed.
    """
    failed = total = 0
    with interrupt_on_signals(), _silence_edge_log(), run_servers(framework=framework) as servers:
        for step in build_steps(servers):
            result = step.run()
            print(result, flush=True)
            total += 1
            failed += not result.ok
    print(f"{total - failed} of {total} steps as expected")
    return 1 if failed else 0


@contextmanager
def _silence_edge_log() -> Iterator[None]:
    """Switch off the edge's log: most steps expect a refusal."""
    log = logging.getLogger("cfsign.edge")
    before = log.level
    log.setLevel(logging.CRITICAL)  # Django's logging configuration resets `disabled`
    try:
        yield
    finally:
        log.setLevel(before)

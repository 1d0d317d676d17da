"""The check whether a browser sends a site's cookies to the distribution, once for each host."""

from __future__ import annotations

import logging
import re
from typing import TypeAlias

from cfsign.config.fields import get_host
from cfsign.signing.cookie_rules import find_site_problems

#: The sites that were checked: scheme, host and the `Domain` of the cookies.
CheckedSites: TypeAlias = dict[tuple[str, str, str | None], object]

#: The most hosts of requests whose cookies are checked. A site has a few; a client can send any.
MAX_CHECKED_SITES = 100

_logger = logging.getLogger("cfsign")

# Not everything that a client may send as a host; it is logged.
_is_host = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}").fullmatch


def check_site(
    domain: str,
    cookie_domain: str | None,
    scheme: str,
    host: str,
    checked: CheckedSites,
    *,
    setting: str = "cookie_domain",
) -> None:
    """
    Log a warning if browsers do not send a site's cookies to the distribution.

    Args:
        domain: Scheme and host of the distribution.
        cookie_domain: The `Domain` of the cookies; None or "" for the host of the site.
        scheme: The scheme of the site's request, "http" or "https".
        host: The host of the site's request, with or without a port.
        checked: The sites that were checked already, up to `MAX_CHECKED_SITES`; it is updated.
        setting: The name of the option *cookie_domain*, for the log.
    """
    name = get_host(host)
    key = (scheme, name, cookie_domain)
    if key in checked or len(checked) >= MAX_CHECKED_SITES or not _is_host(name):
        return
    this_call = object()
    if checked.setdefault(key, this_call) is not this_call:
        return  # another thread was faster
    for problem in find_site_problems(domain, cookie_domain, scheme, name, setting):
        _logger.warning("signed cookies do not reach %s: %s", domain, problem)

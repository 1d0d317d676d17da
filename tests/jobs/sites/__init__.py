"""One site for each adapter, with the fifteen jobs; `docs/jobs.md` quotes that of Flask."""

from __future__ import annotations

from typing import Any

#: Stands for a site's database: the ids of bills, and the names under which files are stored.
BILLS = {7: "bills/ada/7.pdf", 8: "bills/ben/8.pdf"}


def make_async(view: type, base: type) -> type:
    """Return a view derived from *base* with the members of *view*, whose rules become async."""

    def convert(method: Any) -> Any:
        async def call(*args: Any, **arguments: Any) -> Any:
            return method(*args, **arguments)

        return call

    rules = ("authorize", "resource_for")
    members = {
        name: convert(member) if name in rules else member
        for name, member in vars(view).items()
        if not name.startswith("_")
    }
    return type(view.__name__, (base,), members)

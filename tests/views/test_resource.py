"""`resource_for`: what it may return, and in which views it may be async."""

import asyncio

import pytest

from cfsign import DecisionError, Deny
from cfsign.views import check_hooks, find_resource, find_resource_async


async def _late(value):
    return value


def test_path_and_deny_are_returned():
    deny = Deny(404)
    assert find_resource(lambda: "a.txt") == "a.txt"
    assert find_resource(lambda: deny) is deny
    assert asyncio.run(find_resource_async(lambda: "a.txt")) == "a.txt"
    assert asyncio.run(find_resource_async(lambda: _late("a.txt"))) == "a.txt"
    assert asyncio.run(find_resource_async(lambda: _late(deny))) is deny


def test_exception_is_returned():
    error = ZeroDivisionError()

    def fail():
        raise error

    async def fail_late():
        raise error

    assert find_resource(fail) is error
    assert asyncio.run(find_resource_async(fail)) is error
    assert asyncio.run(find_resource_async(fail_late)) is error


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "resource_for returned None"),
        (404, "resource_for returned a int"),
        (b"secret.txt", "resource_for returned a bytes"),
    ],
)
def test_another_result_is_an_error(result, words):
    for error in (
        find_resource(lambda: result),
        asyncio.run(find_resource_async(lambda: _late(result))),
    ):
        assert isinstance(error, DecisionError)
        assert error.message == words
        assert "Deny(404)" in error.hint


def test_coroutine_is_closed_in_a_view_that_is_not_async():
    coroutine = _late("a.txt")
    error = find_resource(lambda: coroutine)
    assert isinstance(error, DecisionError)
    assert "coroutine that was not awaited" in error.message
    assert coroutine.cr_frame is None  # closed, so Python does not warn


@pytest.mark.parametrize("name", ["resource_for", "distribution_for"])
def test_async_method_of_a_view_that_is_not_async_is_refused(name):
    members = {"resource_for": lambda self: "", "distribution_for": lambda self: ""}
    view = type("Bill", (), {**members, name: lambda self: _late("")})
    check_hooks(view, can_await=False)  # known only when it is called

    async def method(self):
        return ""

    view = type("Bill", (), {**members, name: method})
    check_hooks(view, can_await=True)
    with pytest.raises(TypeError, match=rf"Bill\.{name} is async, but the view is not"):
        check_hooks(view, can_await=False)


def _start_django(resource_for):
    pytest.importorskip("django")
    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    def authorize(self, request, resource):
        return 200

    members = {"authorize": authorize, "resource_for": resource_for}
    type("Bill", (SignedRedirectView,), members).as_view()

    async def authorize_async(self, request, resource):
        return 200

    return type(
        "AsyncBill", (AsyncSignedRedirectView,), members | {"authorize": authorize_async}
    ).as_view()


def _start_falcon(resource_for):
    pytest.importorskip("falcon")
    from cfsign_falcon import SignedRedirectResource

    members = {"authorize": lambda self, req, resource: 200, "resource_for": resource_for}
    type("Bill", (SignedRedirectResource,), members)()


@pytest.mark.parametrize("start", [_start_django, _start_falcon])
def test_adapters_check_when_the_view_is_made(start):
    async def resource_for(self, request, number):
        return ""

    with pytest.raises(TypeError, match=r"Bill\.resource_for is async, but the view is not"):
        start(resource_for)

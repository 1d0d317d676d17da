"""Settings and routes are checked when the server starts."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

from cfsign import ConfigurationError
from cfsign_starlette import SignedRedirectEndpoint, check_routes, signed_redirect

PATH = "/content/{resource:path}"
APPLICATIONS = pytest.mark.parametrize("application", [Starlette, FastAPI])


class Content(SignedRedirectEndpoint):
    async def authorize(self, request, resource):
        return 200


def run_lifespan(app, messages):
    """Start *app* as a server does, and add the types of the messages that it sends."""

    async def run():
        received = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive():
            return {"type": next(received)}

        async def send(message):
            messages.append(message["type"])

        await app({"type": "lifespan", "state": {}}, receive, send)

    asyncio.run(run())


@APPLICATIONS
def test_wrong_settings_end_the_start(application, environ):
    """The server reports `lifespan.startup.failed`, with all mistakes."""

    @asynccontextmanager
    async def lifespan(app):
        app.routes.append(Route(PATH, Content.from_env(environ)))
        yield {"media": signed_redirect.from_env(environ)}

    messages = []
    run_lifespan(application(lifespan=lifespan), messages)
    assert messages == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    messages.clear()
    environ.update(CLOUDFRONT_DOMAIN="", CLOUDFRONT_KEY_PAIR_ID="no id")
    app = application(lifespan=lifespan)
    before = list(app.routes)
    with pytest.raises(ConfigurationError) as caught:
        run_lifespan(app, messages)
    assert messages == ["lifespan.startup.failed"]
    assert len(caught.value.problems) == 2
    assert app.routes == before


def find_problems(*routes):
    with pytest.raises(ConfigurationError) as caught:
        check_routes(Starlette(routes=routes))
    return [str(problem) for problem in caught.value.problems]


def test_endpoint_without_a_distribution_is_found(distribution):
    """In mounts, sub-applications and hosts, and all at once."""
    other = type("Other", (Content,), {})
    problems = find_problems(
        Route("/ok/{resource:path}", Content.as_endpoint(distribution)),
        Route(PATH, Content),
        Mount("/a", routes=[Mount("/b", app=Starlette(routes=[Route(PATH, other)]))]),
        Host("files.example.com", app=Router(routes=[Route(PATH, other)])),
    )
    assert [text.partition(";")[0] for text in problems] == [
        "Content: Content has no distribution",
        "Other: Other has no distribution",
        "Other: Other has no distribution",
    ]


def test_route_without_a_resource_is_found(distribution):
    """Its own variables and those of outer routes are listed."""
    endpoint = Content.as_endpoint(distribution)
    for route, variables in (
        (Route("/{name:path}", endpoint), "name"),
        (Mount("/{tenant}", routes=[Route("/{name:path}", endpoint)]), "name, tenant"),
        (Mount("/files", app=endpoint), "none"),
    ):
        (problem,) = find_problems(route)
        assert problem.startswith(
            f"Content: the route has no variable `resource` (its variables: {variables})"
        )


def test_missing_authorize_is_found(distribution):
    base = type("Base", (SignedRedirectEndpoint,), {"distribution": distribution})
    with pytest.raises(NotImplementedError, match="Base must override"):
        check_routes(Starlette(routes=[Route(PATH, base)]))


@APPLICATIONS
def test_right_routes_pass(application, distribution):
    """Also a variable of an outer route, an own `get`, and routes of the site."""

    class Fixed(Content):
        async def get(self, request):
            return PlainTextResponse("fixed")

    app = application()
    endpoint = Content.as_endpoint(distribution)
    app.routes.extend(
        [
            Route(PATH, endpoint),
            Mount("/{resource}", routes=[Route("/file", endpoint)]),
            Route("/fixed", Fixed.as_endpoint(distribution)),
            Route("/page", lambda request: PlainTextResponse("page")),
            Mount("/static", app=PlainTextResponse("static")),
        ]
    )
    check_routes(app)


def test_routes_of_a_fastapi_router_are_checked():
    """FastAPI does not show them as routes of the application that includes the router."""
    router = APIRouter(prefix="/api", routes=[Route(PATH, Content)])
    with pytest.raises(ConfigurationError, match="Content has no distribution"):
        check_routes(router)

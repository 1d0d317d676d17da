"""`signed_redirect` in FastAPI routes: decisions of dependencies, mistakes, OpenAPI."""

import asyncio
import gc
import pathlib
from http import HTTPStatus

import anyio.from_thread
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from cfsign import Allow, ConfigurationError, DecisionError, Deny
from cfsign_starlette import SignedRedirectEndpoint, signed_redirect

PATH = "/content/{resource:path}"


@pytest.fixture
def media(distribution):
    return signed_redirect(distribution)


def make_app(media, result=200, **arguments):
    """Return an application whose route gets *result* from a dependency."""

    async def decide():
        if isinstance(result, Exception):
            raise result
        return result() if callable(result) else result

    app = FastAPI(**arguments)

    @app.get(PATH)
    async def content(resource: str, request: Request, decision=Depends(decide)):  # noqa: B008
        return await media(request, resource, decision)

    return app


def current_user(request: Request):
    return request.headers.get("X-User")


def test_user_of_an_ordinary_dependency_decides(media, request_app, trusted_keys, key):
    """As in the documents: the dependency returns a user or None, and the route decides."""
    app = FastAPI()

    @app.get(PATH)
    async def content(
        resource: str,
        request: Request,
        user: str | None = Depends(current_user),
    ):
        return await media(request, resource, 200 if user and user in resource else 403)

    for user in (None, "ben"):
        headers = {"X-User": user} if user else {}
        assert request_app(app, "/content/ada/a.txt", headers=headers).status_code == 403
    assert key.signatures == 0
    response = request_app(app, "/content/ada/a b.txt", headers={"X-User": "ada"})
    assert (response.status_code, response.headers["Cache-Control"]) == (303, "no-store")
    assert response.headers["Location"].startswith("https://media.example.com/ada/a%20b.txt?")
    assert trusted_keys.check(response.headers["Location"]).allowed


async def late():
    return 200


@pytest.mark.parametrize("result", [True, None, late, "200", {"status": 200}, 302])
def test_unclear_result_is_an_error_and_nothing_is_signed(media, request_app, key, result):
    """A dependency that returns its answer instead of a decision, or is not awaited."""
    app = make_app(media, result)
    with pytest.raises(DecisionError, match="the result passed to signed_redirect is"):
        request_app(app, "/content/a.txt")
    assert request_app(app, "/content/a.txt", raises=False).status_code == 500
    assert key.signatures == 0


@pytest.mark.parametrize("result", [HTTPStatus.OK, Allow(expires_in=5)])
def test_results_that_allow(media, request_app, result):
    assert request_app(make_app(media, result), "/content/a.txt").status_code == 303


def test_refusal_has_the_status_and_the_headers(media, request_app, key):
    """FastAPI's own exception handler answers, in JSON."""
    app = make_app(media, Deny(401, {"WWW-Authenticate": "Bearer"}))
    response = request_app(app, "/content/a.txt")
    assert (response.status_code, response.json()) == (401, {"detail": "Unauthorized"})
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"
    assert request_app(make_app(media, 599), "/content/a.txt").status_code == 599
    assert key.signatures == 0


def test_exception_handlers_of_the_site_answer(media, request_app):
    """They are registered for Starlette's class, as FastAPI's documents say."""

    async def show(request, exc):
        return PlainTextResponse("the site's page", exc.status_code, headers=exc.headers)

    app = make_app(media, 403, exception_handlers={StarletteHTTPException: show})
    response = request_app(app, "/content/a.txt")
    assert (response.status_code, response.text) == (403, "the site's page")
    assert response.headers["Cache-Control"] == "no-store"
    app = make_app(media, 403, exception_handlers={HTTPException: show})
    assert request_app(app, "/content/a.txt").json() == {"detail": "Forbidden"}


def test_exception_of_a_dependency_is_the_response(media, request_app, key):
    """Cfsign is not called."""
    error = HTTPException(401, "log in first", {"WWW-Authenticate": "Bearer"})
    response = request_app(make_app(media, error), "/content/a.txt")
    assert (response.status_code, response.json()) == (401, {"detail": "log in first"})
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert key.signatures == 0


def test_response_of_a_dependency_is_passed_on(media, request_app, key):
    """For a valid path only."""
    app = make_app(media, lambda: PlainTextResponse("log in", 202))
    response = request_app(app, "/content/a.txt")
    assert (response.status_code, response.text) == (202, "log in")
    assert request_app(app, "/content/a//b").status_code == 404
    assert key.signatures == 0


@pytest.mark.parametrize("path", ["b//a.txt", "..%2Fa.txt", "", "/a.txt", "a%00"])
def test_path_is_validated_before_anything_is_signed(media, request_app, key, path):
    response = request_app(make_app(media), f"/content/{path}")
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert key.signatures == 0


def test_deliveries_and_settings(environ, request_app):
    """From arguments, which override the settings."""
    config = {
        "private_key": environ["CLOUDFRONT_PRIVATE_KEY"],
        "key_pair_id": environ["CLOUDFRONT_KEY_PAIR_ID"],
        "code": 307,
    }
    settings = {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}

    def send(**options):
        app = make_app(signed_redirect.from_config(settings, **options))
        return request_app(app, "/content/a/b.txt")

    assert send().status_code == 307
    assert send(code=302).status_code == 302
    assert send(delivery="json").json()["url"].startswith("https://media.example.com/a/b.txt?")
    response = send(delivery="cookies", folder="a", cookie_domain="example.com")
    assert response.headers["Location"] == "https://media.example.com/a/b.txt"
    assert len(response.headers.get_list("Set-Cookie")) == 5
    app = make_app(signed_redirect.from_env(environ, headers={"X-Site": "1"}))
    response = request_app(app, "/content/a.txt")
    assert (response.status_code, response.headers["X-Site"]) == (303, "1")


# Mistakes


def test_wrong_arguments_are_refused_when_it_is_made(distribution, environ):
    with pytest.raises(
        ConfigurationError, match=r"no distribution; pass Distribution\.from_env\(\)"
    ):
        signed_redirect()
    with pytest.raises(ConfigurationError, match="must not be a dict"):
        signed_redirect(environ)
    with pytest.raises(ConfigurationError, match="'delivry' is unknown; did you mean 'delivery'"):
        signed_redirect(distribution, delivry="json")
    with pytest.raises(ConfigurationError, match="code"):
        signed_redirect(distribution, code=301)
    with pytest.raises(ConfigurationError, match="CLOUDFRONT_DOMAIN"):
        signed_redirect.from_env({})


def test_arguments_in_another_order_are_an_error(media, request_app, key):
    """Also a path or a number as the resource."""
    request = Request({"type": "http", "query_string": b"", "headers": [], "path_params": {}})
    socket = WebSocket({"type": "websocket", "query_string": b"", "headers": []}, None, None)
    for arguments, error, message in (
        (("a.txt", request, 200), TypeError, "request must be a Request, got str"),
        ((socket, "a.txt", 200), TypeError, "request must be a Request, got WebSocket"),
        ((request, pathlib.Path("a.txt"), 200), ConfigurationError, "must be text, got PosixPath"),
        ((request, None, 200), ConfigurationError, "no variable `resource`"),
    ):
        with pytest.raises(error, match=message):
            asyncio.run(media(*arguments))
    assert key.signatures == 0


def test_sync_route_cannot_await(media, request_app, key):
    """It is an error; `anyio.from_thread` calls the async function from its thread."""
    app = FastAPI()

    @app.get("/wrong/{resource:path}")
    def wrong(resource: str, request: Request):
        return media(request, resource, 200)

    @app.get("/right/{resource:path}")
    def right(resource: str, request: Request):
        return anyio.from_thread.run(media, request, resource, 200)

    def send():
        response = request_app(app, "/wrong/a.txt", raises=False)
        gc.collect()
        return response

    with pytest.warns(RuntimeWarning, match=r"'SignedRedirect.__call__' was never awaited"):
        response = send()
    assert response.status_code == 500
    assert key.signatures == 0
    assert request_app(app, "/right/a.txt").status_code == 303


# Applications


def test_sub_applications_and_root_path(media, request_app):
    """Only `resource` is the path of the file."""
    start = "https://media.example.com/b/c.txt?"
    site = FastAPI()
    site.mount("/v1", make_app(media))
    mounted = Starlette(routes=[Mount("/v1", app=make_app(media))])
    for app, path, arguments in (
        (site, "/v1/content/b/c.txt", {}),
        (mounted, "/v1/content/b/c.txt", {}),
        (make_app(media), "/v1/content/b/c.txt", {"root_path": "/v1"}),
    ):
        response = request_app(app, path, **arguments)
        assert response.headers["Location"].startswith(start)


def test_endpoint_in_fastapi(distribution, request_app):
    """A class works there, too."""

    class Content(SignedRedirectEndpoint):
        async def authorize(self, request, resource):
            return 200

    app = FastAPI(routes=[Route(PATH, Content.as_endpoint(distribution))])
    for method in ("GET", "HEAD"):
        assert request_app(app, "/content/a.txt", method).status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_background_tasks_of_the_route_run(media, request_app, method):
    """FastAPI adds them to the response."""
    done = []
    app = FastAPI()

    @app.head(PATH, include_in_schema=False)
    @app.get(PATH)
    async def content(resource: str, request: Request, tasks: BackgroundTasks):
        tasks.add_task(done.append, resource)
        return await media(request, resource, 200)

    assert request_app(app, "/content/a.txt", method).status_code == 303
    assert done == ["a.txt"]


# OpenAPI


@pytest.mark.parametrize(
    ("options", "status", "part"),
    [({}, "303", "headers"), ({"code": 307}, "307", "headers"), ({"delivery": "json"}, "200", "")],
)
def test_openapi_shows_the_responses(distribution, request_app, options, status, part):
    """The success, 403 and 404; the schema of the JSON is that of the response."""
    media = signed_redirect(distribution, **options)
    app = FastAPI()

    @app.get(PATH, status_code=int(status), response_class=Response, responses=media.responses)
    async def content(resource: str, request: Request):
        return await media(request, resource, 200)

    document = request_app(app, "/openapi.json").json()
    responses = document["paths"]["/content/{resource}"]["get"]["responses"]
    assert responses.keys() == {status, "403", "404", "422"}  # FastAPI adds 422
    assert all(response["description"] for response in responses.values())
    if part:
        assert responses[status][part].keys() == {"Location"}
    else:
        schema = responses[status]["content"]["application/json"]["schema"]
        body = request_app(app, "/content/a.txt").json()
        types = {"string": str, "integer": int}
        assert {name: types[each["type"]] for name, each in schema["properties"].items()} == {
            name: type(value) for name, value in body.items()
        }


def test_openapi_responses_can_be_changed(media):
    """Each call returns a new mapping."""
    media.responses[303]["description"] = "x"
    media.responses[404].clear()
    assert media.responses[404]
    assert media.responses[303]["description"] != "x"

"""`SignedRedirectEndpoint` in Starlette: its checks, its routes and its refusals."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Host, Mount, Route

from cfsign import Allow, ConfigurationError, Deny, Distribution
from cfsign_starlette import SignedRedirectEndpoint


def make_endpoint(result=200, **members):
    async def authorize(self, request, resource, **path_params):
        return result

    return type("Content", (SignedRedirectEndpoint,), {"authorize": authorize, **members})


def make_app(endpoint, **arguments):
    return Starlette(routes=[Route("/content/{resource:path}", endpoint)], **arguments)


@pytest.fixture
def endpoint(distribution):
    return make_endpoint(distribution=distribution)


# Checks


def test_sync_authorize_is_refused_when_the_class_is_made():
    """With and without a distribution."""
    with pytest.raises(TypeError, match=r"Content\.authorize is not async.*make authorize async"):
        make_endpoint(authorize=lambda self, request, resource: 200)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"distribution": "https://media.example.com"}, "of Content must not be a str"),
        ({"code": 301}, "code"),
        ({"delivery": "cookies", "cookie_domain": "example.org"}, "is not a parent of"),
        ({"cache_redirect": True}, "cache_redirect needs an expiry_step"),
    ],
)
def test_wrong_options_are_refused_when_the_class_is_made(distribution, members, message):
    with pytest.raises(ConfigurationError, match=message):
        make_endpoint(**{"distribution": distribution, **members})
    members.setdefault("distribution", distribution)
    with pytest.raises(ConfigurationError, match=message):
        make_endpoint().as_endpoint(**members)


def test_misspelt_attribute_is_refused_when_the_class_is_made(distribution):
    message = "forward_querry is not an option; did you mean forward"
    with pytest.raises(ConfigurationError, match=message):
        make_endpoint(distribution=distribution, forward_querry=("v",))


def test_unknown_argument_is_refused(distribution, environ):
    """The error suggests the nearest name."""
    message = "'delivry' is unknown; did you mean 'delivery'"
    with pytest.raises(ConfigurationError, match=message):
        make_endpoint().as_endpoint(distribution, delivry="json")
    with pytest.raises(ConfigurationError, match=message):
        make_endpoint().from_env(environ, delivry="json")


def test_distribution_and_authorize_are_required(distribution, request_app):
    """By `as_endpoint`, and at the latest by the first request."""
    with pytest.raises(
        ConfigurationError, match=r"Content has no distribution; pass Distribution\.from_env\(\)"
    ):
        make_endpoint().as_endpoint()
    with pytest.raises(ConfigurationError, match="Content has no distribution"):
        request_app(make_app(make_endpoint()), "/content/a.txt")
    with pytest.raises(NotImplementedError, match=r"must override authorize\(self, request"):
        SignedRedirectEndpoint.as_endpoint(distribution)
    base = type("Base", (SignedRedirectEndpoint,), {"distribution": distribution})
    with pytest.raises(NotImplementedError, match="Base must override"):
        request_app(make_app(base), "/content/a.txt")


def test_all_problems_of_the_settings_are_reported(environ):
    environ["CLOUDFRONT_KEY_PAIR_ID"] = "no id"
    environ["CLOUDFRONT_EXPIRES_IN"] = "soon"
    with pytest.raises(ConfigurationError) as caught:
        make_endpoint().from_env(environ)
    settings = {problem.setting for problem in caught.value.problems}
    assert settings == {"CLOUDFRONT_KEY_PAIR_ID", "CLOUDFRONT_EXPIRES_IN"}


def test_options_of_settings_attributes_and_arguments(environ, request_app):
    """In this order; None selects the one before."""
    renamed = {f"A_{name.removeprefix('CLOUDFRONT_')}": text for name, text in environ.items()}
    plain, found = make_endpoint(), make_endpoint(code=302)
    for endpoint, options, status in (
        (plain, {}, 303),
        (plain, {"code": 307}, 307),
        (found, {}, 302),
        (found, {"code": None}, 302),
        (found, {"code": 303}, 303),
    ):
        app = make_app(endpoint.from_env(renamed, "A_", **options))
        assert request_app(app, "/content/a.txt").status_code == status
    config = {"private_key": environ["CLOUDFRONT_PRIVATE_KEY"], "code": 307}
    config["key_pair_id"] = environ["CLOUDFRONT_KEY_PAIR_ID"]
    settings = {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}
    app = make_app(plain.from_config(settings))
    assert request_app(app, "/content/a.txt").status_code == 307


def test_as_endpoint_leaves_the_class_unchanged(endpoint, distribution, request_app):
    """One class can serve several routes, also after it has answered requests."""
    assert request_app(make_app(endpoint), "/content/a.txt").status_code == 303
    link = endpoint.as_endpoint(delivery="json")
    assert request_app(make_app(link), "/content/a.txt").json().keys() == {"url", "expires_at"}
    assert request_app(make_app(endpoint), "/content/a.txt").status_code == 303
    assert link.__name__ == "Content"
    assert make_app(link).url_path_for("Content", resource="a.txt") == "/content/a.txt"


def test_subclass_has_its_own_options(endpoint, request_app):
    """The handler of the base class is not inherited."""
    assert request_app(make_app(endpoint), "/content/a.txt").status_code == 303
    link = type("Link", (endpoint,), {"delivery": "json"})
    assert request_app(make_app(link), "/content/a.txt").status_code == 200


def test_distribution_is_chosen_before_the_resource(distribution, environ, request_app):
    """As in the other adapters: the file can depend on the tenant."""
    calls = []

    def distribution_for(self, request):
        calls.append("distribution")
        return distribution

    def resource_for(self, request, resource):
        calls.append("resource")
        return resource

    hooks = {"distribution_for": distribution_for, "resource_for": resource_for}
    content = make_endpoint(**hooks).from_env(environ)
    assert request_app(make_app(content), "/content/a.txt").status_code == 303
    assert calls == ["distribution", "resource"]


def test_replaced_distribution_is_used(endpoint, distribution, request_app, monkeypatch):
    """As a test of a site does."""
    other = Distribution("https://other.example.com", distribution.signer)
    monkeypatch.setattr(endpoint, "distribution", other)
    location = request_app(make_app(endpoint), "/content/a.txt").headers["Location"]
    assert location.startswith("https://other.example.com/a.txt?")


# Routes


def test_mounts_and_sub_applications(endpoint, request_app, trusted_keys):
    """Only `resource` is the path of the file; other variables reach `authorize`."""
    seen = []

    class Seen(endpoint):
        async def authorize(self, request, resource, **path_params):
            seen.append((resource, path_params))
            return 200

    route = Route("/content/{resource:path}", Seen)
    for app, path, variables in (
        (Starlette(routes=[Mount("/a", routes=[route])]), "/a/content/b/c.txt", {}),
        (Starlette(routes=[Mount("/{tenant}", routes=[route])]), "/x/content/b/c.txt", "x"),
        (Starlette(routes=[Mount("/a", app=Starlette(routes=[route]))]), "/a/content/b/c.txt", {}),
        (
            Starlette(routes=[Mount("/a", app=Mount("/b", routes=[route]))]),
            "/a/b/content/b/c.txt",
            {},
        ),
        (
            Starlette(routes=[Host("{tenant}.example.com", app=Starlette(routes=[route]))]),
            "/content/b/c.txt",
            "site",
        ),
    ):
        location = request_app(app, path).headers["Location"]
        assert location.startswith("https://media.example.com/b/c.txt?")
        assert trusted_keys.check(location).allowed
        assert seen.pop() == ("b/c.txt", {"tenant": variables} if variables else {})


@pytest.mark.parametrize("path", ["/content/b/c.txt", "/site/content/b/c.txt"])
def test_root_path_of_the_server(endpoint, request_app, path):
    """With and without the proxy's prefix in `path`."""
    response = request_app(make_app(endpoint), path, root_path="/site")
    assert response.headers["Location"].startswith("https://media.example.com/b/c.txt?")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_route_without_a_text_resource_is_an_error(endpoint, request_app, method):
    """The error names the fix."""
    for route, message in (
        (Route("/{name:path}", endpoint), "no variable `resource` .its variables: name"),
        (Mount("/", app=endpoint), "no variable `resource` .its variables: none"),
        (Route("/{resource:int}", endpoint), "`resource` must be text, got int"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            request_app(Starlette(routes=[route]), "/7", method)


def test_methods_are_those_of_the_class(endpoint, request_app):
    """A method with the name of an attribute, such as AUTHORIZE, reaches no attribute."""

    class Upload(endpoint):
        async def post(self, request):
            return PlainTextResponse(request.path_params["resource"], 201)

    app = make_app(Upload)
    assert request_app(app, "/content/a.txt", "POST").status_code == 201
    for method in ("AUTHORIZE", "AS_ENDPOINT", "FROM_ENV", "DISPATCH", "PUT", "DELETE"):
        response = request_app(app, "/content/a.txt", method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_overridden_get_applies_to_head(endpoint, request_app):
    """Otherwise HEAD would be a way around it."""

    class Blocked(endpoint):
        async def get(self, request):
            raise HTTPException(410)

    for method in ("GET", "HEAD"):
        assert request_app(make_app(Blocked), "/content/a.txt", method).status_code == 410


def test_websocket_is_not_answered(endpoint, key):
    """The router closes it; a mounted endpoint refuses it."""
    scope = {
        "type": "websocket",
        "path": "/content/a.txt",
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }
    messages = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        messages.append(message["type"])

    asyncio.run(make_app(endpoint)(dict(scope), receive, send))
    assert messages == ["websocket.close"]
    with pytest.raises(AssertionError):
        asyncio.run(Starlette(routes=[Mount("/content", app=endpoint)])(scope, receive, send))
    assert (messages, key.signatures) == (["websocket.close"], 0)


def test_fifty_at_once_in_one_event_loop(distribution, trusted_keys):
    """Each request has its own object, and is suspended in `authorize`."""

    class Content(SignedRedirectEndpoint):
        async def authorize(self, request, resource):
            self.user = request.headers["X-User"]
            await asyncio.sleep(0.01)
            return 200 if resource == f"{self.user}/a.txt" else 403

    app = make_app(Content.as_endpoint(distribution))

    async def send_all():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            requests = (
                client.get(f"/content/{number}/a.txt", headers={"X-User": str(number)})
                for number in range(50)
            )
            return await asyncio.gather(*requests)

    for number, response in enumerate(asyncio.run(send_all())):
        location = response.headers["Location"]
        assert location.startswith(f"https://media.example.com/{number}/a.txt?")
        assert trusted_keys.check(location).allowed


# Refusals


def test_path_is_validated_before_authorize(distribution, request_app, key):
    class Content(SignedRedirectEndpoint):
        async def authorize(self, request, resource):
            raise AssertionError(resource)

    app = make_app(Content.as_endpoint(distribution))
    for path in ("/content/b//a.txt", "/content/..%2Fa.txt", "/content/", "/content/a%00"):
        assert request_app(app, path).status_code == 404
    assert key.signatures == 0


REFUSED = Deny(401, {"WWW-Authenticate": "Bearer", "Set-Cookie": "a=b"})


@pytest.mark.parametrize("status", [404, 401])
def test_exception_handlers_of_the_site_answer(distribution, request_app, status):
    """By status, or by class. The exception has the headers of the refusal."""
    result = status if status == 404 else REFUSED
    app_endpoint = make_endpoint(result, distribution=distribution)

    async def show(request, exc):
        return JSONResponse({"status": exc.status_code}, exc.status_code, headers=exc.headers)

    for handlers in ({status: show}, {HTTPException: show}):
        app = make_app(app_endpoint, exception_handlers=handlers)
        response = request_app(app, "/content/a.txt")
        assert (response.status_code, response.json()) == (status, {"status": status})
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


def test_refusal_without_an_exception_handler(distribution, request_app):
    """Starlette's own handler sends the headers, and the name of the status if it has one."""
    response = request_app(
        make_app(make_endpoint(REFUSED, distribution=distribution)), "/content/a.txt"
    )
    assert (response.status_code, response.text) == (401, "Unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Set-Cookie"] == "a=b"
    assert response.headers["Cache-Control"] == "no-store"
    response = request_app(make_app(make_endpoint(599, distribution=distribution)), "/content/a")
    assert (response.status_code, response.text) == (599, "")


def test_middleware_and_decorators_of_starlette_apply(distribution, request_app, key):
    """Such as `requires`, on `authorize` and on `get`."""

    class Backend(AuthenticationBackend):
        async def authenticate(self, conn):
            user = conn.headers.get("X-User")
            return user and (AuthCredentials(["authenticated"]), SimpleUser(user))

    class AddHeader(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            response.headers["X-Seen"] = str(response.status_code)
            return response

    class Content(SignedRedirectEndpoint):
        @requires("authenticated")
        async def authorize(self, request, resource):
            return 200 if resource.startswith(f"{request.user.display_name}/") else 404

    class Guarded(Content):
        get = requires("authenticated", redirect="login")(Content.get)

    middleware = [Middleware(AddHeader), Middleware(AuthenticationMiddleware, backend=Backend())]
    for endpoint, refused in ((Content, 403), (Guarded, 303)):
        app = make_app(endpoint.as_endpoint(distribution), middleware=middleware)
        app.routes.append(Route("/login", PlainTextResponse("log in"), name="login"))
        for headers, status in (({}, refused), ({"X-User": "ada"}, 303), ({"X-User": "ben"}, 404)):
            before = key.signatures
            response = request_app(app, "/content/ada/a.txt", headers=headers)
            assert response.status_code == status
            assert response.headers["X-Seen"] == str(status)
            assert key.signatures == before + (headers.get("X-User") == "ada")


@pytest.mark.parametrize("host", ["[::1", "a b", "", "media.example.com:x", "é"])
def test_strange_host_with_cookies_is_answered(distribution, request_app, host):
    """Each client chooses the header."""
    content = make_endpoint(delivery="cookies", folder="a", cookie_domain="example.com")
    app = make_app(content.as_endpoint(distribution))
    response = request_app(app, "/content/a/b.txt", headers={"Host": host.encode()})
    assert response.status_code == 303
    assert len(response.headers.get_list("Set-Cookie")) == 5


def test_allow_with_conditions(distribution, request_app, trusted_keys):
    app = make_app(make_endpoint(Allow(ip_address="192.0.2.7"), distribution=distribution))
    location = request_app(app, "/content/a.txt").headers["Location"]
    assert trusted_keys.check(location, ip_address="192.0.2.7").allowed
    assert not trusted_keys.check(location, ip_address="192.0.2.8").allowed

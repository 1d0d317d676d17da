"""The application: `uvicorn --factory catalog.app:create_app`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cfsign import Deny, Distribution
from cfsign_starlette import signed_redirect

from .clients import Client, load_clients

# Without auto_error, so that `decide` makes every decision.
_bearer = HTTPBearer(auto_error=False)


def find_client(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Client | None:
    """Return the client with the token of the request, or None."""
    if credentials is None:
        return None
    found: Client | None = request.app.state.clients.find(credentials.credentials)
    return found


CurrentClient = Annotated[Client | None, Depends(find_client)]


def decide(client: Client | None, resource: str) -> int | Deny:
    """Allow the files of the client's datasets. The dataset is the first folder of the path."""
    if client is None:
        return Deny(401, {"WWW-Authenticate": "Bearer"})
    dataset, slash, _ = resource.partition("/")
    return 200 if slash and dataset in client.datasets else 403


def create_app() -> FastAPI:
    """Create the site from the environment; raise if a variable is missing or wrong."""
    distribution = Distribution.from_env()
    files = signed_redirect(distribution)
    links = signed_redirect(distribution, delivery="json")

    app = FastAPI(title="Data catalog")
    app.state.clients = load_clients()

    @app.get(
        "/files/{resource:path}",
        status_code=303,
        response_class=Response,
        responses=files.responses,
    )
    async def download(resource: str, request: Request, client: CurrentClient) -> Response:
        """Redirect to a file. HTTP clients do not send the token to CloudFront."""
        return await files(request, resource, decide(client, resource))

    @app.get("/links/{resource:path}", response_class=Response, responses=links.responses)
    async def get_link(resource: str, request: Request, client: CurrentClient) -> Response:
        """Return the URL of a file, for another program that has no token."""
        return await links(request, resource, decide(client, resource))

    return app

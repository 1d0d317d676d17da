"""The URL or folder that is signed: the option `folder`, and `folder` and `query` of `Allow`."""

from __future__ import annotations

import asyncio
import posixpath
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cfsign import (
    Allow,
    ConfigurationError,
    DecisionError,
    Deny,
    Distribution,
    TrustedKeyGroup,
)
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.views.helpers import allow, get_location, respond, respond_async

DOMAIN = "https://media.example.com"
DISPOSITION = "response-content-disposition"


class FakeView:
    """A view of an adapter, with a plain function as an attribute."""

    folder = posixpath.dirname


# Folders


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ({"folder": "videos/42"}, 200),
        ({"folder": "videos/42/"}, 200),
        ({"folder": "/"}, 200),
        ({"folder": posixpath.dirname}, 200),
        ({"folder": lambda resource: resource.partition("/")[0]}, 200),
        ({}, Allow(folder="videos/42")),
        ({}, Allow(folder="/")),
        ({"folder": "videos/42/hd"}, Allow(folder="videos")),
    ],
)
@pytest.mark.parametrize("expiry_step", [None, 300])
def test_signature_opens_the_folder(
    distribution: Distribution,
    trusted_keys: TrustedKeyGroup,
    options: Any,
    result: Any,
    expiry_step: int | None,
) -> None:
    """The redirect leads to the file; its parameters open the other files, too."""
    distribution = Distribution(DOMAIN, distribution.signer, expiry_step=expiry_step)
    response = allow(distribution, "videos/42/hd/1 a.ts", result, **options)
    location = get_location(response)
    assert location.startswith(f"{DOMAIN}/videos/42/hd/1%20a.ts?Policy=")
    assert trusted_keys.check(location)
    assert trusted_keys.check(location.replace("1%20a.ts", "2.ts"))
    assert not trusted_keys.check(location.replace(DOMAIN, "https://other.example.com"))
    assert response.location == get_location_async(distribution, result, options)


def get_location_async(distribution: Distribution, result: Any, options: Any) -> str | None:
    response = asyncio.run(respond_async(distribution, "videos/42/hd/1 a.ts", result, **options))
    assert isinstance(response, ViewResponse)
    return response.location


def test_wildcard_of_a_user_is_not_one(
    distribution: Distribution, trusted_keys: TrustedKeyGroup
) -> None:
    location = get_location(allow(distribution, "*/a", Allow(folder="*")))
    assert trusted_keys.check(location)
    assert not trusted_keys.check(location.replace("%2A", "x"))


@pytest.mark.parametrize(
    ("folder", "resource"),
    [
        ("videos/42", "videos/43/1.ts"),
        ("videos/42", "videos/42"),
        ("videos/42", "videos/420/1.ts"),
        ("videos/42", "Videos/42/1.ts"),
        (posixpath.dirname, "1.ts"),
        (lambda resource: resource, "a/b"),
        (lambda resource: "other", "a/b"),
    ],
)
@pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])
def test_file_outside_the_folder_is_a_404_before_authorize(
    recording_distribution: Distribution, folder: Any, resource: str, delivery: Any
) -> None:
    options = ViewOptions(delivery=delivery, folder=folder, cookie_domain="")
    assert ViewHandler(recording_distribution, options).file_request(resource) == Deny(404)


@pytest.mark.parametrize("folder", ["videos/43", "videos/42/1.ts", "Videos/42", "videos/4", "*"])
@pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])
def test_file_outside_the_folder_of_the_decision_is_an_error(
    recording_distribution: Distribution, recorder: Any, folder: str, delivery: Any
) -> None:
    """A rule that names the wrong folder is a mistake of the site."""
    with pytest.raises(DecisionError, match=r"the file is not inside the folder of Allow, '"):
        respond(recording_distribution, "videos/42/1.ts", Allow(folder=folder), delivery=delivery)
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("", "the folder is empty"),
        ("/videos", "the folder is absolute"),
        ("a/../b", "the folder has a `.` or `..`"),
        ("a\n", "the folder has the control character"),
        (f"{DOMAIN}/a", "the folder is a whole URL"),
        (7, "a folder must be text"),
    ],
)
def test_bad_folder_is_refused(
    recording_distribution: Distribution, folder: Any, message: str
) -> None:
    """When the view or the decision is made. A function's is an error of the request."""
    with pytest.raises(ConfigurationError, match=message):
        ViewOptions(folder=folder)
    with pytest.raises(DecisionError, match=f"Allow: {message}"):
        Allow(folder=folder)
    options = ViewOptions(folder=lambda resource: folder)
    handler = ViewHandler(recording_distribution, options)
    if folder == "":
        assert handler.file_request("a/b") == Deny(404)
        return
    with pytest.raises(ConfigurationError, match=f"folder: {message}"):
        handler.file_request("a/b")


def test_function_must_take_the_path_alone() -> None:
    with pytest.raises(ConfigurationError, match="takes the path of the file alone; make it a"):
        ViewOptions(folder=lambda view, resource: "a")  # type: ignore[arg-type,misc]

    async def find(resource: str) -> str:
        return "a"

    with pytest.raises(ConfigurationError, match="folder must not be async"):
        ViewOptions(folder=find)  # type: ignore[arg-type]


def test_function_may_be_an_attribute_of_the_class() -> None:
    """Python would bind it to the view."""
    assert ViewOptions.read_attributes(FakeView())["folder"] is posixpath.dirname
    assert ViewOptions.from_view(FakeView).folder is posixpath.dirname


# Parameters


def test_query_of_the_decision_replaces_forwarded_parameters(
    distribution: Distribution, trusted_keys: TrustedKeyGroup
) -> None:
    """Only those with the same name, however they are spelled; the others stay."""
    options: Any = {"forward_query": ("v", "w", "x y")}
    for result, expected in (
        (200, {"v": ["1"], "w": ["2"], "x y": ["3"]}),
        (Allow(query={"v": "9"}), {"v": ["9"], "w": ["2"], "x y": ["3"]}),
        (Allow(query="x%20y=9"), {"v": ["1"], "w": ["2"], "x y": ["9"]}),
        (
            Allow(query=[("a", "b"), ("a", "c")]),
            {"v": ["1"], "w": ["2"], "x y": ["3"], "a": ["b", "c"]},
        ),
        (Allow(query={}), {"v": ["1"], "w": ["2"], "x y": ["3"]}),
    ):
        response = allow(distribution, "a/b", result, "v=1&w=2&x%20y=3&z=4", **options)
        location = get_location(response)
        assert trusted_keys.check(location)
        query = parse_qs(urlsplit(location).query)
        assert {k: v for k, v in query.items() if k[0].islower()} == expected


@pytest.mark.parametrize("delivery", ["redirect", "json"])
def test_download_name_cannot_be_chosen_by_the_client(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, delivery: Any
) -> None:
    """Neither by a link to the site, nor by a change of the signed URL."""
    response = allow(
        distribution,
        "a.bin",
        Allow(download_name="Größe 100%.pdf"),
        f"{DISPOSITION}=attachment;filename=evil.exe&v=1",
        delivery=delivery,
        forward_query=(DISPOSITION, "v"),
    )
    text = response.body.decode() if delivery == "json" else get_location(response)
    assert "evil" not in text
    if delivery == "redirect":
        assert text == distribution.sign_path(
            "a.bin", query="v=1", download_name="Größe 100%.pdf", expires_at=end_of(text)
        )
        assert trusted_keys.check(text)
        assert not trusted_keys.check(text.replace("100", "200"))


def end_of(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["Expires"][0])


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "a=1"},
        {"query": {"a": "1"}},
        {"download_name": "a.pdf"},
        {"query": "a=1", "download_name": "a.pdf"},
    ],
)
def test_parameters_cannot_be_combined_with_a_folder(
    recording_distribution: Distribution, recorder: Any, arguments: Any
) -> None:
    """The signature of a folder allows any query, so the client could change them."""
    (name, *_) = arguments
    message = f"{name} of Allow cannot be combined with a folder; sign the file alone"
    with pytest.raises(DecisionError, match=message):
        Allow(folder="a", **arguments)
    with pytest.raises(DecisionError, match=message):
        respond(recording_distribution, "a/b", Allow(**arguments), folder="a")
    with pytest.raises(DecisionError, match=message):
        respond(recording_distribution, "a/b", Allow(**arguments), delivery="cookies")
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"query": {"Policy": "x"}}, "the query has the parameter 'Policy'"),
        ({"query": "Expires=1"}, "the query has the parameter 'Expires'"),
        ({"query": "a b"}, "cannot contain a space"),
        ({"query": "a=*"}, "would be a wildcard"),
        ({"query": "a=1\r\nX: y"}, "cannot contain"),
        ({"query": {"a": 1}}, "the names and values of a query must be text"),
        ({"query": 7}, "a query must be text, or pairs"),
        ({"download_name": "a/b"}, "the path separator /"),
        ({"download_name": ""}, "must be a file name"),
        ({"download_name": "a\r\nb"}, "the control character"),
        ({"query": {DISPOSITION: "inline"}, "download_name": "a"}, f"already has {DISPOSITION}"),
    ],
)
def test_bad_parameters_are_refused(arguments: Any, message: str) -> None:
    """When the decision is made, in the site's own code."""
    with pytest.raises(DecisionError, match=f"Allow: .*{message}"):
        Allow(**arguments)


def test_allow_is_a_value() -> None:
    """Hashable, and equal for the same query."""
    assert Allow(query={"a": "1 2"}) == Allow(query="a=1%202") == Allow(query=[("a", "1 2")])
    assert Allow(query={}) == Allow()
    assert len({Allow(folder="a"), Allow(folder="a"), Allow(folder="b")}) == 2


def test_url_with_parameters_that_is_too_long_is_a_404(
    recording_distribution: Distribution, recorder: Any
) -> None:
    assert respond(recording_distribution, "a", Allow(query={"a": "b" * 7900})) == Deny(404)
    with pytest.raises(DecisionError, match="Allow: the URL is 8316 bytes long"):
        Allow(query={"a": "b" * 8300})


# The root


def test_root_is_signed_if_the_option_allows_it(
    distribution: Distribution, trusted_keys: TrustedKeyGroup
) -> None:
    """A rule that lists what is forbidden would let it through."""
    assert respond(distribution, "") == Deny(404)
    location = get_location(allow(distribution, "", allow_root=True))
    assert location.startswith(f"{DOMAIN}/?Expires=")
    assert trusted_keys.check(location)
    assert respond(distribution, "/", allow_root=True) == Deny(404)
    cookies = allow(distribution, "", allow_root=True, delivery="cookies", folder="/")
    assert cookies.location == f"{DOMAIN}/"


def test_allow_root_must_be_a_bool() -> None:
    with pytest.raises(ConfigurationError, match="allow_root must be True or False, got int"):
        ViewOptions(allow_root=1)  # type: ignore[arg-type]

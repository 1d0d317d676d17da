"""Response headers policies: AWS's JSON, added and removed headers, and CORS."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from cfsign.edge import ResponseHeadersPolicy
from cfsign.edge.cors import CORS
from cfsign.edge.request import ViewerRequest
from cfsign.edge.response_headers import ANY_ORIGIN
from cfsign.errors import ConfigurationError

SITE = "https://www.example.com"
CONFIG: dict[str, Any] = {
    "Name": "site",
    "Comment": "",
    "CorsConfig": {
        "AccessControlAllowOrigins": {"Quantity": 2, "Items": [SITE, "https://*.example.org"]},
        "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["Range"]},
        "AccessControlAllowMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
        "AccessControlAllowCredentials": True,
        "AccessControlExposeHeaders": {"Quantity": 1, "Items": ["ETag"]},
        "AccessControlMaxAgeSec": 600,
        "OriginOverride": True,
    },
    "SecurityHeadersConfig": {
        "XSSProtection": {"Override": True, "Protection": True, "ModeBlock": True},
        "FrameOptions": {"Override": True, "FrameOption": "DENY"},
        "ReferrerPolicy": {"Override": False, "ReferrerPolicy": "no-referrer"},
        "ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": "default-src 'none'"},
        "ContentTypeOptions": {"Override": True},
        "StrictTransportSecurity": {
            "Override": True,
            "IncludeSubdomains": True,
            "AccessControlMaxAgeSec": 60,
        },
    },
    "ServerTimingHeadersConfig": {"Enabled": False},
    "CustomHeadersConfig": {
        "Quantity": 2,
        "Items": [
            {"Header": "Cache-Control", "Value": "no-store", "Override": True},
            {"Header": "X-Robots-Tag", "Value": "none", "Override": False},
        ],
    },
    "RemoveHeadersConfig": {"Quantity": 1, "Items": [{"Header": "X-Powered-By"}]},
}


def build_request(
    origin: str | None = None, preflight: bool = False, requested_headers: str = ""
) -> ViewerRequest:
    return ViewerRequest(
        "OPTIONS" if preflight else "GET",
        "http://h/",
        "/",
        origin=origin,
        is_preflight=preflight,
        requested_headers=requested_headers,
    )


def test_policy_adds_replaces_and_removes_headers() -> None:
    """By a document in AWS's form."""
    policy = ResponseHeadersPolicy.from_config(CONFIG)
    origin_headers = [
        ("cache-control", "max-age=9"),
        ("x-robots-tag", "all"),
        ("X-POWERED-BY", "x"),
        ("ETag", '"1"'),
    ]
    assert sorted(policy.apply(build_request(), origin_headers)) == sorted(
        [
            ("ETag", '"1"'),
            ("x-robots-tag", "all"),
            ("Cache-Control", "no-store"),
            ("X-XSS-Protection", "1; mode=block"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Strict-Transport-Security", "max-age=60; includeSubDomains"),
        ]
    )


def test_output_of_the_aws_cli_is_read() -> None:
    """`get-response-headers-policy` prints the document inside two wrappers."""
    printed = {"ETag": "E1", "ResponseHeadersPolicy": {"ResponseHeadersPolicyConfig": CONFIG}}
    policy = ResponseHeadersPolicy.from_config(printed)
    assert policy == ResponseHeadersPolicy.from_config(CONFIG)


def test_botocore_accepts_the_document() -> None:
    """AWS's model of the API has the members of the document in these tests."""
    session = pytest.importorskip("botocore.session").get_session()
    validate = pytest.importorskip("botocore.validate").ParamValidator()
    shape = session.get_service_model("cloudfront").shape_for("ResponseHeadersPolicyConfig")
    assert not validate.validate(CONFIG, shape).has_errors()


def set_member(config: dict[str, Any], path: str, value: Any) -> None:
    *folders, name = path.split(".")
    for folder in folders:
        config = config[folder] if folder.isalpha() else config["Items"][int(folder)]
    config[name] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("Custom", {}, "'Custom'"),
        ("CorsConfig.Origins", {}, "'Origins'"),
        ("CorsConfig.OriginOverride", "yes", "OriginOverride.*bool"),
        ("CorsConfig.AccessControlMaxAgeSec", True, "int"),
        ("CorsConfig.AccessControlAllowOrigins", {"Quantity": 2, "Items": ["*"]}, "Quantity"),
        ("CorsConfig.AccessControlAllowOrigins", {"Quantity": 1, "Items": ["a\nb"]}, "visible"),
        ("CustomHeadersConfig.0.Value", "a\r\nSet-Cookie: b", "one line"),
        ("CustomHeadersConfig.0.Header", "a b", "'a b' is not the name"),
        ("CustomHeadersConfig.0.Override", None, "no Override"),
        ("SecurityHeadersConfig.FrameOption", {}, "'FrameOption'"),
        ("SecurityHeadersConfig.FrameOptions", [], "JSON object"),
        ("ServerTimingHeadersConfig.Enabled", True, "Enabled to false"),
        # What the API refuses:
        ("Name", None, "no Name"),
        ("CorsConfig.AccessControlAllowHeaders", {"Quantity": 1, "Items": ["*"]}, "contain \\*"),
        ("CorsConfig.AccessControlAllowHeaders", {"Quantity": 1, "Items": ["x-*"]}, "contain \\*"),
        ("CorsConfig.AccessControlAllowOrigins", {"Quantity": 1, "Items": ["*"]}, "origin '\\*'"),
        ("CorsConfig.AccessControlAllowOrigins", {"Quantity": 0, "Items": []}, "empty"),
        ("CorsConfig.AccessControlAllowHeaders", None, "empty"),
        ("CorsConfig.AccessControlAllowHeaders", {"Quantity": 1, "Items": ["a b"]}, "'a b'"),
        ("CorsConfig.AccessControlExposeHeaders", {"Quantity": 1, "Items": [""]}, "''"),
        ("CorsConfig.AccessControlAllowMethods", {"Quantity": 1, "Items": ["get"]}, "use ALL"),
        ("CorsConfig.AccessControlAllowMethods", {"Quantity": 0}, "empty"),
        ("CorsConfig.AccessControlMaxAgeSec", -1, "negative"),
        ("SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec", -1, "negative"),
        ("SecurityHeadersConfig.FrameOptions.FrameOption", "ALLOW", "use DENY, SAMEORIGIN"),
        ("SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy", "none", "use no-referrer,"),
        ("SecurityHeadersConfig.XSSProtection.ReportUri", "https://h/", "ModeBlock"),
        (
            "SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy",
            "a" * 1_784,
            "1,784 characters; CloudFront accepts 1,783",
        ),
        ("RemoveHeadersConfig.0.Header", "Content-Length", "cannot remove"),
        ("RemoveHeadersConfig.0.Header", "X-Amz-Cf-Pop", "cannot remove"),
    ],
)
def test_invalid_member_is_an_error(path: str, value: Any, message: str) -> None:
    """The error names the member."""
    config = copy.deepcopy(CONFIG)
    set_member(config, path, value)
    with pytest.raises(ConfigurationError, match=message):
        ResponseHeadersPolicy.from_config(config)


@pytest.mark.parametrize("config", [None, [], "x", 1])
def test_policy_must_be_an_object(config: object) -> None:
    """Any other JSON value is an error."""
    with pytest.raises(ConfigurationError, match="JSON object"):
        ResponseHeadersPolicy.from_config(config)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (SITE, True),
        ("https://a.example.org", True),
        ("https://evil.example", False),
        ("https://a.example.org.evil.example", False),
        ("https://evil.example/.example.org", False),
        (f"{SITE}\r\nX: y", False),
        (None, False),
    ],
)
def test_cors_allows_the_listed_origins(origin: str | None, allowed: bool) -> None:
    """A listed origin is returned by name; for others the headers are unchanged."""
    policy = ResponseHeadersPolicy(cors=ResponseHeadersPolicy.from_config(CONFIG).cors)
    headers = policy.apply(build_request(origin), [("access-control-allow-origin", "*")])
    assert headers == (
        [
            ("Access-Control-Allow-Origin", origin),
            ("Vary", "Origin"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Expose-Headers", "ETag"),
        ]
        if allowed
        else [("access-control-allow-origin", "*")]
    )


def test_preflight_lists_methods_and_headers() -> None:
    """And how long a browser may cache them."""
    policy = ResponseHeadersPolicy.from_config(CONFIG)
    headers = dict(policy.apply(build_request(SITE, preflight=True), []))
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert headers["Access-Control-Allow-Headers"] == "Range"
    assert headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Expose-Headers" not in headers


def test_cors_headers_of_the_origin_are_not_mixed() -> None:
    """Without override the origin's are used as a whole, with override the policy's."""
    own = [("Access-Control-Allow-Origin", SITE)]
    assert ANY_ORIGIN.apply(build_request(SITE), list(own)) == own
    assert ("Access-Control-Allow-Origin", "*") in ANY_ORIGIN.apply(build_request(SITE), [])
    assert ResponseHeadersPolicy(cors=CORS(override=True)).apply(build_request(SITE), own) == [
        ("Access-Control-Allow-Origin", "*")
    ]


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    [
        ("http://*.example.org", "http://test.example.org", True),
        ("http://*.example.org", "https://test.example.org", False),
        ("http://*.example.org", "http://test.example.org:123", False),
        ("*.example.org", "https://test.test.example.org", True),
        ("*.example.org", "http://test.example.org:123", False),
        ("*.example.org", "https://evil.example/.example.org", False),
        ("example.org", "http://example.org", True),
        ("example.org", "https://example.org", True),
        ("example.org", "https://wwwexample.org", False),
        ("http://example.org", "http://example.org:123", False),
        ("http://example.org:*", "http://example.org:123", True),
        ("http://example.org:*", "http://example.org", True),
        ("http://example.org:1*3", "http://example.org:1893", True),
        ("http://example.org:1*3", "http://example.org", False),
        ("*.example.org:1*", "http://test.example.org:123", True),
        ("http://[::1]:3000", "http://[::1]:3000", True),
    ],
)
def test_origin_patterns(pattern: str, origin: str, allowed: bool) -> None:
    """The examples of AWS, "Understand response headers policies"."""
    headers = CORS(origins=(pattern,)).build_headers(build_request(origin), [])
    assert bool(headers) is allowed


@pytest.mark.parametrize(
    "origin",
    [
        "example.*",
        "test.*.example.org",
        "*test.example.org",
        "exa*mple.org",
        "",
        "http://",
        "https://www.example.com/",
        "https://www.example.com/a",
    ],
)
def test_origin_that_cloudfront_refuses(origin: str) -> None:
    """A browser sends no slash at the end either."""
    with pytest.raises(ConfigurationError, match="is not an origin"):
        CORS(origins=(origin,))


def test_named_headers_with_credentials() -> None:
    """With credentials `*` is not a wildcard (Fetch, "HTTP new-header syntax")."""
    cors = CORS(origins=(SITE,), credentials=True, names_headers=True)
    policy = ResponseHeadersPolicy(cors=cors)
    request = build_request(SITE, preflight=True, requested_headers="range,x-mine , a b,\xe9,*")
    headers = dict(policy.apply(request, []))
    assert headers["Access-Control-Allow-Headers"] == "range, x-mine, *"
    assert "Access-Control-Expose-Headers" not in headers
    assert "Access-Control-Allow-Headers" not in dict(
        policy.apply(build_request(SITE, preflight=True), [])
    )
    sent = [("ETag", '"1"'), ("Content-Range", "bytes 0-0/1"), ("Access-Control-Allow-Origin", "*")]
    override = ResponseHeadersPolicy(cors=replace(cors, override=True))
    headers = dict(override.apply(build_request(SITE), sent))
    assert headers["Access-Control-Expose-Headers"] == "ETag, Content-Range"
    assert headers["Access-Control-Allow-Credentials"] == "true"


def test_any_origin_cannot_have_credentials() -> None:
    with pytest.raises(ConfigurationError, match="list the origins"):
        CORS(credentials=True)

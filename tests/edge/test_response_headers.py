"""The response-headers policy: AWS's own JSON, and what CORS makes of it."""

from __future__ import annotations

import copy
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


def request(origin: str | None = None, preflight: bool = False) -> ViewerRequest:
    method = "OPTIONS" if preflight else "GET"
    return ViewerRequest(method, "http://h/", "/", origin=origin, is_preflight=preflight)


def test_a_policy_in_the_form_of_aws() -> None:
    """Headers are added, replaced and removed as the document says."""
    policy = ResponseHeadersPolicy.from_config(CONFIG)
    origins = [
        ("cache-control", "max-age=9"),
        ("x-robots-tag", "all"),
        ("X-POWERED-BY", "x"),
        ("ETag", '"1"'),
    ]
    assert sorted(policy.apply(request(), origins)) == sorted(
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


def test_it_is_read_as_the_command_line_prints_it() -> None:
    """The wrappers of `get-response-headers-policy` are looked into."""
    printed = {"ETag": "E1", "ResponseHeadersPolicy": {"ResponseHeadersPolicyConfig": CONFIG}}
    read = ResponseHeadersPolicy.from_config(printed)
    assert read == ResponseHeadersPolicy.from_config(CONFIG)


def test_botocore_knows_the_same_members() -> None:
    """The document of these tests is one that AWS's own model takes."""
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
    ("path", "value", "says"),
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
    ],
)
def test_what_is_not_understood_is_named(path: str, value: Any, says: str) -> None:
    """A slip of the pen changes nothing silently."""
    config = copy.deepcopy(CONFIG)
    set_member(config, path, value)
    with pytest.raises(ConfigurationError, match=says):
        ResponseHeadersPolicy.from_config(config)


@pytest.mark.parametrize("config", [None, [], "x", 1])
def test_what_is_no_object(config: object) -> None:
    """Nor is anything else a policy."""
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
def test_cors_for_the_origins_that_are_named(origin: str | None, allowed: bool) -> None:
    """Each is answered with its own name, and others with none."""
    policy = ResponseHeadersPolicy(cors=ResponseHeadersPolicy.from_config(CONFIG).cors)
    headers = policy.apply(request(origin), [("access-control-allow-origin", "*")])
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


def test_a_preflight_is_told_methods_and_headers() -> None:
    """As a browser asks for them."""
    policy = ResponseHeadersPolicy.from_config(CONFIG)
    headers = dict(policy.apply(request(SITE, preflight=True), []))
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert headers["Access-Control-Allow-Headers"] == "Range"
    assert headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Expose-Headers" not in headers


def test_without_override_an_origin_that_says_something_is_heard() -> None:
    """All of it or nothing, so that two answers are never mixed."""
    own = [("Access-Control-Allow-Origin", SITE)]
    assert ANY_ORIGIN.apply(request(SITE), list(own)) == own
    assert ("Access-Control-Allow-Origin", "*") in ANY_ORIGIN.apply(request(SITE), [])
    assert ResponseHeadersPolicy(cors=CORS(override=True)).apply(request(SITE), own) == [
        ("Access-Control-Allow-Origin", "*")
    ]

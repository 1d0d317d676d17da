"""`download_name`: the header that S3 sends, read by parsers of other projects."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import Distribution, ResourceError, Signer, TrustedKeyGroup
from cfsign.signing.content_disposition import build_content_disposition

aiohttp = pytest.importorskip("aiohttp")
parse_options_header = pytest.importorskip("werkzeug.http").parse_options_header

DOMAIN = "https://media.example.com"
PARAMETER = "response-content-disposition"


def parse_with_aiohttp(header: str) -> str | None:
    """Return the name as aiohttp reads the header; it warns of anything unusual in it."""
    kind, parameters = aiohttp.parse_content_disposition(header)
    assert kind == "attachment"
    return aiohttp.content_disposition_filename(parameters)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("a b; c.pdf", 'attachment; filename="a b; c.pdf"'),
        ("it's (1)*.pdf", 'attachment; filename="it\'s (1)*.pdf"'),
        (
            "Größe 100%.pdf",
            'attachment; filename="Gro_e 100_.pdf"; '
            "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20100%25.pdf",
        ),
        (
            'say "x".pdf',
            "attachment; filename=\"say _x_.pdf\"; filename*=UTF-8''say%20%22x%22.pdf",
        ),
        (
            "日本.pdf",
            "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.pdf",
        ),
        ("%2e%2e%2f", "attachment; filename=\"_2e_2e_2f\"; filename*=UTF-8''%252e%252e%252f"),
        ("e\u0301.pdf", "attachment; filename=\"e.pdf\"; filename*=UTF-8''e%CC%81.pdf"),
    ],
)
def test_header_is_ascii_and_has_a_fallback(name: str, header: str) -> None:
    """A name that is not plain ASCII is in `filename*` (RFC 8187), with a similar `filename`."""
    built = build_content_disposition(name)
    assert built == header
    assert built.isascii()
    assert parse_options_header(built)[1]["filename"] == name


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1
).filter(lambda name: name not in (".", ".."))


@given(NAMES)
def test_other_parsers_read_the_name(name: str) -> None:
    """Werkzeug and aiohttp, for any name."""
    header = build_content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    value, options = parse_options_header(header)
    assert (value, options) == ("attachment", {"filename": name})
    if name.count(";") < 2:  # aiohttp misreads `";;"`, although a quoted text may hold it
        assert parse_with_aiohttp(header) == name


@given(NAMES)
def test_fallback_is_a_safe_name(name: str) -> None:
    """It has no quote, `%` or path separator, for clients that do not know `filename*`."""
    _, _, rest = build_content_disposition(name).partition('filename="')
    fallback, _, _ = rest.partition('"')
    assert fallback
    assert not set('"%\\/') & set(fallback)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "download_name must be a file name, got ''; leave it out"),
        (".", "must be a file name, got '.'"),
        ("..", "must be a file name, got '..'"),
        ("a\r\nSet-Cookie: x=1", r"download_name has the control character U\+000D in it; remove"),
        ("a\nb", r"the control character U\+000A"),
        ("a\0.exe", r"the control character U\+0000"),
        ("a\x7f", r"the control character U\+007F"),
        ("a\x85", r"the control character U\+0085"),
        ("a/b.pdf", "download_name has the path separator / in it; use the name of the file"),
        ("../../etc/passwd", "the path separator / in it"),
        ("C:\\\\autoexec.bat", r"the path separator \\ in it"),
        ("a\udcff", "download_name is not Unicode text; decode it"),
        (b"a.pdf", r"download_name must be text \(str\), got bytes"),
        (7, r"download_name must be text \(str\), got int"),
    ],
)
def test_bad_name_is_refused(
    recording_distribution: Distribution, recorder: Any, name: Any, message: str
) -> None:
    """Nothing is signed."""
    with pytest.raises(ResourceError, match=message):
        recording_distribution.sign_path("a", download_name=name)
    with pytest.raises(ResourceError, match=message):
        asyncio.run(recording_distribution.sign_path_async("a", download_name=name))
    assert recorder.signed == []


@pytest.mark.parametrize("query", [None, "v=1", {"v": "1"}])
def test_signed_url_has_the_header_as_a_parameter(
    signer: Signer, trusted_keys: TrustedKeyGroup, clock: Any, query: Any
) -> None:
    """After the query of the site; without it, or changed, the URL is refused."""
    distribution = Distribution(DOMAIN, signer)
    signed = distribution.sign_path("a.bin", query=query, download_name="Größe 100%.pdf")
    assert trusted_keys.check(signed)
    assert not trusted_keys.check(signed.replace("Gr", "Gx"))
    parameters = parse_qs(urlsplit(signed).query, strict_parsing=True)
    assert list(parameters)[:2] == ([PARAMETER, "Expires"] if query is None else ["v", PARAMETER])
    (header,) = parameters[PARAMETER]
    assert parse_with_aiohttp(header) == "Größe 100%.pdf"
    assert signed == asyncio.run(
        distribution.sign_path_async("a.bin", query=query, download_name="Größe 100%.pdf")
    )


@pytest.mark.parametrize(
    "query",
    [
        {PARAMETER: "inline"},
        f"a=1&{PARAMETER}=x",
        f"{PARAMETER}",
        "%72esponse-content-disposition=x",
    ],
)
def test_query_with_the_same_parameter_is_refused(
    recording_distribution: Distribution, query: Any
) -> None:
    """S3 would use one of the two."""
    with pytest.raises(ResourceError, match=f"the query already has {PARAMETER}; remove it"):
        recording_distribution.sign_path("a", query=query, download_name="b.pdf")


@pytest.mark.parametrize("option", [{"folder": "a"}, {"pattern": "a/*"}])
def test_signature_of_a_folder_does_not_fix_the_name(
    recording_distribution: Distribution, recorder: Any, option: Any
) -> None:
    """It allows any query, so anyone with the URL could change the name."""
    (name,) = option
    with pytest.raises(ResourceError, match=f"download_name and {name} cannot be combined; sign"):
        recording_distribution.sign_path("a/1", download_name="b.pdf", **option)
    assert recorder.signed == []

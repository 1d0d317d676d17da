"""Each form is read, and the request in it is judged as `check` judges it."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cfsign import Mistake, TrustedKeyGroup, explain
from cfsign.cli import main
from cfsign.explanation.readers import READERS, read_text
from tests.explanation.makers import NOW, World, cookies
from tests.explanation.readers.forms import FORMS, Form, add_response

URL = "https://media.example.com/videos/1/a.ts?size=large&name=it%27s"
OTHER = URL.replace("/1/", "/2/")
FOLDER = "https://media.example.com/videos/1/*"

each_form = pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])


@pytest.fixture
def key_options(world: World, tmp_path: Path) -> list[str]:
    path = tmp_path / "public.pem"
    path.write_text(world.rsa.public_pem)
    return ["--public-key", f"{world.rsa.key_pair_id}={path}", "--at", str(NOW)]


def run(text: str, *options: str) -> tuple[int, str, str]:
    """Return the exit code, the standard output and the standard error of `cfsign explain`."""
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        patch.setattr(sys, "stdout", output)
        patch.setattr(sys, "stderr", errors)
        code = main(["explain", *options])
    return code, output.getvalue(), errors.getvalue()


def make_cookies(world: World) -> str:
    signed = cookies(world.boto_policy(FOLDER), world.rsa)
    return "; ".join(["theme=dark", *(f"{name}={value}" for name, value in signed.items())])


def test_every_reader_has_a_form() -> None:
    without_request = {"a Cookie header", "an error response (XML, HTML)"}
    assert {form.form for form in FORMS} | without_request == {reader.form for reader in READERS}


@each_form
@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "refused"])
def test_signed_url(world: World, key_options: list[str], form: Form, is_allowed: bool) -> None:
    url = world.boto(URL) if is_allowed else world.boto(URL).replace("large", "small")
    code, output, errors = run(form.write(url, None, "GET"), *key_options)
    first, second, *rest = output.splitlines()
    assert (code, errors, first, second) == (
        0 if is_allowed else 1,
        "",
        url,
        f"Read as {form.form}.",
    )
    assert ("200 Allowed." in rest) is is_allowed
    explanation = explain(url, world.trusted, at=NOW)
    causes = [f"1. {cause}" for cause in explanation.causes[:1]]
    assert [line.removesuffix(" (a guess)") for line in rest if line.startswith("1. ")] == causes


@each_form
@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "refused"])
def test_signed_cookies(world: World, key_options: list[str], form: Form, is_allowed: bool) -> None:
    """Cookies for one folder do not open another one, whose URL is in the request."""
    url = URL if is_allowed else OTHER
    code, output, errors = run(form.write(url, make_cookies(world), "GET"), *key_options)
    first, second, *rest = output.splitlines()
    assert (code, errors, first, second) == (
        0 if is_allowed else 1,
        "",
        url,
        f"Read as {form.form}.",
    )
    if not is_allowed:
        more = {"cookies": make_cookies(world), "at": NOW}
        explanation = explain(url, world.trusted, **more)
        assert explanation.causes[0].mistake is Mistake.RESOURCE
        assert f"1. {explanation.causes[0]}" in rest


@each_form
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
def test_method(form: Form, method: str) -> None:
    (exchange,) = read_text(form.write(URL, None, method)).exchanges
    assert exchange.method == (method if form.has_method else "GET")


@each_form
@pytest.mark.parametrize("status", [200, 403])
def test_response_in_the_same_paste(form: Form, status: int) -> None:
    if form.form == "a HAR file":
        pytest.skip("a HAR file contains its responses")
    (exchange,) = read_text(add_response(form.write(URL, None, "GET"), form.name, status)).exchanges
    assert (exchange.url, exchange.status, exchange.at) == (URL, status, NOW)
    assert exchange.is_from_cloudfront
    if "HTTP/2" not in form.form:  # a panel has no body
        assert ("<Code>AccessDenied</Code>" in exchange.body) is (status == 403)


@each_form
def test_scheme_host_and_port(form: Form) -> None:
    for url in (
        "http://media.example.com/a",
        "https://media.example.com:8443/a?b",
        "https://[::1]/",
    ):
        (exchange,) = read_text(form.write(url, None, "GET")).exchanges
        has_no_scheme = ":80" in form.write("http://h.example/", None, "GET")
        shown = url.replace(".com/", ".com:80/") if has_no_scheme and url[4] == ":" else url
        assert exchange.url == shown


@each_form
def test_windows_line_ends_and_byte_order_mark(form: Form) -> None:
    text = form.write(URL, "a=1", "GET").replace("\r\n", "\n")
    for changed in (text.replace("\n", "\r\n"), f"\ufeff{text}", f"\n\n{text}\n\n"):
        (exchange,) = read_text(changed).exchanges
        assert (exchange.url, exchange.cookies) == (URL, "a=1")


# A URL as a browser sends it (WHATWG, "URL"): it leaves many characters in the query unencoded.
paths = st.text(st.sampled_from("abZ09-._~!$&'()*+,;=:@/%|[]^`{}"), max_size=20)
queries = st.text(st.sampled_from("abZ09-._~!$&()*+,;=:@/?%|[]^`{}\\"), max_size=30)
values = st.text(st.sampled_from("abZ09-._~!$&'()*+:@/?%|[]^`{}\\\"<>#,"), max_size=20)


@each_form
@given(path=paths, query=st.none() | queries, value=st.none() | values)
def test_request_is_read_byte_for_byte(
    form: Form, path: str, query: str | None, value: str | None
) -> None:
    url = f"https://media.example.com/{path}" + ("" if query is None else f"?{query}")
    header = None if value is None else f"theme={value}; b=2"
    if "curl command" in form.form:
        assume({".", ".."}.isdisjoint(path.split("/")))  # curl resolves these
    if form.form == "a curl command (Windows cmd)":
        assume("\\" not in f"{url}{header}")
    (exchange,) = read_text(form.write(url, header, "GET")).exchanges
    assert (exchange.url, exchange.cookies) == (url, header)


CHANGES = [
    lambda url: url,
    lambda url: url.replace("large", "small"),
    lambda url: url.replace("https", "http"),
    lambda url: url.replace("Signature=", "Signature=A"),
    lambda url: url.partition("&Signature")[0],
    lambda url: url.partition("?")[0],
]


@each_form
@given(
    is_url_signed=st.booleans(),
    has_cookies=st.booleans(),
    number=st.sampled_from("12"),
    change=st.sampled_from(CHANGES),
    at=st.sampled_from([NOW, NOW + 7_200]),
)
def test_explain_and_check_agree(
    world: World,
    tmp_path_factory: pytest.TempPathFactory,
    form: Form,
    is_url_signed: bool,
    has_cookies: bool,
    number: str,
    change: Any,
    at: int,
) -> None:
    """The command allows a request in any form exactly when `check` does."""
    path = tmp_path_factory.getbasetemp() / "agree.pem"
    if not path.exists():
        path.write_text(world.rsa.public_pem)
    url = URL.replace("/1/", f"/{number}/")
    url = change(world.boto(url) if is_url_signed else url)
    header = make_cookies(world) if has_cookies else None
    text = form.write(url, header, "GET")
    judged = read_text(text).exchanges[0].url
    assert re.sub(":80(?=/)", "", judged) == url
    keys = TrustedKeyGroup({world.rsa.key_pair_id: world.rsa.public_pem})
    verdict = keys.check(judged, cookies=header, at=at)
    options = ["--public-key", f"{world.rsa.key_pair_id}={path}", "--at", str(at)]
    code, output, _ = run(text, *options)
    assert code == (0 if verdict.allowed else 1)
    assert output.splitlines()[0] == judged

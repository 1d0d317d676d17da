"""The checks of a view when it is made, which all adapters share."""

from __future__ import annotations

import pytest

from cfsign import ConfigurationError, Distribution, Signer
from cfsign.views import (
    Framework,
    FromSettings,
    OptionAttributes,
    build_handlers,
    build_resource_error,
    check_authorize,
    check_distribution,
    check_ignored_attributes,
)

ID = "K2JCJMDEHXQW5F"


class Base:
    def authorize(self) -> int:
        raise NotImplementedError


class Plain(Base):
    def authorize(self) -> int:
        return 200


def test_missing_authorize_is_an_error() -> None:
    """It shows the parameters of the adapter."""
    with pytest.raises(NotImplementedError, match=r"Base must override authorize\(self, resource"):
        check_authorize(Base, Base, "self, resource")
    check_authorize(Plain, Base, "self, resource")


@pytest.mark.parametrize(
    ("can_await", "message"),
    [
        (True, "Plain.authorize is not async, but the view is; make authorize async"),
        (False, "Plain.authorize is async, but the view is not; make authorize a plain method"),
    ],
)
def test_authorize_and_view_must_both_be_async_or_not(can_await: bool, message: str) -> None:
    """The error names the other class, if the adapter has one."""
    for other, end in (("", ""), ("x.View", ", or derive Plain from x.View")):
        with pytest.raises(TypeError) as caught:
            check_authorize(
                Plain, Base, "self", is_async=not can_await, can_await=can_await, other=other
            )
        assert str(caught.value) == message + end
    check_authorize(Plain, Base, "self", is_async=can_await, can_await=can_await)


def test_distribution_is_required(pem: str) -> None:
    distribution = Distribution("https://media.example.com", Signer(ID, pem))
    assert check_distribution("View", distribution) is distribution
    with pytest.raises(ConfigurationError, match=r"View has no distribution; pass Distribution"):
        check_distribution("View", None)
    with pytest.raises(ConfigurationError, match="of View must not be a dict"):
        check_distribution("View", {"CLOUDFRONT_DOMAIN": "https://media.example.com"})


def test_resource_must_be_text() -> None:
    """A router may convert it to a number."""
    assert "(its variables: none)" in str(build_resource_error(None, []))
    assert "(its variables: slug, tenant)" in str(build_resource_error(None, ["tenant", "slug"]))
    assert "must be text, got int" in str(build_resource_error(7, []))


class Adapter:
    """A class of an adapter that reads one option."""

    distribution = "default"


def test_option_that_is_not_read_is_an_error() -> None:
    """All are listed; methods of the site with such a name are not options."""

    class Site(Adapter):
        distribution = "videos"
        delivery = "json"
        code = None
        location = "/"

        def headers(self) -> None:
            pass

        @property
        def folder(self) -> str:
            return "a"

        def distribution_for(self, request: object) -> str:
            return "videos"

    with pytest.raises(ConfigurationError) as caught:
        check_ignored_attributes(Site, Adapter, "the fix")
    assert [str(problem) for problem in caught.value.problems] == [
        "Site does not read the attribute delivery; the fix",
        "Site does not read the attribute distribution_for; the fix",
    ]
    check_ignored_attributes(Adapter, Adapter, "the fix")


@pytest.fixture
def mapping(pem: str) -> dict[str, object]:
    """Settings with an option."""
    return {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_CONFIG": {"key_pair_id": ID, "private_key": pem, "code": 307},
    }


class View(FromSettings, OptionAttributes):
    """A view without a framework, whose constructor takes a distribution."""

    def __init__(self, distribution: object = None, **options: object) -> None:
        self.handlers = build_handlers(self, distribution, options, framework=Framework())


class FoundView(View):
    code = 302


def test_settings_attributes_and_arguments_in_this_order(mapping: dict[str, object]) -> None:
    """None selects the attribute or the setting, as in the other adapters."""

    def read(view: type[View], **options: object) -> object:
        return view.from_config(mapping, **options).handlers.default.options.code

    assert read(View) == 307
    assert read(View, code=None) == 307
    assert read(FoundView) == 302
    assert read(FoundView, code=None) == 302
    assert read(FoundView, code=303) == 303


def test_environment_and_prefix(pem: str) -> None:
    environ = {"A_DOMAIN": "https://a.example.com", "A_KEY_PAIR_ID": ID, "A_PRIVATE_KEY": pem}
    handler = FoundView.from_env(environ, "A_", delivery="json").handlers.default
    assert handler.distribution.domain == "https://a.example.com"
    assert (handler.options.code, handler.options.delivery) == (302, "json")


def test_unknown_option_is_an_error(mapping: dict[str, object]) -> None:
    """Also one that is None."""
    with pytest.raises(ConfigurationError, match="'delivry' is unknown; did you mean 'delivery'"):
        View.from_config(mapping, delivry=None)

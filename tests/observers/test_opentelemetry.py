"""Spans and metrics of the OpenTelemetry observer, as the SDK receives them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.trace import StatusCode

from cfsign import ConfigurationError, KeyPair, KeyRing, PolicyError, PrivateKey, Signer
from tests.observers.events import EVENT, REFUSED, make_event, make_unsigned
from tests.observers.telemetry import Telemetry

FAILED = make_unsigned("key_unavailable", 503, 0.25)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def test_span_of_an_allowed_request(telemetry: Telemetry) -> None:
    telemetry.make_observer()(EVENT, None)
    (span,) = telemetry.read_spans()
    assert span.name == "decide access"
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes) == {
        "cfsign.outcome": "allowed",
        "cfsign.delivery": "redirect",
        "cfsign.distribution.domain": "https://media.example.com",
        "cfsign.key_pair.id": "K1ADA2BOB3EVE4",
        "cfsign.signature.hash_algorithm": "SHA256",
        "cfsign.signature.cached": False,
        HTTP_RESPONSE_STATUS_CODE: 303,
    }


def test_span_of_a_refusal_has_no_signature(telemetry: Telemetry) -> None:
    telemetry.make_observer()(REFUSED, None)
    (span,) = telemetry.read_spans()
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes) == {
        "cfsign.outcome": "refused",
        "cfsign.delivery": "redirect",
        "cfsign.distribution.domain": "https://media.example.com",
        HTTP_RESPONSE_STATUS_CODE: 403,
    }
    assert span.start_time == span.end_time


@pytest.mark.parametrize("outcome", ["error", "key_unavailable"])
def test_span_and_metrics_of_a_failure(telemetry: Telemetry, outcome: str) -> None:
    """As "Recording errors" asks: a status of the span, and the same error.type everywhere."""
    telemetry.make_observer()(make_event(outcome=outcome, status=500, hash_algorithm=None), None)
    (span,) = telemetry.read_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes[ERROR_TYPE] == outcome
    for name in ("cfsign.decisions", "cfsign.sign.duration"):
        ((attributes, _),) = telemetry.read_points(name)
        assert attributes[ERROR_TYPE] == outcome


def test_span_lies_inside_the_span_of_the_request(telemetry: Telemetry) -> None:
    """It starts when signing started, although the observer is called afterwards."""
    observer = telemetry.make_observer()
    tracer = telemetry.tracers.get_tracer("framework")
    with tracer.start_as_current_span("GET /content/{resource}"):
        started = time.perf_counter()
        time.sleep(0.05)
        duration = time.perf_counter() - started
        observer(make_event(duration=duration), None)
    span, parent = telemetry.read_spans()
    assert span.parent.span_id == parent.context.span_id
    assert parent.start_time <= span.start_time <= span.end_time <= parent.end_time
    assert span.end_time - span.start_time == round(duration * 1e9)


def test_decisions_are_counted(telemetry: Telemetry) -> None:
    observer = telemetry.make_observer()
    for event in (EVENT, REFUSED, EVENT, FAILED, make_event(delivery="json", status=200), EVENT):
        observer(event, None)
    metric = telemetry.read_metrics()["cfsign.decisions"]
    assert metric.unit == "{decision}"
    assert metric.data.is_monotonic
    counts = {
        (
            attributes.pop("cfsign.outcome"),
            attributes.pop(HTTP_RESPONSE_STATUS_CODE),
            attributes.pop("cfsign.delivery"),
            *attributes.values(),
        ): point.value
        for attributes, point in telemetry.read_points("cfsign.decisions")
    }
    assert counts == {
        ("allowed", 303, "redirect"): 3,
        ("allowed", 200, "json"): 1,
        ("refused", 403, "redirect"): 1,
        ("key_unavailable", 503, "redirect", "key_unavailable"): 1,
    }


def test_durations_are_those_of_signing(telemetry: Telemetry) -> None:
    """In seconds. A refusal has none; cached signatures are counted separately."""
    observer = telemetry.make_observer()
    for event in (EVENT, REFUSED, EVENT, make_event(is_cached=True, duration=0.000_02), FAILED):
        observer(event, None)
    assert telemetry.read_metrics()["cfsign.sign.duration"].unit == "s"
    points = telemetry.read_points("cfsign.sign.duration")
    assert [(attributes, point.count, point.sum) for attributes, point in points] == [
        (
            {"cfsign.signature.hash_algorithm": "SHA256", "cfsign.signature.cached": False},
            2,
            2 * EVENT.duration,
        ),
        (
            {"cfsign.signature.hash_algorithm": "SHA256", "cfsign.signature.cached": True},
            1,
            0.000_02,
        ),
        ({ERROR_TYPE: "key_unavailable"}, 1, 0.25),
    ]
    buckets = {point.bucket_counts.index(point.count) for _, point in points}
    assert len(buckets) == 3, "a cached, a local and a remote signature are in different buckets"


def test_attributes_do_not_depend_on_the_client(telemetry: Telemetry) -> None:
    observer = telemetry.make_observer()
    for number in range(100):
        observer(make_event(resource=f"{number}.txt", folder=f"f{number}", expires_at=number), None)
    assert len(telemetry.read_points("cfsign.decisions")) == 1
    assert len(telemetry.read_points("cfsign.sign.duration")) == 1
    assert len({tuple(span.attributes.items()) for span in telemetry.read_spans()}) == 1


def test_spans_name_the_file_if_asked_for(telemetry: Telemetry) -> None:
    observer = telemetry.make_observer(include_resource=True)
    observer(make_event(resource="a\n.txt", folder="a"), None)
    observer(make_event(resource=None), None)
    first, second = telemetry.read_spans()
    assert first.attributes["cfsign.resource"] == "a\n.txt"
    assert first.attributes["cfsign.folder"] == "a"
    assert not {"cfsign.resource", "cfsign.folder"} & set(second.attributes)
    ((attributes, _),) = telemetry.read_points("cfsign.decisions")
    assert "cfsign.resource" not in attributes


def test_domain_may_be_unknown(telemetry: Telemetry) -> None:
    telemetry.make_observer()(make_event(domain=None, outcome="invalid", status=404), None)
    (span,) = telemetry.read_spans()
    assert "cfsign.distribution.domain" not in span.attributes


def test_names_follow_the_conventions(telemetry: Telemetry) -> None:
    """Lower case, in the namespace of this project, or listed by OpenTelemetry."""
    observer = telemetry.make_observer(include_resource=True)
    for event in (make_event(folder="a"), FAILED):
        observer(event, None)
    metrics = telemetry.read_metrics()
    names = {*metrics, *(name for span in telemetry.read_spans() for name in span.attributes)}
    for metric in metrics.values():
        assert metric.description
        assert metric.unit not in metric.name.split(".")
        names |= {name for point in metric.data.data_points for name in point.attributes}
    names -= {ERROR_TYPE, HTTP_RESPONSE_STATUS_CODE}
    assert len(names) == 10
    for name in names:
        assert re.fullmatch(r"cfsign(\.[a-z]+(_[a-z]+)*)+", name), name


GAUGE = "cfsign.key_pair.time_until_removable"


def test_time_until_a_key_can_be_removed(
    telemetry: Telemetry, clock: Any, now: int, pem: str, other_pem: str
) -> None:
    pairs = [
        KeyPair("K1", pem),
        KeyPair("K2", other_pem, now + 100),
        KeyPair("K3", other_pem, now + 500),
    ]
    telemetry.make_observer().add_key_ring(KeyRing(pairs, refresh_every=30), max_expires_in=3600)

    def read() -> dict[str, float]:
        points = telemetry.read_points(GAUGE)
        return {attributes["cfsign.key_pair.id"]: point.value for attributes, point in points}

    assert read() == {"K1": 3730, "K2": 4130}
    clock.shift(3730)
    assert read() == {"K1": 0, "K2": 400}
    clock.shift(1)
    assert read()["K1"] == -1, "the key could have been removed a second ago"
    assert telemetry.read_metrics()[GAUGE].unit == "s"


def test_key_that_was_removed_is_not_reported(
    telemetry: Telemetry, clock: Any, now: int, pem: str, other_pem: str
) -> None:
    """The ring is loaded again while metrics are collected: after the keys were listed."""
    old, new = (
        {"key_pair_id": "K1", "private_key": pem},
        {"key_pair_id": "K2", "private_key": other_pem, "active_from": 5},
    )
    keys = [old, new]
    ring = KeyRing.from_loader(lambda: json.dumps({"keys": keys}), refresh_every=0)
    other = KeyRing([KeyPair("K3", pem), KeyPair("K4", other_pem, 5)])
    observer = telemetry.make_observer()
    observer.add_key_ring(ring, 60)
    observer.add_key_ring(other, 60)

    def read() -> list[str]:
        return [attributes["cfsign.key_pair.id"] for attributes, _ in telemetry.read_points(GAUGE)]

    assert read() == ["K1", "K3"]
    keys.remove(old)
    assert read() == ["K3"]


def test_only_a_ring_has_keys_to_remove(
    telemetry: Telemetry, signer: Signer, key: PrivateKey
) -> None:
    observer = telemetry.make_observer()
    with pytest.raises(ConfigurationError, match="needs a KeyRing, got Signer"):
        observer.add_key_ring(signer, 60)  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="max_expires_in"):
        observer.add_key_ring(KeyRing([KeyPair("K1", key)]), 0)


def test_without_an_sdk_nothing_is_recorded() -> None:
    code = """
from cfsign.observers.opentelemetry import OpenTelemetryObserver
from tests.observers.events import EVENT

OpenTelemetryObserver()(EVENT, None)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_sdk_may_be_set_up_later() -> None:
    """Settings are read before an application sets up the SDK."""
    code = """
from cfsign.observers.opentelemetry import OpenTelemetryObserver
from opentelemetry import metrics, trace
from tests.observers.events import EVENT
from tests.observers.telemetry import Telemetry

observer = OpenTelemetryObserver()
telemetry = Telemetry()
trace.set_tracer_provider(telemetry.tracers)
metrics.set_meter_provider(telemetry.meters)
observer(EVENT, None)
assert len(telemetry.read_spans()) == 1
assert set(telemetry.read_metrics()) == {"cfsign.decisions", "cfsign.sign.duration"}
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_absent_opentelemetry_is_one_clear_error() -> None:
    code = """
import sys
sys.modules["opentelemetry"] = None
import cfsign.observers
import cfsign.observers.opentelemetry
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: cfsign.observers.opentelemetry needs opentelemetry-api: "
        "pip install 'cloudfront-cfsign[otel]'"
    )
    assert done.stderr.count("Traceback") == 1


def test_absent_dependency_of_opentelemetry_is_named() -> None:
    code = """
import sys
sys.modules["typing_extensions"] = None
import cfsign.observers.opentelemetry
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError")
    assert "typing_extensions" in last


def test_opentelemetry_is_not_imported_until_asked_for() -> None:
    code = """
import sys
import cfsign, cfsign.observers, cfsign.views, cfsign.config
import cfsign_django, cfsign_falcon, cfsign_flask
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_extra_brings_the_api_alone() -> None:
    code = """
import sys
import cfsign.observers.opentelemetry
assert "opentelemetry.metrics" in sys.modules
assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
"""
    subprocess.run([sys.executable, "-c", code], check=True)

"""
OpenTelemetry: a span and metrics for each decision.

It needs `opentelemetry-api` alone. The application chooses the SDK and its exporters; without an
SDK nothing is recorded. The names follow OpenTelemetry's "Naming", "Metrics semantic conventions"
and "Recording errors" (https://opentelemetry.io/docs/specs/semconv/general/).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeAlias

from cfsign import __version__
from cfsign.errors import ConfigurationError
from cfsign.keyring.ring import KeyRing
from cfsign.signing.times import Duration, to_seconds
from cfsign.views import AccessEvent

try:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter
    from opentelemetry.trace import StatusCode, TracerProvider, get_tracer
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "opentelemetry":
        raise
    raise ModuleNotFoundError(
        "cfsign.observers.opentelemetry needs opentelemetry-api: "
        "pip install 'cloudfront-cfsign[otel]'",
        name=error.name,
    ) from None

_Attributes: TypeAlias = dict[str, str | int | bool]

# From a cached signature (some microseconds) over P-256 and RSA to a key in AWS KMS, in seconds.
_BUCKETS = (
    *(0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


class OpenTelemetryObserver:
    """
    An observer that records each decision with OpenTelemetry.

    - The span `decide access`, a child of the request's span. It lasts as long as signing.
    - The counter `cfsign.decisions`, by outcome, status and delivery.
    - The histogram `cfsign.sign.duration`, in seconds.
    - The gauge `cfsign.key_pair.time_until_removable`, in seconds, for each key ring that
      `add_key_ring` was called with.

    Metrics have no attribute that depends on the client. Spans name the file only if asked for.
    """

    def __init__(
        self,
        *,
        include_resource: bool = False,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """
        Create the instruments.

        Args:
            include_resource: Add `cfsign.resource` and `cfsign.folder` to spans. A site has many
                files, and their names may be private.
            tracer_provider: Where spans go; by default the global one.
            meter_provider: Where metrics go; by default the global one.
        """
        self._include_resource = include_resource
        self._tracer = get_tracer("cfsign", __version__, tracer_provider)
        meter = get_meter("cfsign", __version__, meter_provider)
        self._decisions = meter.create_counter(
            "cfsign.decisions", "{decision}", "Decisions on requests for files."
        )
        self._durations = meter.create_histogram(
            "cfsign.sign.duration",
            "s",
            "Duration of signing.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._rings: list[tuple[KeyRing, int]] = []
        meter.create_observable_gauge(
            "cfsign.key_pair.time_until_removable",
            [self._observe_rings],
            "s",
            "Time until a key can be removed from its ring; 0 or less if it can be removed.",
        )

    def __repr__(self) -> str:
        return f"<OpenTelemetryObserver include_resource={self._include_resource}>"

    def __call__(self, event: AccessEvent, request: object) -> None:
        """Record *event* under the span of the request."""
        decision: _Attributes = {
            "cfsign.outcome": event.outcome,
            "cfsign.delivery": event.delivery,
            "http.response.status_code": event.status,
        }
        signature: _Attributes = {}
        if event.hash_algorithm is not None:
            signature["cfsign.signature.hash_algorithm"] = event.hash_algorithm
            signature["cfsign.signature.cached"] = event.is_cached
        failure: _Attributes = {}
        if event.outcome in ("error", "key_unavailable"):
            failure["error.type"] = event.outcome
        self._decisions.add(1, decision | failure)
        if event.duration:
            self._durations.record(event.duration, signature | failure)
        self._record_span(event, decision | signature | failure)

    def add_key_ring(self, ring: KeyRing, max_expires_in: Duration) -> None:
        """
        Report for each old key of *ring* when it can be removed.

        Args:
            ring: The key ring, such as `distribution.signer`. It is read when metrics are
                collected, and loaded again then if it has changed.
            max_expires_in: As for `KeyRing.removable_at`.

        Raises:
            ConfigurationError: *ring* is not a key ring.
            PolicyError: `max_expires_in` is invalid.
        """
        if not isinstance(ring, KeyRing):
            raise ConfigurationError(
                f"add_key_ring needs a KeyRing, got {type(ring).__name__}",
                hint="leave this call out if the site signs with a single key",
            )
        self._rings.append((ring, to_seconds(max_expires_in, "max_expires_in")))

    def _record_span(self, event: AccessEvent, attributes: _Attributes) -> None:
        more = {
            "cfsign.distribution.domain": event.domain,
            "cfsign.key_pair.id": event.key_pair_id,
        }
        if self._include_resource:
            more |= {"cfsign.resource": event.resource, "cfsign.folder": event.folder}
        # None is not a value of an attribute.
        attributes |= {name: value for name, value in more.items() if value is not None}
        end = time.time_ns()
        span = self._tracer.start_span(
            "decide access",
            attributes=attributes,
            start_time=end - round(event.duration * 1_000_000_000),
        )
        if "error.type" in attributes:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    def _observe_rings(self, options: CallbackOptions) -> Iterator[Observation]:
        now = time.time()
        for ring, max_expires_in in self._rings:
            for key_pair_id in ring.key_pair_ids:
                try:
                    removable_at = ring.removable_at(key_pair_id, max_expires_in)
                except ConfigurationError:
                    continue  # the newest key, or one that the ring has no longer
                yield Observation(removable_at - now, {"cfsign.key_pair.id": key_pair_id})

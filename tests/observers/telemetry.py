"""OpenTelemetry's SDK with exporters in memory."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cfsign.observers.opentelemetry import OpenTelemetryObserver


class Telemetry:
    """An SDK that keeps spans and metrics in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    def make_observer(self, **options: Any) -> OpenTelemetryObserver:
        return OpenTelemetryObserver(
            tracer_provider=self.tracers, meter_provider=self.meters, **options
        )

    def read_spans(self) -> tuple[Any, ...]:
        return self.exporter.get_finished_spans()

    def read_metrics(self) -> dict[str, Any]:
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        ((scope,),) = ([*resource.scope_metrics] for resource in data.resource_metrics)
        assert scope.scope.name == "cfsign"
        return {metric.name: metric for metric in scope.metrics}

    def read_points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        points = self.read_metrics()[name].data.data_points
        return [(dict(point.attributes), point) for point in points]

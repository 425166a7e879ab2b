"""What /metrics says, metric by metric, in the text format of Prometheus."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import Metric, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.exposition import generate_latest

from app import __version__
from app.api.deps import Read
from app.api.meter import BUCKETS, Tally
from app.domain import changes, guards, measures
from app.domain.status import Status

__all__ = ["CONTENT_TYPE", "process", "register", "text"]

FLAGS = {
    "regressed": "Recommendations that came back after they were verified or closed.",
    "unowned": "Unfinished recommendations that nobody is accountable for.",
    "stale": "Recommendations about which nothing was recorded for TRACKER_STALE_DAYS.",
}


@dataclass
class _Collected:
    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def text(families: Iterable[Metric]) -> bytes:
    return generate_latest(_Collected(families))


def register(read: Read) -> Iterator[Metric]:
    """Read from the database now, so that they are the same in every worker."""
    yield InfoMetricFamily("tracker", "The version that answers.", {"version": __version__})
    yield from _recommendations(read)
    yield from _coverage(read)
    seq = int(changes.head(read.session).partition(".")[0])
    yield GaugeMetricFamily("tracker_journal_seq", "The number of the last change.", seq)
    missing = guards.missing_guards(read.session.connection())
    about = "Guards of the journal that are not there: anything but 0 is an alarm."
    yield GaugeMetricFamily("tracker_journal_guards_missing", about, len(missing))


def _recommendations(read: Read) -> Iterator[Metric]:
    rows = measures.counts(read.session, read.actor, stale_days=read.settings.stale_days)
    inspections = sorted({row.inspection for row in rows})
    by_status = {(row.inspection, row.status): row.all for row in rows}
    family = GaugeMetricFamily(
        "tracker_recommendations",
        "Recommendations, those that were voided left out.",
        labels=["inspection", "status"],
    )
    for inspection in inspections:
        for status in Status:
            family.add_metric([inspection, status], by_status.get((inspection, status), 0))
    yield family
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for name in ("overdue", "possibly_overdue", *FLAGS):
            sums[row.inspection, name] += row._mapping[name]
    family = GaugeMetricFamily(
        "tracker_recommendations_overdue",
        "Unfinished recommendations whose due date has passed, or (possibly) may have.",
        labels=["inspection", "certainty"],
    )
    for inspection in inspections:
        family.add_metric([inspection, "yes"], sums[inspection, "overdue"])
        family.add_metric([inspection, "possibly"], sums[inspection, "possibly_overdue"])
    yield family
    for name, about in FLAGS.items():
        family = GaugeMetricFamily(f"tracker_recommendations_{name}", about, labels=["inspection"])
        for inspection in inspections:
            family.add_metric([inspection], sums[inspection, name])
        yield family


def _coverage(read: Read) -> Iterator[Metric]:
    stated = GaugeMetricFamily(
        "tracker_inspection_recommendations_stated",
        "How many an inspection is known to have made; left out where that is not known.",
        labels=["inspection"],
    )
    held = GaugeMetricFamily(
        "tracker_inspection_recommendations_held",
        "How many of an inspection's are held here.",
        labels=["inspection"],
    )
    for row in measures.coverage(read.session, read.actor):
        held.add_metric([row.slug], row.held_count)
        if row.stated_count is not None:
            stated.add_metric([row.slug], row.stated_count)
    yield from (stated, held)


def process(read: Read) -> Iterator[Metric]:
    """Of the worker that answers, and so labelled: another one may answer the next scrape."""
    worker, tally = str(os.getpid()), read.request.app.state.tally
    yield from _http(tally, worker)
    for family in ProcessCollector(registry=None).collect():
        family.samples = [
            sample._replace(labels={"worker": worker, **sample.labels}) for sample in family.samples
        ]
        yield family


def _http(tally: Tally, worker: str) -> Iterator[Metric]:
    labels = ["worker", "method", "route", "status"]
    answered = CounterMetricFamily(
        "tracker_http_requests", "Requests that this worker answered.", labels=labels
    )
    took = HistogramMetricFamily(
        "tracker_http_request_duration_seconds",
        "How long this worker took, until the last byte was handed over.",
        labels=labels,
    )
    bounds = [*(str(bucket) for bucket in BUCKETS), "+Inf"]
    for key, numbers, seconds in tally.rows():
        answered.add_metric([worker, *key], numbers[-1])
        took.add_metric([worker, *key], list(zip(bounds, numbers, strict=True)), seconds)
    yield from (answered, took)

"""Made-up results that meet every limit."""

from benchmarks import names
from benchmarks.memory import CASES, COUNTS
from benchmarks.results import Measurement, Results
from benchmarks.sites import ADAPTERS

MICRO = 1e-6
ROUNDS = (0.9, 1.0, 1.3)  # the machine gets slower, for all subjects

SECONDS = {
    names.URL_RSA: {
        names.LIMIT: 220e-6,
        names.CFSIGN: 221.5e-6,
        names.BOTOCORE: 228e-6,
        names.AWS_SDK: 550e-6,
        names.AWS_SDK_OBJECT: 310e-6,
    },
    names.URL_P256: {
        names.LIMIT: 23e-6,
        names.LIMIT_RANDOM: 21e-6,
        names.CFSIGN: 24.5e-6,
    },
    names.URL_PURE: {names.LIMIT: 19e-3, names.CFSIGN: 6e-3},
    names.OUR_PART: {names.CFSIGN: 1.4e-6, names.BOTOCORE: 7.0e-6},
    names.MANY: {names.CFSIGN: 0.2e-6, names.BOTOCORE: 229e-6},
    names.STABLE: {names.CFSIGN: 2e-6, names.BOTOCORE: 228e-6},
    names.PLAYLIST: {names.HUNDRED: 22e-3, names.CFSIGN: 15e-3},
    names.BULK_RSA: {names.ONE_WORKER: 222e-6, names.TWO_WORKERS: 113e-6},
    names.BULK_PURE: {names.ONE_WORKER: 6e-3, names.TWO_WORKERS: 3.2e-3},
    names.IMPORT: {
        names.BARE_INTERPRETER: 12e-3,
        names.CFSIGN: 32e-3,
        names.BOTOCORE_SIGNERS: 112e-3,
    },
}
KINDS = {
    names.BARE: (4000, 250e-6),
    names.STABLE_WARM: (3900, 256e-6),
    names.SIGNED_P256: (3600, 300e-6),
    names.SIGNED_RSA: (2000, 500e-6),
}
VIEWS = {names.BARE: 100e-6, names.SIGNED: 112e-6, names.STABLE_WARM: 103e-6}


def make_results():
    machine = {"processor": "A", "cores": "2", "Python": "CPython 3.11.7"}
    results = Results("2026-11-25", False, machine, {})

    def add(case, subject, unit, figure, at=None):
        samples = tuple(figure * share for share in ROUNDS)
        results.measurements.append(Measurement(case, subject, unit, samples, at))

    for case, subjects in SECONDS.items():
        for subject, seconds in subjects.items():
            add(case, subject, "s", seconds)
    for adapter in ADAPTERS:
        for kind, (rate, seconds) in KINDS.items():
            add(f"{names.RATE}: {adapter}", kind, "/s", rate)
            add(f"{names.CPU}: {adapter}", kind, "s", seconds)
        for kind, seconds in VIEWS.items():
            add(f"{names.VIEW}: {adapter}", kind, "s", seconds)
    for case in CASES:
        for count in COUNTS:
            add(names.MEMORY, case, "MB", 30, count)
    for case in names.GROWTHS[:4]:
        for count in (1000, 10_000, 100_000, 1_000_000):
            add(case, names.CFSIGN, "s", count * MICRO, count)
    for count in (1, 2, 3, 4, 5):
        add(names.GROW_KEYS, names.CFSIGN, "s", 3 * MICRO, count)
        add(names.GROW_SEGMENTS, names.CFSIGN, "s", 3 * MICRO * count**0.5, count)
    return results

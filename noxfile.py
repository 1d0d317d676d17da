"""
The checks that are too slow for every change.

They cover each supported Python, the oldest dependencies, the bare install, the built wheel, the
slow tests and the fuzzers. With pyenv, make the versions available first:
PYENV_VERSION=3.11:3.12:3.13 nox
"""

import json
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
ROOT = Path(__file__).parent
CORE_TESTS = [
    "tests/signing",
    "tests/keys",
    "tests/keyring",
    "tests/config",
    "tests/views",
    "tests/checking",
    "tests/edge",
    "tests/test_exports.py",
]

PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")["project"]
EXTRAS = [
    "cryptography",
    "flask",
    "django",
    "falcon",
    "starlette",
    "cli",
    "demo",
    "edge",
    "otel",
    "parquet",
]

nox.options.error_on_missing_interpreters = True
nox.options.reuse_existing_virtualenvs = True


def list_floors(extras: list[str]) -> list[str]:
    """Return the oldest allowed release of each dependency, as requirements."""
    declared = list(PROJECT["dependencies"])
    for extra in extras:
        declared += PROJECT["optional-dependencies"][extra]
    floors = [each.replace(">=", "==") for each in declared if not each.startswith(PROJECT["name"])]
    # The oldest releases that work of what Django and rsa bring. rsa also allows a pyasn1 that has
    # no BitString.fromOctetString, but pip does not install it unless it is pinned.
    return [*floors, "asgiref==3.8.1", "pyasn1==0.4.8"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the newest dependencies that this Python supports."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that pyproject.toml allows."""
    session.install("-e", ".[test]", *list_floors(EXTRAS))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS[0])
def audit(session: nox.Session) -> None:
    """Look for known advisories of the oldest and the newest dependencies. It needs pypi.org."""
    session.install("pip-audit")
    folder = Path(session.create_tmp())
    every = [*EXTRAS, "aws", "kms", "testing"]
    for name, floors in (("oldest", list_floors(every)), ("newest", [])):
        report, resolved = folder / f"{name}.json", folder / f"{name}.txt"
        # Resolved, not installed, so that the packages of pip-audit are not audited.
        resolve = ("install", "--dry-run", "--ignore-installed", "--quiet", "--report", str(report))
        session.run("python", "-m", "pip", *resolve, f"{ROOT}[{','.join(every)}]", *floors)
        packages = [each["metadata"] for each in json.loads(report.read_text())["install"]]
        lines = [f"{each['name']}=={each['version']}\n" for each in packages]
        resolved.write_text("".join(line for line in lines if not line.startswith(PROJECT["name"])))
        # Strict: a package that cannot be looked up fails too.
        session.run("pip-audit", "--strict", "--no-deps", "--disable-pip", "-r", str(resolved))


@nox.session(python=PYTHONS)
def bare(session: nox.Session) -> None:
    """Run the tests of the core with `rsa` as the only dependency."""
    session.install("-e", ".")
    session.install("hypothesis", "pytest", "pytest-randomly", "time-machine")
    for absent in ("cryptography", "flask", "django", "falcon", "starlette", "botocore", "click"):
        session.run(
            "python", "-c", f"import importlib.util as u; assert not u.find_spec('{absent}')"
        )
    session.run("pytest", *CORE_TESTS)


@nox.session(python=PYTHONS[0])
def fuzz(session: nox.Session) -> None:
    """Fuzz the key loaders for 60 seconds, or for a given time: nox -s fuzz -- SECONDS."""
    session.install("-e", ".[cryptography]", "atheris")
    session.run("python", "tests/fuzz/fuzz_keys.py", *session.posargs)


@nox.session(python=PYTHONS[0])
def bench(session: nox.Session) -> None:
    """Compare the speed with that of other libraries; nox -s bench -- --quick is a short trial."""
    session.install("-e", ".[bench]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Run the linters, the type checker and the import contracts."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python=PYTHONS[0])
def wheel(session: nox.Session) -> None:
    """Run the tests against the installed wheel, in another folder."""
    folder = Path(session.create_tmp())
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    session.install("--force-reinstall", f"{built}[test]")
    session.chdir(folder)
    session.run("python", "-c", "import cfsign; assert 'site-packages' in cfsign.__file__")
    session.run(
        "pytest",
        "-n",
        "auto",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        ".",
        str(ROOT / "tests"),
    )


@nox.session(python=PYTHONS[0])
def slow(session: nox.Session) -> None:
    """Run the tests marked `slow`, which take about 20 minutes on two cores."""
    session.install("-e", ".[test]")
    session.run("pytest", "-m", "slow", "-s", *session.posargs)


@nox.session(python=PYTHONS[0])
def matcher(session: nox.Session) -> None:
    """Compare the wildcard matcher with the simple one over more than a million pairs."""
    session.install("-e", ".[test]")
    environment = {"CFSIGN_MATCHER_EXAMPLES": "4000"}
    session.run("pytest", "tests/checking/test_matching.py", "-k", "slow_matcher", env=environment)


@nox.session(python=PYTHONS[0])
def tenants(session: nox.Session) -> None:
    """Load each adapter with two tenants for 30 seconds, or longer: nox -s tenants -- SECONDS."""
    session.install("-e", ".[test]")
    environment = {"CFSIGN_TENANT_SECONDS": (session.posargs or ["30"])[0]}
    tests = ("tests/conformance/test_conformance.py", "-k", "two_tenants_at_once")
    session.run("pytest", *tests, env=environment)


@nox.session(python=PYTHONS[0])
def fuzz_edge(session: nox.Session) -> None:
    """Fuzz the local edge for 60 seconds, or for a given time: nox -s fuzz_edge -- SECONDS."""
    session.install("-e", ".[cryptography]")
    session.install("atheris")
    session.run("python", "tests/fuzz/fuzz_edge.py", *(session.posargs or ["60"]))


@nox.session(python=PYTHONS[0])
def worst_requests(session: nox.Session) -> None:
    """Search for the request that costs the edge most: nox -s worst_requests -- SECONDS."""
    session.install("-e", ".[cryptography]")
    session.run("python", "tests/fuzz/worst_requests.py", *(session.posargs or ["60"]))

"""
The slower checks: every Python, the oldest dependencies, the bare install, the built wheel,
the fuzzers.

With pyenv, name the versions that it should offer: PYENV_VERSION=3.11:3.12:3.13 nox
"""

from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
ROOT = Path(__file__).parent

nox.options.error_on_missing_interpreters = True
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests with everything installed, the newest of each that the Python takes."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run all tests with the oldest of each dependency that pyproject.toml declares."""
    project = nox.project.load_toml(ROOT / "pyproject.toml")["project"]
    declared = list(project["dependencies"])
    for extra in ("cryptography", "flask", "django", "falcon", "cli", "demo", "parquet"):
        declared += project["optional-dependencies"][extra]
    floors = [
        requirement.replace(">=", "==")
        for requirement in declared
        if not requirement.startswith(project["name"])
    ]
    # What Flask 3.0 and Django 5.2 declare themselves.
    floors += ["werkzeug==3.0", "asgiref==3.8.1"]
    session.install("-e", ".[test]", *floors)
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS)
def bare(session: nox.Session) -> None:
    """Run the core's tests on the bare install: `rsa` and nothing else."""
    session.install("-e", ".")
    session.install("hypothesis", "pytest", "pytest-randomly", "time-machine")
    for absent in ("cryptography", "flask", "django", "falcon", "botocore", "click"):
        session.run(
            "python", "-c", f"import importlib.util as u; assert not u.find_spec('{absent}')"
        )
    session.run("pytest", "tests/signing", "tests/checking", "tests/test_exports.py")


@nox.session(python=PYTHONS[0])
def fuzz(session: nox.Session) -> None:
    """Search for a key file that breaks the loaders: nox -s fuzz -- SECONDS, 60 if left out."""
    session.install("-e", ".[cryptography]", "atheris")
    session.run("python", "tests/fuzz/fuzz_keys.py", *session.posargs)


@nox.session(python=PYTHONS[0])
def bench(session: nox.Session) -> None:
    """Measure the library beside its peers, in minutes; nox -s bench -- --quick to try it out."""
    session.install("-e", ".[bench]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Run the linters, the type checker and the import contract."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python=PYTHONS[0])
def wheel(session: nox.Session) -> None:
    """Run the tests against the installed wheel, from another folder."""
    folder = Path(session.create_tmp())
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    session.install("--force-reinstall", f"{built}[test]")
    session.chdir(folder)
    session.run("python", "-c", "import cfsign; assert 'site-packages' in cfsign.__file__")
    session.run("pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".", str(ROOT / "tests"))


@nox.session(python=PYTHONS[0])
def mutations(session: nox.Session) -> None:
    """Try every one-byte mutation of 1,000 signed URLs and cookie sets: some 20 minutes."""
    session.install("-e", ".[test]")
    environment = {"CFSIGN_MUTATED": "1000"}
    session.run("pytest", "tests/explanation/test_mutations.py", *session.posargs, env=environment)


@nox.session(python=PYTHONS[0])
def matcher(session: nox.Session) -> None:
    """Compare the wildcard matcher with the slow one over more than a million pairs."""
    session.install("-e", ".[test]")
    environment = {"CFSIGN_MATCHER_EXAMPLES": "4000"}
    session.run("pytest", "tests/checking/test_matching.py", "-k", "slow_matcher", env=environment)


@nox.session(python=PYTHONS[0])
def fuzz_edge(session: nox.Session) -> None:
    """Fuzz the local edge, guided by coverage, for 60 seconds or as many as are given."""
    session.install("-e", ".[cryptography]")
    session.install("atheris")
    session.run("python", "tests/fuzz/fuzz_edge.py", *(session.posargs or ["60"]))


@nox.session(python=PYTHONS[0])
def worst_requests(session: nox.Session) -> None:
    """Search for the request that costs the edge most, for 60 seconds or as many as are given."""
    session.install("-e", ".[cryptography]")
    session.run("python", "tests/fuzz/worst_requests.py", *(session.posargs or ["60"]))

"""The built wheel and sdist hold what they should, and nothing else."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build")
pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[1]
PACKAGES = ("cfsign", "cfsign_django", "cfsign_falcon", "cfsign_flask", "cfsign_pytest")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both, with the build back end that is installed."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def sources():
    """Name every file of the packages, as it stands in the checkout."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_packages_and_the_licence(built):
    """Each source file, the types' marker and the demo's pages among them; no tests."""
    (wheel,) = built.glob("*.whl")
    assert wheel.name.startswith("cloudfront_cfsign-")
    names = set(zipfile.ZipFile(wheel).namelist())
    in_packages = {name for name in names if ".dist-info/" not in name}
    assert in_packages == sources()
    assert {f"{package}/py.typed" for package in PACKAGES} <= in_packages
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    (entry_points,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
    text = zipfile.ZipFile(wheel).read(entry_points).decode("utf-8")
    assert "[console_scripts]\ncfsign = cfsign.cli:main" in text
    assert "[pytest11]\ncfsign = cfsign_pytest" in text


def test_the_metadata_names_the_licence_and_asks_for_rsa_alone(built):
    """Everything else is an extra."""
    (wheel,) = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = archive.read(name).decode("utf-8").splitlines()
    assert "License-Expression: MIT" in lines
    assert "Requires-Python: >=3.11" in lines
    required = [line for line in lines if line.startswith("Requires-Dist:")]
    assert [line for line in required if "extra ==" not in line] == ["Requires-Dist: rsa>=4.9"]


@pytest.mark.parametrize("framework", ["django", "falcon", "flask"])
def test_a_frameworks_extra_brings_the_fast_backend(framework):
    """A server signs on every request."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    backend, brought = extras[framework]
    assert backend == "cloudfront-cfsign[cryptography]"
    assert re.split(r"[^a-z]", brought)[0] == framework
    (everything,) = extras["all"]
    assert framework in re.split(r"[\[\],]", everything)


def test_the_sdist_holds_the_sources_and_the_tests(built):
    """Enough to build and to test from it; the tests run the examples."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert sources() <= names
    assert {"pyproject.toml", "README.md", "LICENSE", "noxfile.py"} <= names
    assert {"CHANGELOG.md", "CONTRIBUTING.md"} <= names
    assert "tests/test_packaging.py" in names
    assert "docs/keys.md" in names
    assert "examples/django_site/manage.py" in names
    assert not [name for name in names if name.endswith((".pem", ".pyc"))]


WITHOUT = """
import sys
sys.modules[{missing!r}] = None
try:
    import {package}
except ModuleNotFoundError as error:
    print(error.name, error)
"""


@pytest.mark.parametrize(
    ("package", "framework", "other"),
    [
        ("cfsign_flask", "flask", "werkzeug"),
        ("cfsign_falcon", "falcon", "falcon.errors"),
        ("cfsign_falcon.asgi", "falcon", "falcon.errors"),
    ],
)
def test_without_its_framework_an_adapter_names_the_extra(package, framework, other):
    """And of whatever else is missing, nothing is said that would hide it."""
    pytest.importorskip(framework)
    for missing in (framework, other):
        code = WITHOUT.format(missing=missing, package=package)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.startswith(missing)
        mend = f"pip install 'cloudfront-cfsign[{framework}]'"
        assert (mend in done.stdout) is (missing == framework)

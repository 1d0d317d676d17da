"""The wheel and the sdist contain the right files."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement  # a dependency of pytest
from packaging.version import Version

pytest.importorskip("build")
pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "cfsign",
    "cfsign_django",
    "cfsign_falcon",
    "cfsign_flask",
    "cfsign_pytest",
    "cfsign_starlette",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both with the installed build back end, and return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def list_sources():
    """Return the paths of all files of the packages."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_contains_the_packages_and_the_licence(built):
    """All source files, with `py.typed` and the demo's pages, and no tests."""
    (wheel,) = built.glob("*.whl")
    assert wheel.name.startswith("cloudfront_cfsign-")
    names = set(zipfile.ZipFile(wheel).namelist())
    in_packages = {name for name in names if ".dist-info/" not in name}
    assert in_packages == list_sources()
    assert {f"{package}/py.typed" for package in PACKAGES} <= in_packages
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    (entry_points,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
    text = zipfile.ZipFile(wheel).read(entry_points).decode("utf-8")
    assert "[console_scripts]\ncfsign = cfsign.cli:main" in text
    assert "[pytest11]\ncfsign = cfsign_pytest" in text


def test_metadata_has_the_licence_and_one_dependency(built):
    (wheel,) = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = archive.read(name).decode("utf-8").splitlines()
    assert "License-Expression: MIT" in lines
    assert "Requires-Python: >=3.11" in lines
    required = [line for line in lines if line.startswith("Requires-Dist:")]
    assert [line for line in required if "extra ==" not in line] == ["Requires-Dist: rsa>=4.9"]


#: The first release of each dependency without a known advisory, as of December 2026.
SAFE = {
    "aiohttp": "3.14.4",
    "click": "8.3.3",
    "cryptography": "50.0.0",
    "dask": "2026.1.0",
    "django": "5.2.19",
    "flask": "3.1.3",
    "flask-cors": "6.0.0",
    "gunicorn": "27.0.0",
    "jinja2": "3.1.6",
    "pyarrow": "23.0.1",
    "pytest": "9.0.3",
    "requests": "2.33.0",
    "starlette": "1.3.1",
    "waitress": "3.0.2",
    "werkzeug": "3.1.9",
}


def test_c8_no_requirement_admits_a_release_with_a_known_advisory():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    floors = {}
    for text in [*project["dependencies"], *(each for extra in extras for each in extra)]:
        requirement = Requirement(text)
        if requirement.name in SAFE:
            floors.setdefault(requirement.name, []).append(requirement.specifier)
    assert floors.keys() == SAFE.keys()
    for name, specifiers in floors.items():
        for specifier in specifiers:
            (floor,) = specifier
            assert floor.operator == ">="
            assert Version(floor.version) >= Version(SAFE[name]), name


@pytest.mark.parametrize("framework", ["django", "falcon", "flask", "starlette"])
def test_framework_extra_includes_cryptography(framework):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    backend, requirement, *_ = extras[framework]
    assert backend == "cloudfront-cfsign[cryptography]"
    assert re.split(r"[^a-z]", requirement)[0] == framework
    (everything,) = extras["all"]
    assert framework in re.split(r"[\[\],]", everything)


def test_sdist_contains_sources_documents_and_tests(built):
    """The tests need the documents and the examples."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert list_sources() <= names
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
        ("cfsign_starlette", "starlette", "starlette.endpoints"),
    ],
)
def test_missing_framework_is_reported_with_its_extra(package, framework, other):
    """An error about another missing module stays unchanged."""
    pytest.importorskip(framework)
    for missing in (framework, other):
        code = WITHOUT.format(missing=missing, package=package)
        completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert completed.stdout.startswith(missing)
        hint = f"pip install 'cloudfront-cfsign[{framework}]'"
        assert (hint in completed.stdout) is (missing == framework)

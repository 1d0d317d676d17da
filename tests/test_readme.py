"""The README's Python runs as it stands, and its settings are those that the code reads."""

import re
from pathlib import Path

import pytest

pytest.importorskip("flask")

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, pem, public_pem, cloudfront_edge):
    """All blocks in one namespace, as a reader would type them."""
    (tmp_path / "private_key.pem").write_text(pem)
    (tmp_path / "public_key.pem").write_text(public_pem)
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "readme"}
    assert len(BLOCKS) == 6
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), namespace)
    app = namespace["app"]
    app.secret_key = "readme"
    client = app.test_client()
    assert client.get("/content/ada/a.txt").status_code == 401
    with client.session_transaction() as session:
        session["user"] = "ada"
    assert client.get("/content/ben/a.txt").status_code == 403
    location = client.get("/content/ada/a.txt").location
    assert namespace["edge"].check(location).allowed
    assert client.get("/books/history").status_code == 303
    assert client.get("/books/chemistry").status_code == 404
    pytest.importorskip("whitenoise")
    namespace["test_a_file_is_good_for_a_minute"](cloudfront_edge, tmp_path)


def test_the_settings_table_names_every_setting():
    """No setting is left out of the table, and none is made up."""
    from cfsign import configuration

    table = README.read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert documented == set(configuration._CHECKS) - {"domain"} | {"password"}
    variables = set(re.findall(r"`CLOUDFRONT_(\w+)`", table))
    assert variables - {"PRIVATE_KEY_FILE", "CONFIG"} == set(configuration._VARIABLES.values())

"""The Dask example, run with an ear on all that goes to the workers and comes from them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cfsign import TrustedKeyGroup

from ..conftest import KEY_PAIR_ID

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "bulk_dask"

# What is said in this process: by the client, by the scheduler, and to it by the workers.
EAVESDROPPING = """
import os, sys
sys.path.insert(0, sys.argv[1])
import cloudpickle
from distributed.comm import tcp

heard = []

def note(frames):
    heard.append(b"".join(bytes(frame) for frame in frames))

to_frames, from_frames = tcp.to_frames, tcp.from_frames

async def to_frames_noted(*arguments, **options):
    frames = await to_frames(*arguments, **options)
    note(frames)
    return frames

async def from_frames_noted(frames, *arguments, **options):
    note(frames)
    return await from_frames(frames, *arguments, **options)

def keep(path):
    with open(path, "wb") as file:
        file.write(b"\\n".join(heard))
    heard.clear()

if __name__ == "__main__":
    tcp.to_frames, tcp.from_frames = to_frames_noted, from_frames_noted
    import sign_data_set
    from dask.distributed import Client, LocalCluster

    sign_data_set.main("urls", "signed")
    keep("said")
    heard.append(cloudpickle.dumps(sign_data_set.sign_data_set("urls", 2000000000).__dask_graph__()))
    keep("graph")
    # The control: the same ears hear a key that is sent.
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        with open(os.environ["CLOUDFRONT_PRIVATE_KEY_FILE"]) as file:
            client.submit(len, file.read()).result()
    keep("control")
"""


def needles(pem: str) -> list[bytes]:
    """What a private key can be recognised by, however it is written down."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = serialization.load_pem_private_key(pem.encode(), None)
    numbers = key.private_numbers()
    secrets = [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]
    # The first lines of the PEM have the public half in them, and no more.
    found = [line.encode() for line in pem.splitlines()[9:-2]]
    for number in secrets:
        size = (number.bit_length() + 7) // 8
        found += [number.to_bytes(size, "big"), number.to_bytes(size, "little")]
        found += [str(number).encode(), f"{number:x}".encode(), f"{number:X}".encode()]
    return found


def is_in(pem: str, haystack: bytes) -> bool:
    return any(needle in haystack for needle in needles(pem))


@pytest.fixture(scope="module")
def said(pem: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the example was run, with what was overheard."""
    pytest.importorskip("dask.dataframe")
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    (folder / "key.pem").write_text(pem)
    (folder / "listen.py").write_text(EAVESDROPPING)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFRONT_")} | {
        "CLOUDFRONT_KEY_PAIR_ID": KEY_PAIR_ID,
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(folder / "key.pem"),
    }
    for command in (
        [str(EXAMPLE / "make_urls.py"), "urls", "4", "50"],
        ["listen.py", str(EXAMPLE)],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout == "200 signed, 0 not\n"
    return folder


def test_the_example_signs_the_data_set(said: Path, trusted_keys: TrustedKeyGroup) -> None:
    pd = pytest.importorskip("pandas")
    signed = pd.read_parquet(said / "signed")
    given = pd.read_parquet(said / "urls")
    assert list(signed) == ["id", "url", "signed_url", "error"]
    assert signed["id"].tolist() == given["id"].tolist()
    assert signed["url"].tolist() == given["url"].tolist()
    assert signed["error"].isna().all()
    assert len({url.split("Expires=")[1][:10] for url in signed["signed_url"]}) == 1
    for plain, url in zip(signed["url"], signed["signed_url"], strict=True):
        assert url.startswith(plain)
        assert trusted_keys.check(url).allowed


def test_no_key_is_in_the_graph(said: Path, pem: str) -> None:
    graph = (said / "graph").read_bytes()
    assert b"sign_frame" in graph
    assert not is_in(pem, graph)


def test_no_key_is_in_what_the_scheduler_and_the_workers_say(said: Path, pem: str) -> None:
    heard = (said / "said").read_bytes()
    assert b"sign_frame" in heard
    assert b"compute-task" in heard
    assert not is_in(pem, heard)


def test_a_key_that_is_sent_is_heard(said: Path, pem: str) -> None:
    assert is_in(pem, (said / "control").read_bytes())


def test_a_key_in_a_graph_is_found_however_it_is_written(pem: str, der: bytes) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    exponent = serialization.load_pem_private_key(pem.encode(), None).private_numbers().d
    for key in (pem, der, exponent, str(exponent), pem.encode(), lambda: pem):
        assert is_in(pem, cloudpickle.dumps({("sign", 0): (len, key)}))
    assert not is_in(pem, cloudpickle.dumps({("sign", 0): (len, "key.pem")}))

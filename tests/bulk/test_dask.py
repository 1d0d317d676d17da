"""The Dask example. All its network traffic is recorded and searched for the private key."""

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

# It records all traffic of this process: of the client, of the scheduler, and from the workers.
RECORDING_PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
import cloudpickle
from distributed.comm import tcp

traffic = []

def record(frames):
    traffic.append(b"".join(bytes(frame) for frame in frames))

to_frames, from_frames = tcp.to_frames, tcp.from_frames

async def recorded_to_frames(*arguments, **options):
    frames = await to_frames(*arguments, **options)
    record(frames)
    return frames

async def recorded_from_frames(frames, *arguments, **options):
    record(frames)
    return await from_frames(frames, *arguments, **options)

def save(path):
    with open(path, "wb") as file:
        file.write(b"\\n".join(traffic))
    traffic.clear()

if __name__ == "__main__":
    tcp.to_frames, tcp.from_frames = recorded_to_frames, recorded_from_frames
    import sign_data_set
    from dask.distributed import Client, LocalCluster

    sign_data_set.main("urls", "signed")
    save("traffic")
    dataset = sign_data_set.sign_data_set("urls", 2000000000)
    traffic.append(cloudpickle.dumps(dataset.__dask_graph__()))
    save("graph")
    # The control: a key that is sent is found by the same means.
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        with open(os.environ["CLOUDFRONT_PRIVATE_KEY_FILE"]) as file:
            client.submit(len, file.read()).result()
    save("control")
"""


def encodings_of_key(pem: str) -> list[bytes]:
    """Return byte strings of which at least one occurs in every encoding of the private key."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = serialization.load_pem_private_key(pem.encode(), None)
    numbers = key.private_numbers()
    secrets = [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]
    # The first lines of the PEM hold only the public half.
    encodings = [line.encode() for line in pem.splitlines()[9:-2]]
    for number in secrets:
        size = (number.bit_length() + 7) // 8
        encodings += [number.to_bytes(size, "big"), number.to_bytes(size, "little")]
        encodings += [str(number).encode(), f"{number:x}".encode(), f"{number:X}".encode()]
    return encodings


def contains_key(data: bytes, pem: str) -> bool:
    return any(encoding in data for encoding in encodings_of_key(pem))


@pytest.fixture(scope="module")
def recordings(pem: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the example ran, with its recorded traffic."""
    pytest.importorskip("dask.dataframe")
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    (folder / "key.pem").write_text(pem)
    (folder / "record.py").write_text(RECORDING_PROGRAM)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFRONT_")} | {
        "CLOUDFRONT_KEY_PAIR_ID": KEY_PAIR_ID,
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(folder / "key.pem"),
    }
    for command in (
        [str(EXAMPLE / "make_urls.py"), "urls", "4", "50"],
        ["record.py", str(EXAMPLE)],
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


def test_example_signs_the_data_set(recordings: Path, trusted_keys: TrustedKeyGroup) -> None:
    pd = pytest.importorskip("pandas")
    signed = pd.read_parquet(recordings / "signed")
    urls = pd.read_parquet(recordings / "urls")
    assert list(signed) == ["id", "url", "signed_url", "error"]
    assert signed["id"].tolist() == urls["id"].tolist()
    assert signed["url"].tolist() == urls["url"].tolist()
    assert signed["error"].isna().all()
    assert len({url.split("Expires=")[1][:10] for url in signed["signed_url"]}) == 1
    for plain, url in zip(signed["url"], signed["signed_url"], strict=True):
        assert url.startswith(plain)
        assert trusted_keys.check(url).allowed


def test_graph_holds_no_key(recordings: Path, pem: str) -> None:
    graph = (recordings / "graph").read_bytes()
    assert b"sign_frame" in graph
    assert not contains_key(graph, pem)


def test_traffic_holds_no_key(recordings: Path, pem: str) -> None:
    traffic = (recordings / "traffic").read_bytes()
    assert b"sign_frame" in traffic
    assert b"compute-task" in traffic
    assert not contains_key(traffic, pem)


def test_key_that_is_sent_is_found(recordings: Path, pem: str) -> None:
    assert contains_key((recordings / "control").read_bytes(), pem)


def test_key_in_a_graph_is_found_in_every_encoding(pem: str, der: bytes) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    exponent = serialization.load_pem_private_key(pem.encode(), None).private_numbers().d
    for key in (pem, der, exponent, str(exponent), pem.encode(), lambda: pem):
        assert contains_key(cloudpickle.dumps({("sign", 0): (len, key)}), pem)
    assert not contains_key(cloudpickle.dumps({("sign", 0): (len, "key.pem")}), pem)

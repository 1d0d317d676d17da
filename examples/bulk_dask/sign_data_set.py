"""
Sign a partitioned Parquet data set with two worker processes on this machine.

    python sign_data_set.py URLS SIGNED
"""

import sys
import time

import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client, LocalCluster
from signing import sign_frame

LIFETIME = 24 * 60 * 60


def signed(urls: str, expires_at: int) -> dd.DataFrame:
    """Return the data set as it will be: nothing is read yet, nothing signed, no key loaded."""
    frame = dd.read_parquet(urls)
    text = pd.Series(dtype="string")
    # Told here, since Dask would find out by signing, and this process has no need of a key.
    kind = frame._meta.assign(signed_url=text, error=text)
    return frame.map_partitions(sign_frame, expires_at, meta=kind)


def main(urls: str, output: str) -> None:
    """Sign the data set, part by part; each of the workers loads the key once, by itself."""
    # Settled here, so that all expire alike, and so does a part that is done again.
    expires_at = int(time.time()) + LIFETIME
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        signed(urls, expires_at).to_parquet(output)
        done = dd.read_parquet(output, columns=["error"])
        total, faults = len(done), int(done["error"].count().compute())
    print(f"{total - faults} signed, {faults} not")


if __name__ == "__main__":
    main(*sys.argv[1:])

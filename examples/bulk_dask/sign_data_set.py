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

DURATION = 24 * 60 * 60  # seconds


def sign_data_set(urls: str, expires_at: int) -> dd.DataFrame:
    """Return the signed data set. Dask computes it later, in the workers."""
    frame = dd.read_parquet(urls)
    text = pd.Series(dtype="string")
    # Without `meta`, Dask would call sign_frame here to find the columns, and need a key.
    columns = frame._meta.assign(signed_url=text, error=text)
    return frame.map_partitions(sign_frame, expires_at, meta=columns)


def main(urls: str, output: str) -> None:
    """Sign the data set in two workers; each worker loads the key itself, once."""
    # Computed once, so that all URLs expire together, also if a partition is signed again.
    expires_at = int(time.time()) + DURATION
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        sign_data_set(urls, expires_at).to_parquet(output)
        written = dd.read_parquet(output, columns=["error"])
        total, failed = len(written), int(written["error"].count().compute())
    print(f"{total - failed} signed, {failed} not")


if __name__ == "__main__":
    main(*sys.argv[1:])

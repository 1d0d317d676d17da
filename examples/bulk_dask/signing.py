"""The code that each worker runs: load the key and sign a partition."""

import os
from pathlib import Path

import pandas as pd

from cfsign import Signer
from cfsign.bulk import sign_partition


def load_signer() -> Signer:
    """Return a signer with the key that the worker's environment names."""
    return Signer(
        os.environ["CLOUDFRONT_KEY_PAIR_ID"], Path(os.environ["CLOUDFRONT_PRIVATE_KEY_FILE"])
    )


def sign_frame(frame: pd.DataFrame, expires_at: int) -> pd.DataFrame:
    """Sign the column `url`. If a URL cannot be signed, `error` holds the reason."""
    outcomes = list(sign_partition(frame["url"], load_signer, expires_at=expires_at))
    return frame.assign(
        signed_url=pd.Series([one.signed_url for one in outcomes], frame.index, dtype="string"),
        error=pd.Series([one.error for one in outcomes], frame.index, dtype="string"),
    )

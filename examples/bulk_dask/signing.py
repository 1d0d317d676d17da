"""What each worker does, and where it has its key from."""

import os
from pathlib import Path

import pandas as pd

from cfsign import Signer
from cfsign.bulk import sign_partition


def load_signer() -> Signer:
    """Make the signer of the worker's own environment; here, or of AWS KMS: `kms:alias/NAME`."""
    return Signer(
        os.environ["CLOUDFRONT_KEY_PAIR_ID"], Path(os.environ["CLOUDFRONT_PRIVATE_KEY_FILE"])
    )


def sign_frame(frame: pd.DataFrame, expires_at: int) -> pd.DataFrame:
    """Sign the column `url`; a URL that cannot be signed has the reason in `error`."""
    outcomes = list(sign_partition(frame["url"], load_signer, expires_at=expires_at))
    return frame.assign(
        signed_url=pd.Series([one.signed_url for one in outcomes], frame.index, dtype="string"),
        error=pd.Series([one.error for one in outcomes], frame.index, dtype="string"),
    )

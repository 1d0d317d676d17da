"""
Sign many URLs: whole files (`cfsign sign-many`) and partitions of Dask and Spark data sets.

The text of a record is copied byte for byte; the signed URL is added to it. A row that cannot be
signed is rejected with a reason, and the other rows are still signed.
"""

from cfsign.bulk.outcome import Outcome as Outcome
from cfsign.bulk.partition import sign_partition as sign_partition

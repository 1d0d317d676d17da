"""
Signing in bulk: whole files (`cfsign sign-many`), and what an engine hands out (Dask, Spark).

Text is kept to the byte: of a record, what is added is added to its text, and nothing is written
anew. A row that cannot be signed is set aside with the reason, and the rest goes on.
"""

from cfsign.bulk.outcome import Outcome as Outcome
from cfsign.bulk.partition import sign_partition as sign_partition

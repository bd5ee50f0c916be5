"""Point-in-time recovery for AWS SSM Parameter Store and versioned S3 buckets.

``ssmbak.restore`` has the classes of ssmbak 0.5.2 under their old names. `Query` is the API for new programs: it also
says what is unknown at a time, and why.
"""

from ssmbak._native import __version__
from ssmbak.errors import Error, RestoreError
from ssmbak.query import Change, Plan, Query, Restored, Unknown

__all__ = ["Change", "Error", "Plan", "Query", "RestoreError", "Restored", "Unknown", "__version__"]

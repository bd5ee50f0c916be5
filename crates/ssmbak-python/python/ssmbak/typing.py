"""The shapes of what the classes of `ssmbak.restore` return."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NotRequired, TypedDict

SSMType = Literal["SecureString", "String", "StringList"]


class Version(TypedDict):
    """A version of an object, as S3 lists it, with its tags; ``Deleted`` for a delete marker."""

    Key: str
    VersionId: str
    LastModified: datetime
    Size: int
    ETag: str
    StorageClass: str
    IsLatest: bool
    tagset: dict[str, str]
    Deleted: NotRequired[bool]
    Body: NotRequired[str]


class Preview(TypedDict):
    """What a restore would make of a parameter; with ``Deleted``, that it would delete it."""

    Name: str
    Modified: datetime
    Deleted: NotRequired[bool]
    Value: NotRequired[str]
    Type: NotRequired[SSMType]
    Description: NotRequired[str]

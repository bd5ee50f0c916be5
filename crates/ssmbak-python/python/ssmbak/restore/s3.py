"""One key of any versioned bucket at a point in time.

    from ssmbak.restore.s3 import S3Path

    path = S3Path("my/key", at, "us-west-2", "my-bucket")
    path.preview()
    path.body()
    path.restore()
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from ssmbak._session import spelled, time
from ssmbak.restore.aws import Resource, Row, second
from ssmbak.typing import Version


class S3Path(Resource):
    """A key at a point in time, by the times at which S3 stored its versions."""

    def __init__(self, key: str, checktime: datetime, region: str | None, bucketname: str) -> None:
        super().__init__(region, bucketname)
        self._at = spelled(checktime, "checktime")
        self.key = key
        self.checktime = checktime
        self.version: Version | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key}, {second(self.checktime)}, {self.region}, {self.bucketname})"

    def preview(self) -> Version | None:
        """The version or delete marker that was current; None if there is none from then or before."""
        row = self._call("object")
        self.version = None if row is None else cast(Version, Row(row, LastModified=time(row["LastModified"])))
        return self.version

    def body(self) -> str:
        """Its text; empty if it was deleted or there is no version from then or before."""
        version = self.version or self.preview()
        if version is None or version.get("Deleted"):
            return ""
        return self._session.body(self.bucketname, self.key, version["VersionId"]).decode()

    def download_to(self, fileobj: IO[bytes]) -> None:
        """Writes its bytes to a binary file.

        Raises ValueError if it was deleted or there is no version from then or before.
        """
        version = self.version or self.preview()
        if version is None:
            raise ValueError(f"there is no version of {self.key} at or before {self.checktime}")
        if version.get("Deleted"):
            raise ValueError(f"{self.key} was deleted at {version['LastModified']}")
        with tempfile.TemporaryDirectory(prefix="ssmbak-") as directory:
            path = Path(directory) / "body"
            self._call("download", file=str(path))
            with path.open("rb") as file:
                shutil.copyfileobj(file, fileobj)

    def restore(self) -> Version | None:
        """Makes the version current again, or deletes the key again; returns what `preview` returns."""
        version = self.version or self.preview()
        if version is not None:
            self._call("restore_object")
        return version

    def _call(self, operation: str, **arguments: Any) -> Any:
        return self._session.call(operation, bucket=self.bucketname, key=self.key, at=self._at, **arguments)

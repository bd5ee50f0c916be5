"""moto's server on loopback: `python start_moto.py PORT`."""

import sys

import parent_watch
from moto.s3 import responses
from moto.s3.exceptions import MethodNotAllowed, MissingVersion
from moto.server import main


def repair():
    """A delete marker asked for by its version: AWS answers 405, which the original relies on; moto 404."""
    original = responses.S3Response._get_key

    def get_key(self, *args, **kwargs):
        try:
            return original(self, *args, **kwargs)
        except MissingVersion:
            name, version = self.parse_key_name(), self.querystring.get("versionId", [None])[0]
            if self.backend.get_object(self.bucket_name, name, version_id=version, return_delete_marker=True):
                raise MethodNotAllowed(method="GET", resource_type="DeleteMarker") from None
            raise

    responses.S3Response._get_key = get_key


if __name__ == "__main__":
    parent_watch.watch()
    repair()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])

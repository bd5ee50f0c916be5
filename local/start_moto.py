"""moto's server on loopback: `python start_moto.py PORT`."""

import sys
from xml.sax.saxutils import escape

import parent_watch
from moto.s3 import responses
from moto.s3.exceptions import MethodNotAllowed, MissingVersion
from moto.s3.models import FakeKey
from moto.server import main
from moto.ssm import responses as ssm_responses
from moto.ssm.utils import parameter_arn


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


def repair_listing():
    """Versions and delete markers in the order of storing, newest first, as AWS mixes them; moto lists all versions
    first. A key marker alone means what comes behind that key; moto lists the key again, or loses the next one."""
    original = responses.S3Response.list_object_versions

    def list_object_versions(self):
        def asked(name, default=None):
            return self.querystring.get(name, [default])[0]

        if asked("delimiter"):
            return original(self)
        prefix, most = asked("prefix", "") or "", int(asked("max-keys", 1000))
        key_marker, id_marker = asked("key-marker"), asked("version-id-marker")
        keys = self.backend.get_bucket(self.bucket_name).keys
        rows = [
            (name, version.version_id or "null", version, index == 0)
            for name, versions in sorted(keys.iterlists())
            if name.startswith(prefix)
            for index, version in enumerate(reversed(versions))
        ]
        if key_marker and id_marker:
            behind = [i for i, row in enumerate(rows) if row[:2] == (key_marker, id_marker)]
            rows = rows[behind[0] + 1 :] if behind else [row for row in rows if row[0] > key_marker]
        elif key_marker:
            rows = [row for row in rows if row[0] > key_marker]
        page, more = rows[:most], len(rows) > most
        xml = ["<?xml version='1.0' encoding='UTF-8'?><ListVersionsResult>"]
        for name, version_id, version, is_latest in page:
            kind = "Version" if isinstance(version, FakeKey) else "DeleteMarker"
            xml.append(f"<{kind}><Key>{escape(name)}</Key><VersionId>{version_id}</VersionId>")
            xml.append(f"<IsLatest>{str(is_latest).lower()}</IsLatest>")
            xml.append(f"<LastModified>{version.last_modified_ISO8601}</LastModified>")
            if kind == "Version":
                xml.append(f"<ETag>{escape(version.etag)}</ETag><Size>{version.size}</Size>")
                xml.append(f"<StorageClass>{version.storage_class}</StorageClass>")
            xml.append("<Owner><ID>owner</ID></Owner>")
            xml.append(f"</{kind}>")
        xml.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
        if more:
            xml.append(f"<NextKeyMarker>{escape(page[-1][0])}</NextKeyMarker>")
            xml.append(f"<NextVersionIdMarker>{page[-1][1]}</NextVersionIdMarker>")
        xml.append("</ListVersionsResult>")
        return 200, {"Content-Type": "application/xml"}, "".join(xml)

    responses.S3Response.list_object_versions = list_object_versions


def repair_arns():
    """DescribeParameters names the ARN of each parameter; moto leaves it out."""
    original = ssm_responses.SimpleSystemManagerResponse.describe_parameters

    def describe_parameters(self):
        answer = original(self)
        for parameter in answer.result["Parameters"]:
            parameter["ARN"] = parameter_arn(self.current_account, self.region, parameter["Name"])
        return answer

    ssm_responses.SimpleSystemManagerResponse.describe_parameters = describe_parameters


if __name__ == "__main__":
    parent_watch.watch()
    repair()
    repair_arns()
    repair_listing()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])

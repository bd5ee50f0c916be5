"""Where ministack's replication differs from AWS in ways that matter to us, made to agree with it."""

from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.core import iam_evaluator
from ministack.services import s3
from ministack.services.cloudformation import provisioners


def repair():
    """Wraps the calls concerned."""
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("ReplicationConfiguration", _replication_xml, _taken(s3._put_bucket_replication), s3._delete_bucket_replication),
        ("ObjectLockConfiguration", _lock_xml, _taken(s3._put_object_lock_configuration), lambda name: None),
    )
    iam_evaluator._resolve_condition_key = _over_tls(iam_evaluator._resolve_condition_key)
    s3._record_object_version = _same_version_id(s3._record_object_version)
    s3._delete_object = _same_marker_id(s3._delete_object)


def _taken(put):
    """A property that S3 refuses fails the stack, as on AWS."""

    def checked(name, body):
        status, _headers, reply = put(name, body)
        if status >= 300:
            raise ValueError(reply.decode() if isinstance(reply, bytes) else str(reply))

    return checked


def _over_tls(original):
    """Policies are asked as if loopback were TLS, which clients of AWS, and S3 itself when it replicates, always use."""

    def resolve(key, context):
        return "true" if key.lower() == "aws:securetransport" else original(key, context)

    return resolve


def _replication_xml(properties):
    return _xml("ReplicationConfiguration", {"Role": properties["Role"], "Rule": properties["Rules"]})


def _lock_xml(properties):
    return _xml("ObjectLockConfiguration", properties)


def _xml(name, value):
    """CloudFormation spells these properties as S3 does, but for the id of a rule."""
    root = Element(name, xmlns=s3.S3_NS)
    _fill(root, value)
    return tostring(root)


def _fill(parent, value):
    if not isinstance(value, dict):
        parent.text = str(value)
        return
    for key, part in value.items():
        for item in part if isinstance(part, list) else [part]:
            _fill(SubElement(parent, "ID" if key == "Id" else key), item)


def _same_version_id(original):
    """A replica has the version id of what it is a replica of. ministack makes the replica's first."""

    def record(bucket_name, key, prior, obj, data):
        made = original(bucket_name, key, prior, obj, data)
        replica = obj.get("_replica")
        if not made or not replica:
            return made
        version = s3._object_versions[(bucket_name, key)][-1]
        version["version_id"] = obj["version_id"] = replica[1]
        return replica[1]

    return record


def _same_marker_id(original):
    """As above, of delete markers."""

    def delete(bucket_name, key, headers, query_params):
        reply = original(bucket_name, key, headers, query_params)
        config = s3._bucket_replication.get(bucket_name)
        versions = s3._object_versions.get((bucket_name, key), [])
        if not config or not versions or not versions[-1].get("is_delete_marker"):
            return reply
        for rule in config["Rules"]:
            name = rule["Destination"]["Bucket"].split(":::")[-1]
            account = s3._bucket_owner_account(name)
            if not account:
                continue
            with s3._in_account(account):
                replicas = s3._object_versions.get((name, key), [])
            if replicas and replicas[-1].get("is_delete_marker"):
                replicas[-1]["version_id"] = versions[-1]["version_id"]
                replicas[-1]["last_modified"] = versions[-1]["last_modified"]
        return reply

    return delete

#!/bin/sh
# A RADOS Gateway on one node, all of it in memory: `ceph.sh DIR PORT` installs what is missing from Debian's packages,
# starts it below DIR, prints "ready" when it answers on 127.0.0.1:PORT, and ends it when its stdin is closed.
# Exit code 75: it cannot be had here.
set -eu
dir=$1 port=$2
mon=$((port + 1))

# The gateway's user has the keys of all emulators.
key=${AWS_ACCESS_KEY_ID:-test} secret=${AWS_SECRET_ACCESS_KEY:-test}

missing() {
    for program in ceph ceph-mon ceph-osd radosgw radosgw-admin monmaptool; do
        command -v "$program" >/dev/null || return 0
    done
    return 1
}

if missing; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "ceph is not installed, and only root can install it from Debian's packages" >&2
        exit 75
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends ceph-mon ceph-osd radosgw ceph-common; } >&2 || exit 75
    if missing; then
        exit 75
    fi
fi

rm -rf "$dir"
mkdir -p "$dir/mon" "$dir/osd"
cat >"$dir/ceph.conf" <<CONF
[global]
fsid = 7b3c1a52-6a3f-4a8c-9f57-0d1f3a1b2c4d
mon initial members = a
mon host = v1:127.0.0.1:$mon
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
mon allow pool size one = true
mon data = $dir/mon
mon data avail crit = 1
mon pg warn min per osd = 0
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
run dir = $dir
admin socket =
pid file =
log file = $dir/\$name.log
log to stderr = false
err to stderr = false
[client.gateway]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw thread pool size = 64
rgw gc processor period = 3600
CONF
export CEPH_CONF="$dir/ceph.conf" CEPH_ARGS="-c $dir/ceph.conf"

pids=
end() {
    # Only those that were started here.
    for pid in $pids; do
        kill -KILL "$pid" 2>/dev/null || :
    done
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM

fsid=$(sed -n 's/^fsid = //p' "$dir/ceph.conf")
{
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon]" "$dir/monmap"
    ceph-mon --mkfs -i a --monmap "$dir/monmap"
} >&2
ceph-mon -i a -f >&2 &
pids="$pids $!"
uuid=5d0cbd6f-8a0f-43a5-8d24-7a2c7a1bb1c1
{
    timeout 60 ceph osd new "$uuid"
    timeout 60 ceph osd crush add osd.0 1.0 host=localhost root=default
    ceph-osd --mkfs -i 0 --osd-uuid "$uuid"
} >&2
ceph-osd -i 0 -f >&2 &
pids="$pids $!"
timeout 120 radosgw-admin user create --uid tester --display-name tester --access-key "$key" --secret-key "$secret" >&2
radosgw -n client.gateway -f >&2 &
pids="$pids $!"
tries=0
until curl --silent --output /dev/null "http://127.0.0.1:$port/"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 240 ]; then
        echo "the gateway does not answer" >&2
        exit 1
    fi
    sleep 0.25
done
echo ready
# Until whoever started it is gone.
cat >/dev/null

#!/bin/sh
# Takes a snapshot of a database instance or of an Aurora cluster, waits until it can be restored, and prints its name.
# Usage: snapshot.sh instance|cluster DATABASE [SNAPSHOT], for example: snapshot.sh instance shop
# Exits with 0 when it is there, with 2 when it was asked wrongly, else with what the AWS CLI says.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: snapshot.sh instance|cluster DATABASE [SNAPSHOT]" >&2
    exit 2
fi
snapshot=${3:-$2-before-migration-$(date -u +%Y%m%d%H%M%S)}

case $1 in
instance)
    aws rds create-db-snapshot --db-instance-identifier "$2" --db-snapshot-identifier "$snapshot" >/dev/null
    # Gives up after 30 minutes; what comes next waits on. A first snapshot takes as long as the database is large.
    aws rds wait db-snapshot-available --db-snapshot-identifier "$snapshot" ||
        aws rds wait db-snapshot-available --db-snapshot-identifier "$snapshot"
    ;;
cluster)
    aws rds create-db-cluster-snapshot --db-cluster-identifier "$2" \
        --db-cluster-snapshot-identifier "$snapshot" >/dev/null
    aws rds wait db-cluster-snapshot-available --db-cluster-snapshot-identifier "$snapshot" ||
        aws rds wait db-cluster-snapshot-available --db-cluster-snapshot-identifier "$snapshot"
    ;;
*)
    echo "instance or cluster, and not $1" >&2
    exit 2
    ;;
esac
echo "$snapshot"

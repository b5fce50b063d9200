#!/bin/sh
# Makes a new database of a snapshot, or of a point in time, beside the old one, waits until it takes connections, and
# prints its host. The old database stays as it is. Subnets, security groups and parameters are those of the old one.
# Usage: restore.sh instance|cluster OLD NEW SNAPSHOT|TIME, for example:
#   restore.sh instance shop shop-2 shop-before-migration-20261122120000
#   restore.sh cluster shop shop-2 2026-11-22T12:00:00Z
# Exits with 0 when it is there, with 2 when it was asked wrongly, else with what the AWS CLI says.
set -eu
if [ $# -ne 4 ]; then
    echo "usage: restore.sh instance|cluster OLD NEW SNAPSHOT|TIME" >&2
    exit 2
fi
old=$2 new=$3 from=$4

# A restore takes the default security group and parameter group of the account unless it is told others.
restore_instance() {
    groups=$(aws rds describe-db-instances --db-instance-identifier "$old" --output text \
        --query 'DBInstances[0].VpcSecurityGroups[].VpcSecurityGroupId')
    settings=$(aws rds describe-db-instances --db-instance-identifier "$old" --output text \
        --query 'DBInstances[0].[DBSubnetGroup.DBSubnetGroupName, DBParameterGroups[0].DBParameterGroupName, DBInstanceClass]')
    # shellcheck disable=SC2086  # a word each
    set -- $settings
    set -- --db-subnet-group-name "$1" --db-parameter-group-name "$2" --db-instance-class "$3"
    # shellcheck disable=SC2086  # a word each
    case $from in
    *T*:*Z) aws rds restore-db-instance-to-point-in-time --source-db-instance-identifier "$old" \
        --target-db-instance-identifier "$new" --restore-time "$from" --vpc-security-group-ids $groups "$@" ;;
    *) aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier "$from" \
        --db-instance-identifier "$new" --vpc-security-group-ids $groups "$@" ;;
    esac >/dev/null
    wait_for_instance "$new"
    aws rds describe-db-instances --db-instance-identifier "$new" --output text \
        --query 'DBInstances[0].Endpoint.Address'
}

# A cluster has no instance of its own: without one nobody can connect.
restore_cluster() {
    groups=$(aws rds describe-db-clusters --db-cluster-identifier "$old" --output text \
        --query 'DBClusters[0].VpcSecurityGroups[].VpcSecurityGroupId')
    settings=$(aws rds describe-db-clusters --db-cluster-identifier "$old" --output text \
        --query 'DBClusters[0].[DBSubnetGroup, DBClusterParameterGroup, Engine, DBClusterMembers[?IsClusterWriter].DBInstanceIdentifier | [0]]')
    # shellcheck disable=SC2086  # a word each
    set -- $settings
    engine=$3 writer=$4
    set -- --db-subnet-group-name "$1" --db-cluster-parameter-group-name "$2"
    # shellcheck disable=SC2086  # a word each
    case $from in
    *T*:*Z) aws rds restore-db-cluster-to-point-in-time --source-db-cluster-identifier "$old" \
        --db-cluster-identifier "$new" --restore-to-time "$from" --vpc-security-group-ids $groups "$@" ;;
    *) aws rds restore-db-cluster-from-snapshot --snapshot-identifier "$from" --engine "$engine" \
        --db-cluster-identifier "$new" --vpc-security-group-ids $groups "$@" ;;
    esac >/dev/null
    class=$(aws rds describe-db-instances --db-instance-identifier "$writer" --output text \
        --query 'DBInstances[0].DBInstanceClass')
    aws rds create-db-instance --db-instance-identifier "$new-1" --db-cluster-identifier "$new" \
        --engine "$engine" --db-instance-class "$class" >/dev/null
    wait_for_instance "$new-1"
    aws rds describe-db-clusters --db-cluster-identifier "$new" --output text --query 'DBClusters[0].Endpoint'
}

# Gives up after 30 minutes each time.
wait_for_instance() {
    aws rds wait db-instance-available --db-instance-identifier "$1" ||
        aws rds wait db-instance-available --db-instance-identifier "$1"
}

case $1 in
instance) restore_instance ;;
cluster) restore_cluster ;;
*)
    echo "instance or cluster, and not $1" >&2
    exit 2
    ;;
esac

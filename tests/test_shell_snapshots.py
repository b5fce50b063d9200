"""The scripts for a snapshot before a migration and for a restore after it, with the AWS CLI itself."""

import subprocess
from typing import Any

import pytest

from tests.fixtures.aws_stand_in import StandIn
from tests.fixtures.aws_wire import AwsError
from tests.test_shell_examples import CLI, SCRIPTS, run

pytestmark = pytest.mark.skipif(not CLI.exists(), reason=f"{CLI} is not there: run `make test`, which installs it")

AT = "2026-11-22T12:00:00Z"
GROUPS = [{"VpcSecurityGroupId": "sg-1"}, {"VpcSecurityGroupId": "sg-2"}]
INSTANCE = {
    "VpcSecurityGroups": GROUPS,
    "DBSubnetGroup": {"DBSubnetGroupName": "subnets"},
    "DBParameterGroups": [{"DBParameterGroupName": "parameters"}],
    "DBInstanceClass": "db.t4g.medium",
    "DBInstanceStatus": "available",
    "Endpoint": {"Address": "shop-2.example"},
}
CLUSTER = {
    "VpcSecurityGroups": GROUPS,
    "DBSubnetGroup": "subnets",
    "DBClusterParameterGroup": "parameters",
    "Engine": "aurora-postgresql",
    "DBClusterMembers": [
        {"DBInstanceIdentifier": "reader", "IsClusterWriter": False},
        {"DBInstanceIdentifier": "writer", "IsClusterWriter": True},
    ],
    "Endpoint": "shop-2.cluster.example",
}
OF_THE_OLD = {"VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-1", "VpcSecurityGroupIds.VpcSecurityGroupId.2": "sg-2"}


@pytest.fixture
def rds(aws: StandIn) -> StandIn:
    """An account with an instance and a cluster; what is made there is available at once."""
    aws.answer("DescribeDBInstances", {"DBInstances": [INSTANCE]})
    aws.answer("DescribeDBClusters", {"DBClusters": [CLUSTER]})
    aws.answer("DescribeDBSnapshots", {"DBSnapshots": [{"Status": "available"}]})
    aws.answer("DescribeDBClusterSnapshots", {"DBClusterSnapshots": [{"Status": "available"}]})
    for operation in (
        *("CreateDBSnapshot", "CreateDBClusterSnapshot", "CreateDBInstance", "RestoreDBInstanceFromDBSnapshot"),
        *("RestoreDBInstanceToPointInTime", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime"),
    ):
        aws.answer(operation, {})
    return aws


def said(ended: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    return ended.returncode, ended.stdout, ended.stderr


def given(rds: StandIn, operation: str) -> dict[str, Any]:
    """What the only request of a kind asked for, but for the version of the interface."""
    [asked] = rds.of(operation)
    return {name: value for name, value in asked.parameters.items() if name != "Version"}


@pytest.mark.parametrize(("kind", "word"), [("instance", ""), ("cluster", "Cluster")])
def test_a_snapshot_is_taken_and_named(rds: StandIn, kind: str, word: str) -> None:
    named, dated = (run(rds, "sh", SCRIPTS / "snapshot.sh", kind, "shop", *more) for more in (["before"], []))

    assert said(named) == (0, "before\n", "")
    assert dated.stdout.startswith("shop-before-migration-20")
    taken = [asked.parameters for asked in rds.of(f"CreateDB{word}Snapshot")]
    assert [asked[f"DB{word or 'Instance'}Identifier"] for asked in taken] == ["shop", "shop"]
    assert [asked[f"DB{word}SnapshotIdentifier"] for asked in taken] == ["before", dated.stdout.strip()]
    assert len(rds.of(f"DescribeDB{word}Snapshots")) == 2


def test_a_snapshot_that_failed_or_was_refused_is_not_told_as_one(rds: StandIn) -> None:
    rds.answer("DescribeDBSnapshots", {"DBSnapshots": [{"Status": "failed"}]})
    failed = run(rds, "sh", SCRIPTS / "snapshot.sh", "instance", "shop")
    rds.answer("CreateDBSnapshot", AwsError("SnapshotQuotaExceeded", "too many"))
    refused = run(rds, "sh", SCRIPTS / "snapshot.sh", "instance", "shop")

    assert (failed.returncode not in (0, 2), failed.stdout) == (True, "")
    assert (refused.returncode not in (0, 2), refused.stdout, "too many" in refused.stderr) == (True, "", True)


@pytest.mark.parametrize(
    ("origin", "operation", "asked"),
    [
        (
            "before",
            "RestoreDBInstanceFromDBSnapshot",
            {"DBSnapshotIdentifier": "before", "DBInstanceIdentifier": "shop-2"},
        ),
        (
            AT,
            "RestoreDBInstanceToPointInTime",
            {
                "SourceDBInstanceIdentifier": "shop",
                "TargetDBInstanceIdentifier": "shop-2",
                "RestoreTime": AT,
            },
        ),
    ],
)
def test_an_instance_is_restored_beside_the_old_one_with_its_groups(
    rds: StandIn, origin: str, operation: str, asked: dict[str, str]
) -> None:
    assert said(run(rds, "sh", SCRIPTS / "restore.sh", "instance", "shop", "shop-2", origin)) == (
        0,
        "shop-2.example\n",
        "",
    )
    assert given(rds, operation) == {
        **asked,
        **OF_THE_OLD,
        "DBSubnetGroupName": "subnets",
        "DBParameterGroupName": "parameters",
        "DBInstanceClass": "db.t4g.medium",
    }
    assert rds.asked[-1].parameters["DBInstanceIdentifier"] == "shop-2"


@pytest.mark.parametrize(
    ("origin", "operation", "asked"),
    [
        (
            "before",
            "RestoreDBClusterFromSnapshot",
            {"SnapshotIdentifier": "before", "Engine": "aurora-postgresql"},
        ),
        (AT, "RestoreDBClusterToPointInTime", {"SourceDBClusterIdentifier": "shop", "RestoreToTime": AT}),
    ],
)
def test_a_cluster_is_restored_with_an_instance_like_the_old_writer(
    rds: StandIn, origin: str, operation: str, asked: dict[str, str]
) -> None:
    assert said(run(rds, "sh", SCRIPTS / "restore.sh", "cluster", "shop", "shop-2", origin)) == (
        0,
        "shop-2.cluster.example\n",
        "",
    )
    assert given(rds, operation) == {
        **asked,
        **OF_THE_OLD,
        "DBClusterIdentifier": "shop-2",
        "DBSubnetGroupName": "subnets",
        "DBClusterParameterGroupName": "parameters",
    }
    assert given(rds, "CreateDBInstance") == {
        "DBInstanceIdentifier": "shop-2-1",
        "DBClusterIdentifier": "shop-2",
        "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.t4g.medium",
    }
    assert "writer" in [asked.parameters["DBInstanceIdentifier"] for asked in rds.of("DescribeDBInstances")]


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_a_restore_that_is_refused_prints_no_host(rds: StandIn, kind: str) -> None:
    for operation in ("RestoreDBInstanceFromDBSnapshot", "RestoreDBClusterFromSnapshot"):
        rds.answer(operation, AwsError("DBSnapshotNotFound", "no such snapshot", 404))

    ended = run(rds, "sh", SCRIPTS / "restore.sh", kind, "shop", "shop-2", "before")

    assert (ended.returncode not in (0, 2), ended.stdout, "no such snapshot" in ended.stderr) == (True, "", True)
    assert rds.of("CreateDBInstance") == []


@pytest.mark.parametrize(
    "asked",
    [
        ["snapshot.sh"],
        ["snapshot.sh", "shop", "shop"],
        ["restore.sh", "instance", "shop", "shop-2"],
        ["restore.sh", "shop", "shop", "shop-2", "x"],
    ],
)
def test_who_asks_wrongly_is_told_and_nothing_is_sent(rds: StandIn, asked: list[str]) -> None:
    ended = run(rds, "sh", SCRIPTS / asked[0], *asked[1:])

    assert (ended.returncode, ended.stdout, bool(ended.stderr), rds.asked) == (2, "", True, [])

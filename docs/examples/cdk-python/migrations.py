"""Recommended: the function is a custom resource.

CloudFormation runs it when the migrations change and shows its errors in the stack's events; a rollback changes nothing
and succeeds.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk.aws_secretsmanager import ISecret
from constructs import Construct

from runner import Runner


class Migrations(Construct):
    def __init__(
        self, scope: Construct, id: str, *, vpc: ec2.IVpc, database: rds.IDatabaseInstance, secret: ISecret
    ) -> None:
        super().__init__(scope, id)
        runner = Runner(self, "Runner", vpc=vpc, database=database, secret=secret)
        run = cdk.CustomResource(
            self,
            "Run",
            resource_type="Custom::Migrations",
            service_token=runner.function.function_arn,  # no version, no alias: CloudFormation never lets it change
            service_timeout=cdk.Duration.minutes(35),  # twice the function's 15, the minute before a retry, a reserve
            properties={
                "MigrationsLayerArn": runner.layer.layer_version_arn,  # changes with the migrations: an update is sent
            },
        )
        # It needs the way in (the function's rights, the database's ingress), and the VPC's way out to answer a delete.
        run.node.add_dependency(runner, database, vpc)

"""The second choice: the CDK's Trigger, which invokes each new version of the function once.

It knows no rollback and no options, its errors are shorter, and it runs only with a feature flag that old projects do
not have.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import triggers
from aws_cdk.aws_secretsmanager import ISecret
from constructs import Construct

from runner import Runner

FLAG = "@aws-cdk/aws-lambda:recognizeLayerVersion"  # in the context of cdk.json


class Migrations(Construct):
    def __init__(
        self, scope: Construct, id: str, *, vpc: ec2.IVpc, database: rds.IDatabaseInstance, secret: ISecret
    ) -> None:
        super().__init__(scope, id)
        # Without the flag a new layer makes no new version: a new migration would silently not be applied.
        if not cdk.FeatureFlags.of(self).is_enabled(FLAG):
            raise ValueError(f"Set {FLAG} to true in cdk.json.")
        runner = Runner(self, "Runner", vpc=vpc, database=database, secret=secret)
        trigger = triggers.Trigger(self, "Run", handler=runner.function, timeout=cdk.Duration.minutes(15))
        trigger.node.add_dependency(runner, database, vpc)

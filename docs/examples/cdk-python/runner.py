"""The function that applies the migrations, and the layer that holds them."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk.aws_secretsmanager import ISecret
from constructs import Construct


def migrations_layer(scope: Construct) -> lambda_.LayerVersion:
    """Only migrations/ of the folder goes into the layer, where the function finds it as /opt/migrations."""
    return lambda_.LayerVersion(
        scope,
        "Layer",
        code=lambda_.Code.from_asset("../packages/prisma", exclude=["**", "!migrations", "!migrations/**"]),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )


class Runner(Construct):
    """`secret` holds the credentials; a database's own secret is attached to it, so that it holds the host."""

    def __init__(
        self, scope: Construct, id: str, *, vpc: ec2.IVpc, database: rds.IDatabaseInstance, secret: ISecret
    ) -> None:
        super().__init__(scope, id)
        self.layer = migrations_layer(self)
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset("../vendor/migrate-lambda/migrate-lambda.zip"),
            handler="lambda_fn.handler.lambda_handler",
            runtime=lambda_.Runtime.PYTHON_3_14,  # what the release is made for, as is the architecture
            architecture=lambda_.Architecture.ARM_64,
            layers=[self.layer],
            memory_size=512,
            timeout=cdk.Duration.minutes(15),
            # One more try, which ends before CloudFormation gives up.
            retry_attempts=1,
            max_event_age=cdk.Duration.minutes(20),
            environment={"MIGRATE_SECRET_ID": secret.secret_arn},
            vpc=vpc,
            log_group=logs.LogGroup(
                self,
                "Logs",
                retention=logs.RetentionDays.ONE_YEAR,
                removal_policy=cdk.RemovalPolicy.RETAIN,  # the logs that say why a first deployment failed
            ),
        )
        secret.grant_read(self.function)
        database.connections.allow_default_port_from(self.function, "Migrations")

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


def name_for_invoke(scope: Construct, name: str) -> None:
    """The stack's output FunctionName."""
    output = cdk.CfnOutput(scope, "Name", description="For `migrate-lambda invoke`", value=name)
    output.override_logical_id("FunctionName")


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
        # Below this construct, where allow_default_port_from would make it below the database's group: what depends on
        # the runner waits for this rule, also when the group is looked up.
        for index, group in enumerate(database.connections.security_groups):
            ec2.CfnSecurityGroupIngress(
                self,
                f"Ingress{index}",
                description="Migrations",
                group_id=group.security_group_id,
                source_security_group_id=self.function.connections.security_groups[0].security_group_id,
                ip_protocol="tcp",
                from_port=database.instance_endpoint.port,
                to_port=database.instance_endpoint.port,
            )
        name_for_invoke(self, self.function.function_name)

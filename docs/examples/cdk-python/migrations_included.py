"""The third: the release's own template, with its alarms, dashboard and least rights, as a nested stack.

Its parameters stay parameters of the nested stack. CfnInclude(parameters=…) would write them into the template's
conditions, where CloudFormation takes no reference to a resource.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk.aws_secretsmanager import ISecret
from aws_cdk.cloudformation_include import CfnInclude
from constructs import Construct

from runner import migrations_layer, name_for_invoke


class Migrations(Construct):
    def __init__(
        self, scope: Construct, id: str, *, vpc: ec2.IVpc, database: rds.IDatabaseInstance, secret: ISecret
    ) -> None:
        super().__init__(scope, id)
        layer = migrations_layer(self)
        parameters = {
            "RunMigrations": "false",
            "MigrationsLayerArn": layer.layer_version_arn,
            "SecretArn": secret.secret_arn,
            "VpcId": vpc.vpc_id,
            "SubnetIds": ",".join(vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids),
            "DatabaseSecurityGroupId": database.connections.security_groups[0].security_group_id,
        }
        nested = cdk.NestedStack(self, "Runner", parameters=parameters)
        template = CfnInclude(nested, "Release", template_file="../vendor/migrate-lambda/migrations.yaml")
        code = s3_assets.Asset(nested, "Code", path="../vendor/migrate-lambda/migrate-lambda.zip")
        function = template.get_resource("MigrateFunction")
        function.code = lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key)
        run = cdk.CustomResource(
            self,
            "Run",
            resource_type="Custom::Migrations",
            service_token=function.attr_arn,
            service_timeout=cdk.Duration.minutes(35),
            properties={"MigrationsLayerArn": layer.layer_version_arn},
        )
        run.node.add_dependency(nested, database, vpc)
        name_for_invoke(self, function.ref)

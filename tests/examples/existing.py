"""The app of a team that has the VPC, the database and its group already, as app.py's comment says; in its folder."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from migrations import Migrations  # type: ignore[attr-defined]  # the example's, not the directory's

app = cdk.App()
stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="123456789012", region="eu-central-1"))
group = ec2.SecurityGroup.from_security_group_id(stack, "DatabaseGroup", "sg-0123456789abcdef0")
database = rds.DatabaseInstance.from_database_instance_attributes(
    stack,
    "Database",
    instance_identifier="shop",
    instance_endpoint_address="shop.example.eu-central-1.rds.amazonaws.com",
    port=5432,
    security_groups=[group],
)
secret = secretsmanager.Secret.from_secret_complete_arn(
    stack, "Secret", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf"
)
vpc = ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-0123456789abcdef0")
Migrations(stack, "Migrations", vpc=vpc, database=database, secret=secret)
app.synth()

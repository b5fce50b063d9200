"""A service that waits for its migrations, with the CDK in Python.

Fits: a stack with its own database and ECS services. Look up what you have already (ec2.Vpc.from_lookup,
rds.DatabaseInstance.from_database_instance_attributes with its security_groups,
ec2.SecurityGroup.from_security_group_id, secretsmanager.Secret.from_secret_complete_arn), and keep the rest.
Copy this folder to infra/ in your repository, beside packages/prisma/migrations/ and the two files of the release in
vendor/migrate-lambda/. Then, with the account's credentials:
  pip install -r requirements.txt
  npx aws-cdk@2 bootstrap  # once in an account and region; @2 as the library
  npx aws-cdk@2 deploy     # the first time with --no-rollback: one bad migration would roll the new database back
Change: the image, the sizes, the names. Costs: the database, the tasks and the NAT gateway; the function next to
nothing.
"""

import os

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_rds as rds

from migrations import Migrations  # or migrations_by_trigger, or migrations_included

app = cdk.App()
stack = cdk.Stack(
    app,
    "Shop",
    env=cdk.Environment(  # from_lookup needs both
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    ),
)

vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)
database = rds.DatabaseInstance(
    stack,
    "Database",
    engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_18),
    instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
    database_name="shop",
    storage_encrypted=True,
    vpc=vpc,
)

migrations = Migrations(stack, "Migrations", vpc=vpc, database=database, secret=database.secret)

# A group of its own, not the one that the service would make: that would wait for the migrations with the service, and
# they wait for all of the database's rules, this one too.
web_security_group = ec2.SecurityGroup(stack, "WebSecurityGroup", vpc=vpc)
database.connections.allow_default_port_from(web_security_group)

task_definition = ecs.FargateTaskDefinition(stack, "Task")
task_definition.add_container(
    "web",
    image=ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx:stable"),  # yours
)
web = ecs.FargateService(
    stack,
    "Web",
    cluster=ecs.Cluster(stack, "Cluster", vpc=vpc),
    task_definition=task_definition,
    security_groups=[web_security_group],
    desired_count=2,
    min_healthy_percent=100,
)
web.node.add_dependency(migrations)  # rolls when the migrations are applied, and not at all when one failed

app.synth()

// A service that waits for its migrations, with the CDK in TypeScript.
//
// Fits: a stack with its own database and ECS services. Look up what you have already (ec2.Vpc.fromLookup,
// rds.DatabaseInstance.fromDatabaseInstanceAttributes with its securityGroups, ec2.SecurityGroup.fromSecurityGroupId,
// secretsmanager.Secret.fromSecretCompleteArn) and keep the rest.
// Copy this folder to infra/ in your repository, beside packages/prisma/migrations/ and the two files of the release in
// vendor/migrate-lambda/. Then, with the account's credentials:
//   npm ci
//   npx cdk bootstrap # once in an account and region
//   npx cdk deploy    # the first time with --no-rollback: one bad migration would roll the new database back
// Change: the image, the sizes, the names. Costs: the database, the tasks and the NAT gateway; the function next to
// nothing.
import * as cdk from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Migrations } from './migrations'; // or './migrations-by-trigger'

const app = new cdk.App();
const stack = new cdk.Stack(app, 'Shop', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION }, // fromLookup needs both
});

const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const database = new rds.DatabaseInstance(stack, 'Database', {
  engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_18 }),
  instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
  databaseName: 'shop',
  storageEncrypted: true,
  vpc,
});

const migrations = new Migrations(stack, 'Migrations', { vpc, database, secret: database.secret! });

// A group of its own, not the one that the service would make: that would wait for the migrations with the service, and
// they wait for all of the database's rules, this one too.
const webSecurityGroup = new ec2.SecurityGroup(stack, 'WebSecurityGroup', { vpc });
database.connections.allowDefaultPortFrom(webSecurityGroup);

const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task');
taskDefinition.addContainer('web', {
  image: ecs.ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:stable'), // yours
});
const web = new ecs.FargateService(stack, 'Web', {
  cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
  taskDefinition,
  securityGroups: [webSecurityGroup],
  desiredCount: 2,
  minHealthyPercent: 100,
});
web.node.addDependency(migrations); // rolls when the migrations are applied, and not at all when one failed

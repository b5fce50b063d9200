// The app of ecs-hook.ts, as its comment says; in its build folder.
const cdk = require('aws-cdk-lib');
const ec2 = require('aws-cdk-lib/aws-ec2');
const ecs = require('aws-cdk-lib/aws-ecs');
const rds = require('aws-cdk-lib/aws-rds');
const { MigrationsHook } = require('./ecs-hook');

const app = new cdk.App();
const stack = new cdk.Stack(app, 'Shop');
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_18 });
const database = new rds.DatabaseInstance(stack, 'Database', { engine, databaseName: 'shop', vpc });
const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task');
taskDefinition.addContainer('web', { image: ecs.ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:stable') });
const service = new ecs.FargateService(stack, 'Web', {
  cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
  taskDefinition,
  deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN,
});
new MigrationsHook(stack, 'Migrations', { vpc, database, secret: database.secret, service });
app.synth();

// The app of a team that has the VPC, the database and its group already, as app.ts's comment says; in its build folder.
const cdk = require('aws-cdk-lib');
const ec2 = require('aws-cdk-lib/aws-ec2');
const rds = require('aws-cdk-lib/aws-rds');
const secretsmanager = require('aws-cdk-lib/aws-secretsmanager');
const { Migrations } = require('./migrations');

const app = new cdk.App();
const stack = new cdk.Stack(app, 'Shop', { env: { account: '123456789012', region: 'eu-central-1' } });
const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'DatabaseGroup', 'sg-0123456789abcdef0');
const database = rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Database', {
  instanceIdentifier: 'shop',
  instanceEndpointAddress: 'shop.example.eu-central-1.rds.amazonaws.com',
  port: 5432,
  securityGroups: [group],
});
const secret = secretsmanager.Secret.fromSecretCompleteArn(
  stack,
  'Secret',
  'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf',
);
const vpc = ec2.Vpc.fromLookup(stack, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' });
new Migrations(stack, 'Migrations', { vpc, database, secret });
app.synth();

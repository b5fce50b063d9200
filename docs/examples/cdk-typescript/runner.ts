// The function that applies the migrations, and the layer that holds them. Both constructs named Migrations use it.
import * as cdk from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export interface RunnerProps {
  readonly vpc: ec2.IVpc;
  readonly database: rds.IDatabaseInstance | rds.IDatabaseCluster;
  /** The credentials; a database's own secret is attached to it, so that it holds the host. */
  readonly secret: secretsmanager.ISecret;
}

export class Runner extends Construct {
  readonly layer: lambda.LayerVersion;
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, { vpc, database, secret }: RunnerProps) {
    super(scope, id);
    // Only migrations/ of the folder goes into the layer, where the function finds it as /opt/migrations.
    this.layer = new lambda.LayerVersion(this, 'Layer', {
      code: lambda.Code.fromAsset('../packages/prisma', { exclude: ['**', '!migrations', '!migrations/**'] }),
      removalPolicy: cdk.RemovalPolicy.RETAIN,
    });
    this.function = new lambda.Function(this, 'Function', {
      code: lambda.Code.fromAsset('../vendor/migrate-lambda/migrate-lambda.zip'),
      handler: 'lambda_fn.handler.lambda_handler',
      runtime: lambda.Runtime.PYTHON_3_14, // what the release is made for, as is the architecture
      architecture: lambda.Architecture.ARM_64,
      layers: [this.layer],
      memorySize: 512,
      timeout: cdk.Duration.minutes(15),
      // One more try, which ends before CloudFormation gives up.
      retryAttempts: 1,
      maxEventAge: cdk.Duration.minutes(20),
      environment: { MIGRATE_SECRET_ID: secret.secretArn },
      vpc,
      logGroup: new logs.LogGroup(this, 'Logs', {
        retention: logs.RetentionDays.ONE_YEAR,
        removalPolicy: cdk.RemovalPolicy.RETAIN, // the logs that say why a first deployment failed
      }),
    });
    secret.grantRead(this.function);
    // Below this construct, where allowDefaultPortFrom would make it below the database's group: what depends on the
    // runner waits for this rule, also when the group is looked up.
    database.connections.securityGroups.forEach(
      (group, index) =>
        new ec2.CfnSecurityGroupIngress(this, `Ingress${index}`, {
          description: 'Migrations',
          groupId: group.securityGroupId,
          sourceSecurityGroupId: this.function.connections.securityGroups[0].securityGroupId,
          ...database.connections.defaultPort!.toRuleJson(),
        }),
    );
    new cdk.CfnOutput(this, 'Name', {
      description: 'For `migrate-lambda invoke`',
      value: this.function.functionName,
    }).overrideLogicalId('FunctionName');
  }
}

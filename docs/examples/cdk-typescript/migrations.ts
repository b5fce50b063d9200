// Recommended: the function is a custom resource. CloudFormation runs it when the migrations change and shows its
// errors in the stack's events; a rollback changes nothing and succeeds.
import * as cdk from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Runner, RunnerProps } from './runner';

export class Migrations extends Construct {
  constructor(scope: Construct, id: string, props: RunnerProps) {
    super(scope, id);
    const runner = new Runner(this, 'Runner', props);
    const run = new cdk.CustomResource(this, 'Run', {
      resourceType: 'Custom::Migrations',
      serviceToken: runner.function.functionArn, // no version and no alias: CloudFormation refuses to change it later
      serviceTimeout: cdk.Duration.minutes(35), // twice the function's 15, the minute before a retry, and a reserve
      properties: {
        MigrationsLayerArn: runner.layer.layerVersionArn, // changes with the migrations, so that an update is sent
      },
    });
    // It needs the way in (the function's rights, the database's ingress), and the VPC's way out to answer a delete.
    run.node.addDependency(runner, props.database, props.vpc);
  }
}

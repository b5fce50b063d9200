// The second choice: the CDK's Trigger, which invokes each new version of the function once. It knows no rollback and
// no options, its errors are shorter, and it runs only with a feature flag that old projects do not have.
import * as cdk from 'aws-cdk-lib';
import * as triggers from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import { Runner, RunnerProps } from './runner';

const FLAG = '@aws-cdk/aws-lambda:recognizeLayerVersion'; // in the context of cdk.json

export class Migrations extends Construct {
  constructor(scope: Construct, id: string, props: RunnerProps) {
    super(scope, id);
    // Without the flag a new layer makes no new version: a new migration would silently not be applied.
    if (!cdk.FeatureFlags.of(this).isEnabled(FLAG)) throw new Error(`Set ${FLAG} to true in cdk.json.`);
    const runner = new Runner(this, 'Runner', props);
    const trigger = new triggers.Trigger(this, 'Run', { handler: runner.function, timeout: cdk.Duration.minutes(15) });
    trigger.node.addDependency(runner, props.database, props.vpc);
  }
}

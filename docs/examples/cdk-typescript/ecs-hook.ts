// The third choice: a lifecycle hook of ECS, for a service that other things than this stack deploy too. ECS asks the
// function in each blue/green deployment before the first new task starts, and not at all when only the migrations
// changed. In app.ts, in the place of Migrations:
//   deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN, // among the properties of web
//   new MigrationsHook(stack, 'Migrations', { vpc, database, secret: database.secret!, service: web });
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Runner, RunnerProps } from './runner';

export interface MigrationsHookProps extends RunnerProps {
  readonly service: ecs.BaseService;
}

export class MigrationsHook extends Construct {
  constructor(scope: Construct, id: string, { service, ...props }: MigrationsHookProps) {
    super(scope, id);
    const runner = new Runner(this, 'Runner', props);
    // Below this construct, so that the service waits for its rights; the role that the CDK makes by itself is below the
    // service, which does not wait for them.
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
    runner.function.grantInvoke(role);
    // Without details of its own the hook deploys at this stage.
    service.addLifecycleHook(
      new ecs.DeploymentLifecycleLambdaTarget(runner.function, 'MigrationsHook', {
        role,
        lifecycleStages: [ecs.DeploymentLifecycleStage.PRE_SCALE_UP],
      }),
    );
    // A deployment begins when the function has its new layer, its rights and the ways to the database and out.
    service.node.addDependency(this, props.database, props.vpc);
  }
}

"""The roles of the workflows: who becomes them, and what they may do."""

from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLES
from tests.examples.templates import read_template

STACK, IMAGE = [EXAMPLES / "github-actions" / f"deploy-{name}.role.yaml" for name in ("stack", "image")]
PLAN = EXAMPLES / "github-actions" / "plan-pull-request.role.yaml"
_each = pytest.mark.parametrize("path", [STACK, IMAGE], ids=lambda path: path.name)
Statement = dict[str, Any]


def statements(path: Path, role: str) -> list[Statement]:
    """What a role's own policy says."""
    [policy] = read_template(path)["Resources"][role]["Properties"]["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def actions(statement: Statement) -> set[str]:
    """One action or many."""
    named = statement["Action"]
    return {named} if isinstance(named, str) else set(named)


def allowing(path: Path, role: str, action: str) -> Statement:
    """The only statement that allows an action by its name."""
    [found] = [each for each in statements(path, role) if each["Effect"] == "Allow" and action in actions(each)]
    return found


@_each
def test_only_a_job_of_the_environment_in_the_repository_becomes_the_role(path: Path) -> None:
    trust = read_template(path)["Resources"]["PipelineRole"]["Properties"]["AssumeRolePolicyDocument"]
    [statement] = trust["Statement"]
    issuer = "token.actions.githubusercontent.com"
    provider = f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{issuer}"

    assert statement == {
        "Effect": "Allow",
        "Principal": {"Federated": {"Fn::Sub": provider}},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{issuer}:aud": "sts.amazonaws.com",
                f"{issuer}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Environment}"},
            }
        },
    }


def test_the_pipeline_hands_one_role_to_cloudformation_and_to_nobody_else() -> None:
    statement = allowing(STACK, "PipelineRole", "iam:PassRole")

    assert statement["Resource"] == {"Fn::GetAtt": "CloudFormationRole.Arn"}
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def test_the_pipeline_cannot_delete_the_stack() -> None:
    said = set().union(*map(actions, statements(STACK, "PipelineRole")))

    assert not any("Delete" in action or "*" in action for action in said)


def test_cloudformation_may_do_what_it_does_to_a_role() -> None:
    allowed = set().union(*(actions(each) for each in statements(STACK, "CloudFormationRole")))

    assert {
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:UpdateRole",
        "iam:UntagRole",
        "iam:CreateRole",
    } <= allowed


def test_cloudformation_gives_roles_to_the_stacks_services_alone() -> None:
    statement = allowing(STACK, "CloudFormationRole", "iam:PassRole")

    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]}
    }


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"])
def test_with_a_boundary_no_role_gets_rights_without_it(action: str) -> None:
    condition = {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "PermissionsBoundaryArn"}}}

    assert allowing(STACK, "CloudFormationRole", action)["Condition"] == {
        "Fn::If": ["HasBoundary", condition, {"Ref": "AWS::NoValue"}]
    }


def test_the_roles_of_the_pipeline_itself_are_out_of_its_reach() -> None:
    """Their names begin as the stack's do: shop-production-role-… is one of shop-…."""
    [denied] = [each for each in statements(STACK, "CloudFormationRole") if each["Effect"] == "Deny"]

    assert denied["Action"] == "iam:*"
    assert denied["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-*"}


def test_the_comment_says_what_the_role_amounts_to_without_a_boundary() -> None:
    comment = STACK.read_text().partition("\nAWSTemplate")[0]

    assert "administrator" in comment
    assert "PermissionsBoundaryArn" in comment


def test_the_function_gets_no_layer_but_those_of_the_migrations() -> None:
    statement = allowing(IMAGE, "PipelineRole", "lambda:UpdateFunctionConfiguration")
    layers = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:layer:${FunctionName}-migrations:*"

    assert statement["Condition"] == {"ForAllValues:StringLike": {"lambda:Layer": {"Fn::Sub": layers}}}


def test_the_comment_says_what_else_of_the_function_the_role_can_change() -> None:
    comment = IMAGE.read_text().partition("\nAWSTemplate")[0]

    assert "environment" in comment
    assert "handler" in comment


def test_a_pull_request_may_read_one_secret_and_do_nothing_else() -> None:
    assert statements(PLAN, "PlanRole") == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "SecretArn"}}
    ]


def test_only_a_pull_request_of_the_repository_becomes_the_role_of_the_plan() -> None:
    [statement] = read_template(PLAN)["Resources"]["PlanRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"

    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": {"Fn::Sub": "repo:${Repository}:pull_request"},
        }
    }

# Migrations before an ECS service rolls, with Terraform, for a VPC, a database and a cluster that you have already.
#
# Fits: the function runs in the subnets and security groups of your services, which reach the database and Secrets
# Manager already. Copy this folder to infra/ in your repository, beside packages/prisma/migrations/ and the release's
# two files in vendor/migrate-lambda/.
# Change: the task definition and the service to yours (depends_on is what a service needs). A secret that RDS manages
# has no host: then add MIGRATE_HOST and MIGRATE_DBNAME.
# Run once more without a change: terraform apply -replace=aws_lambda_invocation.migrations
# A failed run stays out of the state, so that the next apply tries again; a destroy changes nothing in the database.
# Plan and apply in jobs of their own: archive_file writes .terraform/migrations.zip in the plan (so does its resource,
# which is deprecated), so hand that over with the plan.
# An apply or destroy asks the function also for a delete. Where it does not start any more (its network, its role):
# mend it alone, with terraform apply -target=aws_lambda_function.migrate, or let Terraform forget the run, with
# terraform state rm aws_lambda_invocation.migrations
# Costs: next to nothing.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws     = { source = "hashicorp/aws", version = ">= 6.20" } # knows python3.14
    archive = { source = "hashicorp/archive", version = ">= 2.4" }
  }
}

variable "subnet_ids" {
  description = "The private subnets of your services."
  type        = list(string)
}

variable "security_group_ids" {
  description = "The security groups of your services."
  type        = list(string)
}

variable "secret_arn" {
  description = "The secret with the database's credentials."
  type        = string
}

variable "cluster" {
  description = "The name or ARN of your ECS cluster."
  type        = string
}

variable "task_definition" {
  description = "The family and revision, or the ARN, of your task definition."
  type        = string
}

locals {
  runner = "${path.module}/../vendor/migrate-lambda/migrate-lambda.zip"
}

# The layer is the directory itself; the function finds it by its migration_lock.toml in /opt.
data "archive_file" "migrations" {
  type        = "zip"
  source_dir  = "${path.module}/../packages/prisma/migrations"
  output_path = "${path.module}/.terraform/migrations.zip"
}

resource "aws_lambda_layer_version" "migrations" {
  layer_name       = "shop-migrations"
  filename         = data.archive_file.migrations.output_path
  source_code_hash = data.archive_file.migrations.output_base64sha256
}

resource "aws_lambda_function" "migrate" {
  function_name    = "shop-migrate"
  filename         = local.runner
  source_code_hash = filebase64sha256(local.runner)
  handler          = "lambda_fn.handler.lambda_handler"
  runtime          = "python3.14" # what the release is made for, as is the architecture
  architectures    = ["arm64"]
  layers           = [aws_lambda_layer_version.migrations.arn]
  memory_size      = 512
  timeout          = 900
  role             = aws_iam_role.migrate.arn

  environment {
    variables = { MIGRATE_SECRET_ID = var.secret_arn }
  }

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = var.security_group_ids
  }

  logging_config {
    log_format = "Text" # as it is written, which is one JSON record a line
    log_group  = aws_cloudwatch_log_group.migrate.name
  }

  depends_on = [aws_iam_role_policy.migrate] # Lambda makes the network interfaces with the role's rights
}

resource "aws_lambda_invocation" "migrations" {
  function_name   = aws_lambda_function.migrate.function_name
  input           = jsonencode({ action = "deploy" })
  lifecycle_scope = "CRUD"

  # What changes belongs here and not into the input: after a failed run this is still to do in the next apply.
  triggers = {
    migrations = aws_lambda_layer_version.migrations.arn
    runner     = aws_lambda_function.migrate.source_code_hash # so that each runner deletes its own run, or has none
  }
}

resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = var.cluster
  task_definition = var.task_definition
  desired_count   = 2
  launch_type     = "FARGATE"

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = var.security_group_ids
  }

  depends_on = [aws_lambda_invocation.migrations] # rolls when the migrations are applied, and not when one failed
}

resource "aws_cloudwatch_log_group" "migrate" {
  name              = "/aws/lambda/shop-migrate"
  retention_in_days = 365
}

resource "aws_iam_role" "migrate" {
  name_prefix = "shop-migrate-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "migrate" {
  role = aws_iam_role.migrate.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # With a key of your own on the secret also kms:Decrypt on that key.
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = var.secret_arn },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.migrate.arn}:*"
      },
      {
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:DeleteNetworkInterface",
          "ec2:AssignPrivateIpAddresses",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      },
    ]
  })
}

output "function_name" {
  description = "For `migrate-lambda invoke`."
  value       = aws_lambda_function.migrate.function_name
}

output "outcome" {
  description = "What the last run did."
  value       = jsondecode(aws_lambda_invocation.migrations.result)
}

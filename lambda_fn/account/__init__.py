"""What an AWS account says of a deployed function, its stack and its subnets: pure, from answers to sentences."""

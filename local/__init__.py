"""What the demo and the tests run the function with on one machine: PostgreSQL, the secret, the Lambda."""

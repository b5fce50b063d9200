"""The one place that talks to AWS, and that knows Powertools."""

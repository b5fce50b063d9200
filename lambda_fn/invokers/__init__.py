"""Each invoker's protocol as a pure pair: event -> Request, outcome -> Reply."""

# The migrations and migrate-lambda alone, for a task that runs once in ECS: docs/container.md.
#   docker build --file task.Dockerfile --tag migrate .
FROM python:3.13-slim
COPY vendor/migrate-lambda/migrate-lambda-cli.txt vendor/migrate-lambda/migrate_lambda-*.whl /tmp/migrate-lambda/
RUN python3 -m venv /opt/migrate-lambda \
    && /opt/migrate-lambda/bin/pip install --no-cache-dir --only-binary=:all: --require-hashes \
        --requirement /tmp/migrate-lambda/migrate-lambda-cli.txt \
    && /opt/migrate-lambda/bin/pip install --no-cache-dir --no-deps /tmp/migrate-lambda/migrate_lambda-*.whl \
    && ln -s /opt/migrate-lambda/bin/migrate-lambda /usr/local/bin/

COPY packages/prisma/migrations /migrations
ENV MIGRATE_DIR=/migrations
USER 65534
ENTRYPOINT ["migrate-lambda"]
CMD ["deploy"]

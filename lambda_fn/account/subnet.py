"""What subnets lack for a function: a way to S3 and Secrets Manager, and to what its hooks and pipelines answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambda_fn.domain.event import Level, Sentence
from lambda_fn.errors import account as account_errors

_EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet, its VPC and its availability zone."""

    subnet_id: str
    vpc_id: str
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A route: where it leads to (`nat-…`, `igw-…`, `local`), and whether what is there exists."""

    destination: str
    target: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table, the subnets that name it, and whether it is the one of those that name none."""

    table_id: str
    subnet_ids: frozenset[str] = frozenset()
    is_main: bool = False
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint in the VPC. `answers_by_name` is private DNS: without it nobody's calls go there by themselves."""

    endpoint_id: str
    service: str
    is_gateway: bool
    available: bool = True
    answers_by_name: bool = False
    table_ids: frozenset[str] = frozenset()
    group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """The VPC of the subnets, as far as it matters."""

    subnets: tuple[Subnet, ...]
    tables: tuple[RouteTable, ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """What there is to say of each subnet, and the template's parameters that make what is missing.

    `lacking_for_some` is that only functions that hooks or pipelines invoke lack something, which is no failure.
    """

    sentences: tuple[Sentence, ...]
    parameters: tuple[str, ...]
    lacking: bool
    lacking_for_some: bool


@dataclass(frozen=True, slots=True)
class _Finding:
    sentence: Sentence
    secrets_endpoint: bool = False
    s3_table_id: str | None = None
    for_some: bool = False


@dataclass(frozen=True, slots=True)
class _Invoker:
    """A service that is told a result by a request: its name, its endpoint's, when it is needed, the parameter."""

    name: str
    endpoint: str
    invokes: str
    parameter: str


_INVOKERS = (
    _Invoker("CodeDeploy", "codedeploy", "CodeDeploy's hooks invoke the function", "CodeDeployEndpoint"),
    _Invoker("CodePipeline", "codepipeline", "CodePipeline invokes the function", "CodePipelineEndpoint"),
)


def needs_of(network: Network) -> Needs:
    """Look at every subnet. Raises: RequestInvalid M814 for subnets of several VPCs."""
    if len({subnet.vpc_id for subnet in network.subnets}) > 1:
        raise account_errors.several_vpcs(f"{subnet.subnet_id} in {subnet.vpc_id}" for subnet in network.subnets)
    findings = [finding for subnet in network.subnets for finding in _look(subnet, network)]
    if any(finding.secrets_endpoint for finding in findings):
        findings += _of_one_zone(network.subnets)
    return Needs(
        sentences=tuple(finding.sentence for finding in findings),
        parameters=_parameters(network, findings),
        lacking=any(finding.sentence.level is Level.ERROR for finding in findings),
        lacking_for_some=any(finding.for_some for finding in findings),
    )


def _parameters(network: Network, findings: Iterable[_Finding]) -> tuple[str, ...]:
    findings = tuple(findings)
    endpoint = ("SecretsManagerEndpoint=true",) if any(finding.secrets_endpoint for finding in findings) else ()
    table_ids = dict.fromkeys(finding.s3_table_id for finding in findings if finding.s3_table_id is not None)
    tables = (f"S3RouteTableIds={','.join(table_ids)}",) if table_ids else ()
    return (f"VpcId={network.subnets[0].vpc_id}", *endpoint, *tables) if endpoint or tables else ()


def _of_one_zone(subnets: Iterable[Subnet]) -> Iterator[_Finding]:
    """An interface endpoint takes one subnet a zone, and the template gives it all of them."""
    ids_by_zone: dict[str, list[str]] = {}
    for subnet in subnets:
        ids_by_zone.setdefault(subnet.zone, []).append(subnet.subnet_id)
    for zone, ids in ids_by_zone.items():
        if len(ids) > 1:
            text = f"{', '.join(ids)} are all in {zone}: an endpoint takes one subnet a zone, so give the function one"
            yield _Finding(Sentence(text, Level.WARNING))


def _look(subnet: Subnet, network: Network) -> Iterator[_Finding]:
    table = _table_of(subnet, network.tables)
    way_out = next((route for route in table.routes if route.destination == _EVERYWHERE), None)
    kind = way_out.target.partition("-")[0] if way_out is not None and way_out.active else ""
    yield _Finding(_route(subnet, table, way_out))
    for finding in (_s3(subnet, table, network.endpoints), _secrets_manager(subnet, network.endpoints)):
        yield _reached_by_route(finding, kind)
    for invoker in _INVOKERS:
        finding = _invoker(subnet, invoker, network.endpoints)
        if not finding.for_some or not _leads_out(kind):
            yield finding


def _table_of(subnet: Subnet, tables: Iterable[RouteTable]) -> RouteTable:
    """The table that names the subnet, else the VPC's main one."""
    tables = tuple(tables)
    named = next((table for table in tables if subnet.subnet_id in table.subnet_ids), None)
    return named or next((table for table in tables if table.is_main), RouteTable("none"))


def _route(subnet: Subnet, table: RouteTable, way_out: Route | None) -> Sentence:
    place = f"{subnet.subnet_id} route:"
    if way_out is None:
        return Sentence(f"{place} none out of the VPC in {table.table_id}; what is needed has to come from endpoints")
    if not way_out.active:
        return Sentence(f"{place} {way_out.target} in {table.table_id} does not exist any more", Level.WARNING)
    match way_out.target.partition("-")[0]:
        case "nat":
            return Sentence(f"{place} out by the NAT {way_out.target} in {table.table_id}")
        case "igw":
            text = "a function has no public address, so nothing is reached by it; a NAT or endpoints are needed"
            return Sentence(f"{place} only an internet gateway, {way_out.target}: {text}", Level.WARNING)
        case _:
            text = "whether the internet is reached by it cannot be seen here"
            return Sentence(f"{place} out by {way_out.target} in {table.table_id}; {text}", Level.WARNING)


def _leads_out(kind: str) -> bool:
    """Whether a route of a kind leads a function out of the VPC, or may: it has no address for an internet gateway."""
    return kind not in ("", "igw")


def _reached_by_route(finding: _Finding, kind: str) -> _Finding:
    """What is missing is none where a NAT leads to it, and a doubt where something else may."""
    if finding.sentence.level is not Level.ERROR or not _leads_out(kind):
        return finding
    subject = finding.sentence.text.partition(":")[0]
    if kind == "nat":
        return _Finding(Sentence(f"{subject}: reached by the NAT"))
    return _Finding(Sentence(f"{subject}: reached only if that route leads to the internet", Level.WARNING))


def _s3(subnet: Subnet, table: RouteTable, endpoints: Iterable[Endpoint]) -> _Finding:
    subject = f"{subnet.subnet_id} S3"
    of_s3 = [each for each in endpoints if each.service.endswith(".s3") and each.available]
    for each in of_s3:
        if table.table_id in each.table_ids if each.is_gateway else each.answers_by_name:
            return _Finding(Sentence(f"{subject}: reached by the endpoint {each.endpoint_id}"))
    text = (
        f"not reached, so CloudFormation cannot be answered: no gateway endpoint on {table.table_id}. "
        f"Set S3RouteTableIds to {table.table_id}"
    )
    return _Finding(Sentence(f"{subject}: {text}", Level.ERROR), s3_table_id=table.table_id)


def _secrets_manager(subnet: Subnet, endpoints: Iterable[Endpoint]) -> _Finding:
    subject = f"{subnet.subnet_id} Secrets Manager"
    by_name, nameless = _interface_endpoint("secretsmanager", endpoints)
    if by_name is not None and by_name.available:
        return _reached_by_endpoint(subject, by_name)
    if by_name is not None:
        text = f"{subject}: not reached: the endpoint {by_name.endpoint_id} is not available yet. Wait for it"
        return _Finding(Sentence(text, Level.ERROR))
    text = (
        f"not reached, so no secret can be read: no interface endpoint with private DNS{nameless}. "
        "Set SecretsManagerEndpoint to true; with AuthMode iam it is not needed"
    )
    return _Finding(Sentence(f"{subject}: {text}", Level.ERROR), secrets_endpoint=True)


def _invoker(subnet: Subnet, invoker: _Invoker, endpoints: Iterable[Endpoint]) -> _Finding:
    """Whether an endpoint leads to the service; most functions do without it, so that its want is no failure."""
    subject = f"{subnet.subnet_id} {invoker.name}"
    by_name, nameless = _interface_endpoint(invoker.endpoint, endpoints)
    if by_name is not None and by_name.available:
        return _reached_by_endpoint(subject, by_name)
    what_to_do = (
        f"give VpcId={subnet.vpc_id} {invoker.parameter}=true{nameless}"
        if by_name is None
        else f"wait for the endpoint {by_name.endpoint_id}, which is not available yet"
    )
    text = f"{subject}: not reached, which matters only where {invoker.invokes}: then {what_to_do}"
    return _Finding(Sentence(text), for_some=True)


def _interface_endpoint(service: str, endpoints: Iterable[Endpoint]) -> tuple[Endpoint | None, str]:
    """The endpoint that answers by the service's name; without one, words about one that does not."""
    found = [each for each in endpoints if each.service.endswith(f".{service}")]
    by_name = next((each for each in found if each.answers_by_name), None)
    return by_name, f" ({found[0].endpoint_id} has no private DNS)" if found else ""


def _reached_by_endpoint(subject: str, endpoint: Endpoint) -> _Finding:
    groups = f"whose security groups ({', '.join(endpoint.group_ids)}) have to admit the function on 443"
    return _Finding(Sentence(f"{subject}: reached by the endpoint {endpoint.endpoint_id}, {groups}"))

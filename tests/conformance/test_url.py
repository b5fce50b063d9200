"""Prisma's checks of the database URL."""

import dataclasses

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.url import target_from_url
from lambda_fn.errors import MigrateError, SettingsInvalid
from local.postgres import PostgresServer
from tests.conformance.connecting import connect
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy

NAME = "20240101000000_a"
# As in Prisma's checks: three slashes make `localhost:5432` the name of the database.
LOCAL = "postgresql:///localhost:5432/foo"
NOTHING_IS_PREPARED = "Nothing is ever prepared, so that the size of the statement cache has no effect."


def deploy(project: Project, url: str) -> Outcome:
    return project.run(settings=dataclasses.replace(project.settings, database_url=url))


def prepared_statements(project: Project, proxy: CountingProxy, query: str) -> int:
    """How many Parse messages a deploy sends that is given these URL parameters."""
    project.write(NAME, "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    assert deploy(project, proxy.url(project.database) + query).status is Status.APPLIED
    assert proxy.traffic.messages["Q"] > 0
    return proxy.traffic.messages["P"]


@pytest.mark.conformance("url", "should_parse_socket_url")
def test_the_host_may_be_a_socket_directory() -> None:
    target = target_from_url("postgresql:///dbname?host=/var/run/psql.sock")

    assert (target.dbname, target.host) == ("dbname", "/var/run/psql.sock")


@pytest.mark.conformance("url", "should_parse_escaped_url")
def test_the_socket_directory_is_percent_decoded() -> None:
    target = target_from_url("postgresql:///dbname?host=%2Fvar%2Frun%2Fpostgresql")

    assert (target.dbname, target.host) == ("dbname", "/var/run/postgresql")


@pytest.mark.conformance("url", "should_allow_changing_of_cache_size", differs=NOTHING_IS_PREPARED)
def test_a_statement_cache_size_is_accepted_and_nothing_is_prepared(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    assert prepared_statements(one_project, counting_proxy, "?statement_cache_size=420") == 0


@pytest.mark.conformance("url", "should_have_default_cache_size", differs=NOTHING_IS_PREPARED)
def test_nothing_is_prepared_by_default(one_project: Project, counting_proxy: CountingProxy) -> None:
    assert prepared_statements(one_project, counting_proxy, "") == 0


@pytest.mark.conformance(
    "url",
    "should_have_application_name",
    differs="The application name is ours, so that a later run knows the session of an earlier one that died.",
)
def test_the_application_name_of_the_url_gives_way_to_that_of_the_run(project: Project) -> None:
    project.write(NAME, "CREATE TABLE seen AS SELECT current_setting('application_name') AS name;")

    assert deploy(project, f"{project.url}?application_name=test").status is Status.APPLIED

    assert project.value("SELECT name FROM seen").startswith("mig/test-run")


@pytest.mark.conformance("url", "should_have_channel_binding")
def test_channel_binding_is_passed_on() -> None:
    assert target_from_url(f"{LOCAL}?channel_binding=require").conninfo["channel_binding"] == "require"


@pytest.mark.conformance("url", "should_have_default_channel_binding")
@pytest.mark.parametrize("query", ["", "?channel_binding=invalid"])
def test_channel_binding_is_preferred_by_default_and_when_its_value_is_unknown(
    server: PostgresServer, query: str
) -> None:
    """To prefer it means to connect also where the server cannot do it, as here without TLS."""
    connection = connect(server.url() + query)

    assert connection.is_idle
    connection.close()


@pytest.mark.conformance("url", "should_not_enable_caching_with_pgbouncer")
def test_nothing_is_prepared_with_pgbouncer(one_project: Project, counting_proxy: CountingProxy) -> None:
    assert prepared_statements(one_project, counting_proxy, "?pgbouncer=true") == 0


@pytest.mark.conformance("url", "should_parse_default_host")
def test_the_host_is_localhost_by_default() -> None:
    target = target_from_url("postgresql:///dbname")

    assert (target.dbname, target.address) == ("dbname", "localhost:5432")


@pytest.mark.conformance("url", "should_parse_ipv6_host")
def test_an_ipv6_address_loses_its_brackets() -> None:
    target = target_from_url("postgresql://[2001:db8:1234::ffff]:5432/dbname")

    assert (target.host, target.port, target.dbname) == ("2001:db8:1234::ffff", 5432, "dbname")


@pytest.mark.conformance("url", "should_handle_options_field")
def test_options_are_passed_on_decoded() -> None:
    target = target_from_url("postgresql:///localhost:5432?options=--cluster%3Dmy_cluster")

    assert target.conninfo["options"] == "--cluster=my_cluster"


@pytest.mark.conformance("url", "should_map_nonexisting_database_error")
def test_an_unknown_database_is_p1003(server: PostgresServer) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        connect(server.url("this_does_not_exist"))

    assert refused.value.code == "P1003"
    assert refused.value.problem == "Database `this_does_not_exist` does not exist."


@pytest.mark.conformance("url", "should_map_wrong_credentials_error")
@pytest.mark.parametrize("password", ["prisma", "password"])
def test_an_unknown_user_is_p1000_also_when_the_server_says_a_word_that_is_the_password(
    server: PostgresServer, password: str
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        connect(f"postgresql://WRONG:{password}@{server.address.host}:{server.address.port}/postgres")

    assert refused.value.code == "P1000"
    assert "the provided database credentials for `WRONG` are not valid" in refused.value.problem


@pytest.mark.conformance("url", "should_map_tls_errors")
def test_a_server_without_tls_is_p1011_when_tls_is_required(server: PostgresServer) -> None:
    with pytest.raises(MigrateError) as refused:
        connect(f"{server.url()}?sslmode=require&sslaccept=strict")

    assert refused.value.code == "P1011"


@pytest.mark.conformance("url", "search_path_pgbouncer_should_be_set_with_query")
def test_with_pgbouncer_the_schema_is_no_start_up_parameter_and_still_works(project: Project) -> None:
    url = f"{project.url}?schema=hello&pgbouncer=true"
    project.write(NAME, "CREATE TABLE a (id int);")

    conninfo = target_from_url(url).conninfo
    assert deploy(project, url).status is Status.APPLIED

    assert {"options", "search_path", "schema"}.isdisjoint(conninfo)
    assert project.tables("hello") == {"a"}
    assert len(project.rows("hello")) == 1


@pytest.mark.conformance(
    "url",
    "search_path_pg_should_be_set_with_param",
    differs="The schema is never a start-up parameter: it is set before every script, since the last one may have "
    "changed it.",
)
def test_the_schema_is_the_search_path_of_every_script(project: Project) -> None:
    project.write(NAME, "CREATE TABLE a AS SELECT current_setting('search_path') AS path; SET search_path = public;")
    project.write("20240102000000_b", "CREATE TABLE b AS SELECT current_setting('search_path') AS path;")

    assert deploy(project, f"{project.url}?schema=Hello").status is Status.APPLIED

    assert project.value('SELECT path FROM "Hello".a') == '"Hello"'
    assert project.value('SELECT path FROM "Hello".b') == '"Hello"'

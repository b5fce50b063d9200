"""The proxy does what it is asked for, and nothing else."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest

from local.postgres import PostgresServer
from tests.fixtures.fault_proxy import ALL_PASS, Cancels, Fault, FaultProxy, Harm, Point, Way


@contextmanager
def proxy_with(server: PostgresServer, *faults: Fault, cancels: Cancels = ALL_PASS) -> Iterator[FaultProxy]:
    proxy = FaultProxy(server, faults, cancels)
    try:
        yield proxy
    finally:
        proxy.close()


def connect(proxy: FaultProxy) -> psycopg.Connection:
    return psycopg.connect(proxy.url("postgres"), autocommit=True, sslmode="disable", gssencmode="disable")


def place_of(server: PostgresServer, letter: str, content: bytes) -> Point:
    """Where a message comes in a session that asks one question."""
    with proxy_with(server) as proxy, connect(proxy) as session:
        session.execute("SELECT 4711")
    return next(Point(*each[:3]) for each in proxy.seen if each.type == letter and content in each.content)


@pytest.mark.parametrize("harm", [Harm.FIN, Harm.RST])
@pytest.mark.parametrize("passed_bytes", [0, 3, None])
def test_a_cut_at_a_question_or_an_answer_ends_the_connection(
    one_server: PostgresServer, harm: Harm, passed_bytes: int | None
) -> None:
    for letter, content in (("Q", b"SELECT 4711"), ("D", b"4711")):
        point = place_of(one_server, letter, content)._replace(passed_bytes=passed_bytes)
        # Not the session's own `with`: its end asks for a COMMIT, for which a connection that is cut may be too busy.
        with proxy_with(one_server, Fault(point, harm)) as proxy, closing(connect(proxy)) as session:
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 4711")
            assert [fault.harm for fault in proxy.struck] == [harm]
            with connect(proxy) as another:
                assert another.execute("SELECT 1").fetchone() == (1,), "the next connection is not harmed"


def test_nobody_connects_for_a_while_behind_a_cut_that_says_so(one_server: PostgresServer) -> None:
    with proxy_with(one_server, Fault(Point(0, Way.TO_SERVER, 1), Harm.RST, 0.3)) as proxy:
        for _ in range(2):
            with pytest.raises(psycopg.OperationalError):
                connect(proxy)
        time.sleep(0.3)
        connect(proxy).close()


def test_a_stall_is_a_pause_and_no_loss(one_server: PostgresServer) -> None:
    point = place_of(one_server, "D", b"4711")
    with proxy_with(one_server, Fault(point, Harm.STALL, 0.3)) as proxy, connect(proxy) as session:
        began_s = time.monotonic()
        assert session.execute("SELECT 4711").fetchone() == (4711,)
        assert time.monotonic() - began_s >= 0.3


def test_silence_keeps_both_ends_connected_until_it_is_healed(one_server: PostgresServer) -> None:
    point = place_of(one_server, "D", b"4711")
    with proxy_with(one_server, Fault(point, Harm.SILENCE)) as proxy, one_server.connect() as watch:
        session = connect(proxy)
        pid = session.info.backend_pid
        session.pgconn.send_query(b"SELECT 4711")
        time.sleep(0.2)
        session.close()
        time.sleep(0.2)
        is_there = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        assert watch.execute(is_there, (pid,)).fetchone() == (1,), "its server does not know that it has gone"

        proxy.heal()

        while watch.execute(is_there, (pid,)).fetchone() != (0,):
            time.sleep(0.01)


def cancelled_after_s(proxy: FaultProxy, seconds: float) -> float | None:
    """How long a statement that takes so many seconds had run when it was cancelled; None where it was not."""
    with connect(proxy) as session, ThreadPoolExecutor() as pool:
        began_s = time.monotonic()
        statement = pool.submit(session.execute, f"SELECT pg_sleep({seconds})".encode())
        time.sleep(0.1)
        session.cancel_safe(timeout=2)
        try:
            statement.result()
        except psycopg.errors.QueryCanceled:
            return time.monotonic() - began_s
        return None


def test_cancels_pass_or_are_lost_or_are_late(one_server: PostgresServer) -> None:
    with proxy_with(one_server) as proxy:
        assert cancelled_after_s(proxy, 5) is not None
        assert proxy.cancel_requests == 1
    with proxy_with(one_server, cancels=Cancels(lost=True)) as proxy:
        assert cancelled_after_s(proxy, 0.5) is None
        assert proxy.cancel_requests == 1
    with proxy_with(one_server, cancels=Cancels(late_s=0.4)) as proxy:
        after_s = cancelled_after_s(proxy, 5)
        assert after_s is not None
        assert after_s >= 0.5

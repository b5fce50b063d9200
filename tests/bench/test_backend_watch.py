"""The memory of the server's side is that of the process which serves the session."""

import time

from bench.backend_watch import BackendWatch
from bench.place import Place


def test_the_memory_that_a_session_takes_is_seen(place: Place) -> None:
    database = place.create_database()
    with place.server.connect(database) as session:
        with BackendWatch(place.server_pid, database) as idle:
            time.sleep(0.1)
        with BackendWatch(place.server_pid, database) as busy:
            session.execute("SELECT length(string_agg(repeat('x', 1000), '')) FROM generate_series(1, 30000)")
            time.sleep(0.05)
    place.drop_database(database)

    assert idle.own_mib is not None
    assert busy.peak_mib is not None
    assert 0.2 < idle.own_mib < 20
    assert busy.peak_mib > idle.own_mib + 20


def test_other_databases_sessions_do_not_count(place: Place) -> None:
    with place.server.connect(), BackendWatch(place.server_pid, "elsewhere") as watch:
        time.sleep(0.1)

    assert (watch.peak_mib, watch.own_mib) == (None, None)

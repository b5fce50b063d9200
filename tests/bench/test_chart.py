"""The chart shows what was measured, each figure in its place."""

from xml.etree import ElementTree as ET

from bench.chart import chart
from bench.results import Results
from tests.bench.figures_of import cell, compared, results, series

SVG = "{http://www.w3.org/2000/svg}"


def places(picture: str, name: str) -> list[float]:
    """How far to the right the dots of one kind are, in order."""
    dots = ET.fromstring(picture).iter(f"{SVG}circle")
    return [float(each.attrib["cx"]) for each in dots if each.get("class") == name]


def texts(picture: str) -> list[str]:
    """All that is written in it."""
    return [each.text or "" for each in ET.fromstring(picture).iter(f"{SVG}text")]


def test_what_takes_ten_times_as_long_is_as_much_further_everywhere() -> None:
    measured = [
        series(name, "fresh", time_ms) for name, time_ms in (("dbmate", 1000), ("alembic", 10_000), ("yoyo", 100_000))
    ]

    dbmate, alembic, yoyo = places(chart(results(cell(*measured))), "peer")

    assert abs((yoyo - alembic) - (alembic - dbmate)) < 0.2
    assert yoyo > alembic > dbmate > 0


def test_ours_stands_out_and_every_dot_has_its_figure() -> None:
    picture = chart(results(compared(0), compared(1), compared(5)))

    assert len(places(picture, "ours")) == 2 * 3
    assert texts(picture).count("1.2 s") == 3
    assert texts(picture).count("0.04 s") == 3


def test_the_spread_reaches_from_the_lowest_to_the_highest() -> None:
    root = ET.fromstring(chart(results(cell(series("dbmate", "fresh", 100, 200, 1000), series("yoyo", "fresh", 1000)))))

    [spread] = [each for each in root.iter(f"{SVG}line") if each.get("class") == "peer-spread"][:1]
    dots = [float(each.attrib["cx"]) for each in root.iter(f"{SVG}circle")]
    assert float(spread.attrib["x1"]) < dots[0] < float(spread.attrib["x2"])
    assert float(spread.attrib["x2"]) == dots[1]


def test_a_tool_that_was_killed_has_no_dot() -> None:
    picture = chart(results(cell(series("yoyo", "fresh", remark="killed"), series("dbmate", "fresh", 1.0))))

    assert len(places(picture, "peer")) == 1
    assert "killed" in texts(picture)


def test_nothing_lies_outside_of_the_picture() -> None:
    root = ET.fromstring(chart(results(compared(0), compared(1), compared(5))))
    height = float(root.attrib["height"])

    last = max(float(each.attrib["y"]) for each in root.iter(f"{SVG}text") if float(each.attrib["x"]) < 150)
    assert last < height


def test_without_figures_the_chart_says_so() -> None:
    assert "not measured yet" in texts(chart(Results()))

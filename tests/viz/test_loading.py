"""What is saved as JSON is the same when it is loaded again, without the graph that it was made from."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn, optim
from tests.viz.measured import measured
from tests.viz.references import sigmoid_neuron
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.errors import ExchangeError, PictureError
from viz.loading import KINDS
from viz.page import Page


def small_network() -> tuple[nn.Sequential, Any, Any]:
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        conv=nn.Conv2d(1, 2, 3, rng=rng), relu=nn.ReLU(), flat=nn.Flatten(), fc=nn.Linear(32, 3, rng=rng)
    )
    return model, rng.standard_normal((4, 1, 6, 6)).astype(np.float32), np.array([0, 1, 2, 0])


def small_loss() -> ag.Node:
    model, images, labels = small_network()
    loss: ag.Node = F.cross_entropy(model(ag.Tensor(images, requires_grad=True)), labels)
    loss.backward()
    return loss


def predictions() -> Page:
    return viz.predictions(*small_network())


def training(rate: float) -> health.Monitor:
    model, images, labels = small_network()
    monitor, optimizer = health.Monitor(model), optim.SGD(model.parameters(), lr=rate)
    monitor.begin_epoch()
    for _ in range(4):
        loss = F.cross_entropy(model(ag.Tensor(images, requires_grad=True)), labels)
        optimizer.zero_grad()
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
        monitor.note("validation", accuracy=0.5)
    return monitor


def explanation() -> Any:
    neuron = sigmoid_neuron()
    return viz.explain(neuron, next(n for n in ag.topological_order(neuron) if n.name == "w0"))


MADE: dict[str, Callable[[], Any]] = {
    "chart": lambda: chart(ChartData("c", (Panel(Axis("epoch"), Axis("loss"), (Line("l", (0, 1), (2.0, 1.0)),)),))),
    "circuit": lambda: viz.circuit(sigmoid_neuron(), explain=True, theme="dark"),
    "compare": lambda: viz.compare(training(0.1).timeline(), measured("dead"), names=("watched", "measured")),
    "explanation": explanation,
    "flow": lambda: viz.flow(measured("saturated"), theme="dark"),
    "images": lambda: viz.images({"a": np.arange(12.0).reshape(3, 2, 2), "b": np.ones((1, 3, 2, 2))}, theme="dark"),
    "player": lambda: viz.player(sigmoid_neuron()),
    "predictions": predictions,
    "report": lambda: viz.report(training(10.0), accuracy=[0.1, 0.9], predictions=predictions()),
    "zoom": lambda: viz.zoom(small_loss()),
}


def test_every_kind_is_made_here() -> None:
    assert set(MADE) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_loaded_again_it_is_the_same(kind: str, tmp_path: Path) -> None:
    made = MADE[kind]()
    path = made.save(tmp_path / "x.json")
    again = viz.load(path)
    assert type(again) is type(made)
    assert again.title == made.title
    if isinstance(made, Page):
        assert again.html == made.html
    else:
        assert (again.source, again.theme) == (made.source, made.theme)
    assert again.save(tmp_path / "y.json").read_bytes() == path.read_bytes()
    code = "import sys, viz; viz.load(sys.argv[1]).save(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, str(path), str(tmp_path / "z.html")], check=True, timeout=120)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_describes_it(kind: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, of the dev extra, checks the schemas")
    jsonschema.validate(json.loads(MADE[kind]().json())["data"], viz.json_schema(kind))


@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize("kind", ["chart", "circuit", "explanation", "flow"])
def test_a_damaged_file_gives_a_picture_or_a_clear_error(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = TEXTS.setdefault(kind, MADE[kind]().json())
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    words = data.draw(
        st.sampled_from(["", "null", "-1", '"', "1e999", "[]", '"x"', "{}", "true", '"</script>"', "NaN"])
    )
    path = tmp_path_factory.mktemp("damaged") / "x.json"
    path.write_text(text[:start] + words + text[end:], encoding="utf-8")
    try:
        viz.load(path)
    except ExchangeError as error:
        assert str(error).startswith("load: 'x.json': ")  # noqa: PT017 - most damage is refused, not all


TEXTS: dict[str, str] = {}


def test_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="cannot read"):
        viz.load(tmp_path / "nothing.json")
    path = tmp_path / "x.json"
    path.write_text('{"format": "autograd_cnn.viz", "version": 1, "kind": "circuits", "data": {}}')
    with pytest.raises(ExchangeError, match=r"kind .circuits. is unknown; known: .*did you mean .circuit."):
        viz.load(path)
    with pytest.raises(ExchangeError, match="kind 'flows' is unknown"):
        viz.json_schema("flows")
    path.write_text('{"format": "autograd_cnn.viz", "version": 1, "kind": "circuit", "theme": "drak", "data": {}}')
    with pytest.raises(ExchangeError, match=r"x\.json"):
        viz.load(path)
    assert issubclass(ExchangeError, PictureError)


def test_a_report_takes_predictions_and_no_other_page() -> None:
    with pytest.raises(PictureError, match="predictions= is another page"):
        viz.report(measured("dead"), predictions=viz.player(sigmoid_neuron()))

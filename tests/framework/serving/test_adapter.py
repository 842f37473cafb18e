"""Scripts with model_fn, input_fn, predict_fn and output_fn, served as they are."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.framework.serving.conftest import Serving, eventually, serving

Serve = Callable[..., AbstractContextManager[Serving]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Serves a script; the model is the number 10."""

    @contextmanager
    def served_script(script: str, path: str = "inference.py", wait: bool = True) -> Iterator:
        import pickle

        algorithm, model = tmp_path / "algorithm", tmp_path / "ml/model"
        (algorithm / path).parent.mkdir(parents=True)
        model.mkdir(parents=True)
        (algorithm / "algorithm.toml").write_text(
            f'predictor = "framework.adapter:ScriptPredictor"\nscript = "{path}"\n'
        )
        (algorithm / path).write_text(script)
        (model / "model.pickle").write_bytes(pickle.dumps(10))
        with serving(algorithm, tmp_path / "ml", tmp_path / "log") as served:
            if wait:
                eventually(lambda: served.ping() == 200)
            yield served

    return served_script


ALL_FUNCTIONS = """
import json, os

def model_fn(model_dir):
    assert isinstance(model_dir, str) and os.path.isdir(model_dir)
    return {"factor": 3}

def input_fn(request_body, content_type):
    assert content_type in ("text/csv", "application/x-custom"), content_type
    assert isinstance(request_body, str if content_type == "text/csv" else bytes)
    return [float(cell) for cell in request_body.split(",")] if content_type == "text/csv" else [7]

def predict_fn(input_object, model):
    return {"sum": sum(input_object) * model["factor"]}

def output_fn(prediction, accept):
    if accept == "text/plain":
        return f"sum: {prediction['sum']}", "text/plain"
    return json.dumps(prediction)
"""


def test_all_functions(serve: Serve) -> None:
    with serve(ALL_FUNCTIONS, "code/serve_it.py") as served:
        reply = served.invoke("1,2")
        assert (reply.body, reply.headers["Content-Type"]) == (b'{"sum": 9.0}', "application/json")
        reply = served.invoke("1,2", Accept="text/plain")
        assert (reply.body, reply.headers["Content-Type"]) == (b"sum: 9.0", "text/plain")
        assert served.invoke(b"\xff\x00", Content_Type="application/x-custom").status == 200
        for body in ("a,b", b"\xff,1"):
            reply = served.invoke(body)
            assert reply.status == 400
            assert "ValueError" in reply.message or "UnicodeDecodeError" in reply.message


def test_what_is_missing_the_framework_does(serve: Serve) -> None:
    script = "def predict_fn(data, model):\n    return (data * model).sum(axis=1)\n"
    with serve(script) as served:
        reply = served.invoke("1,2\n3,4")
        assert (reply.body, reply.headers["Content-Type"]) == (b"30.0\n70.0", "text/csv")
        assert served.invoke("1,2", Content_Type="image/png").status == 415
        assert served.invoke("1,2", Accept="image/png").status == 406


def test_functions_may_take_the_context(serve: Serve) -> None:
    script = """
def input_fn(body, content_type, context):
    return [context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")]

def predict_fn(data, model, context):
    context.set_response_header("X-Amzn-SageMaker-Custom-Attributes", data[0].upper())
    return data

def output_fn(prediction, accept, context):
    return context.system_properties["model_dir"]
"""
    with serve(script) as served:
        reply = served.invoke("", do="hello")
        assert reply.body.endswith(b"/ml/model")
        assert reply.headers["X-Amzn-SageMaker-Custom-Attributes"] == "HELLO"


def test_a_content_type_that_is_none(serve: Serve) -> None:
    script = "def output_fn(prediction, accept):\n    return 'x', 'text/plain\\r\\nX-Evil: 1'\n"
    with serve("def predict_fn(data, model):\n    return data\n\n" + script) as served:
        reply = served.invoke()
        assert reply.status == 500
        assert "Content-Type" in reply.message
        assert "X-Evil" not in reply.headers


def test_a_script_without_any_of_the_functions(serve: Serve) -> None:
    with serve("def predict(data): pass\n", wait=False) as served:
        assert served.process.wait(20) == 1
        assert "defines none of model_fn" in served.event("serving failed")["cause"]


def test_a_script_that_is_not_there(serve: Serve, tmp_path: Path) -> None:
    with serve("", wait=False) as served:
        (tmp_path / "algorithm/inference.py").unlink()
        assert served.process.wait(20) == 1
        assert "names no file" in served.event("serving failed")["cause"]

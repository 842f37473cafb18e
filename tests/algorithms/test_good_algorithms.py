"""Algorithms of unlike kinds, trained and served for real, against the truth of held-out rows."""

import io
import json

import numpy as np
import pandas as pd

from tests.algorithms.workshop import ALGORITHMS, predictions, trained_and_served


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def r2(truth: np.ndarray, answers: np.ndarray) -> float:
    return 1 - np.sum((truth - answers) ** 2) / np.sum((truth - truth.mean(axis=0)) ** 2)


def test_plain_numpy_regression_answers_floats_in_every_format(tmp_path):
    with trained_and_served(ALGORITHMS / "linear_npz", tmp_path) as (client, held_out):
        rows = np.load(held_out / "diabetes.npz")
        answers = predictions(client, {"instances": rows["x"].tolist()})
        csv = client.invoke(
            "\n".join(",".join(map(repr, r)) for r in rows["x"].tolist()).encode(), "text/csv"
        )
        binary = client.invoke(npy(rows["x"]), "application/x-npy")
    assert r2(rows["y"], np.array(answers)) > 0.4
    assert [float(line) for line in csv.text.splitlines()] == answers
    assert np.load(io.BytesIO(binary.body)).tolist() == answers


def test_gradient_boosting_gets_named_columns_with_their_types(tmp_path):
    with trained_and_served(ALGORITHMS / "boosted_frame", tmp_path) as (client, held_out):
        flats = pd.read_csv(held_out / "flats.csv")
        rents = flats.pop("rent").to_numpy()
        csv = client.invoke(flats.to_csv(index=False).encode(), "text/csv")
        records = predictions(client, json.loads(flats.to_json(orient="records")))
        shuffled = flats[flats.columns[::-1]]
        split = predictions(client, json.loads(shuffled.to_json(orient="split", index=False)))
        unknown = client.invoke(
            flats.assign(district="atlantis").to_csv(index=False).encode(), "text/csv"
        )
    answers = [float(line) for line in csv.text.splitlines()]
    assert r2(rents, np.array(answers)) > 0.9
    assert records == split == answers
    assert unknown.status == 422
    assert "district" in unknown.text
    assert "atlantis" in unknown.text


def test_text_pipeline_sorts_messages_of_any_alphabet(tmp_path):
    with trained_and_served(ALGORITHMS / "text_topics", tmp_path) as (client, held_out):
        messages = pd.read_csv(held_out / "messages.csv")
        answers = predictions(client, {"instances": messages["text"].tolist()})
        csv = client.invoke(
            messages[["text"]].to_csv(index=False, header=False).encode(), "text/csv", "text/csv"
        )
    assert np.mean(messages["topic"] == answers) > 0.95
    assert csv.text.splitlines() == answers


def test_several_float32_outputs_per_row(tmp_path):
    with trained_and_served(ALGORITHMS / "multi_output", tmp_path) as (client, held_out):
        poses = pd.read_csv(held_out / "poses.csv")
        joints = poses[["shoulder", "elbow", "wrist"]].to_numpy(np.float32)
        reply = client.invoke(npy(joints), "application/x-npy")
        answers = predictions(client, {"instances": joints.tolist()})
    hands = np.load(io.BytesIO(reply.body))
    assert (hands == hands.astype(np.float32)).all()
    assert hands.shape == (len(poses), 2)
    assert r2(poses[["x", "y"]].to_numpy(), hands) > 0.99
    np.testing.assert_allclose(answers, hands, rtol=1e-6)


def test_images_keep_their_shape(tmp_path):
    with trained_and_served(ALGORITHMS / "digit_images", tmp_path) as (client, held_out):
        images, digits = np.load(held_out / "images.npy"), np.load(held_out / "digits.npy")
        reply = client.invoke(npy(images), "application/x-npy", "application/json")
        nested = predictions(client, {"instances": images.tolist()})
        flat = predictions(client, {"instances": images.reshape(len(images), -1).tolist()})
    answers = reply.json()["predictions"]
    assert np.mean(digits == answers) > 0.9
    assert nested == flat == answers


def test_resumable_network_tells_benign_cells(tmp_path):
    with trained_and_served(ALGORITHMS / "resumable_mlp", tmp_path) as (client, held_out):
        rows = np.loadtxt(held_out / "cells.csv", delimiter=",")
        answers = np.array(predictions(client, {"instances": rows[:, :-1].tolist()}))
    assert np.mean((answers > 0.5) == rows[:, -1]) > 0.9


def test_script_of_another_toolkit_is_served_unchanged(tmp_path):
    with trained_and_served(ALGORITHMS / "adapted_script", tmp_path) as (client, held_out):
        rows = np.loadtxt(held_out / "iris.csv", delimiter=",")
        csv = "\n".join(",".join(map(str, row)) for row in rows[:, :-1].tolist())
        reply = client.invoke(csv.encode(), "text/csv", "text/csv")
        picture = client.invoke(csv.encode(), "text/csv", "image/png")
        answers = np.array(predictions(client, {"instances": rows[:, :-1].tolist()}))
    assert np.mean(answers.argmax(axis=1) == rows[:, -1]) > 0.9
    assert picture.status == 406
    assert reply.content_type == "text/csv"
    assert np.loadtxt(io.StringIO(reply.text), delimiter=",").tolist() == answers.tolist()

"""Naive Bayes on word counts: what the trainer and the predictor share."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

Model = dict[str, Any]


def read(channel) -> tuple[list[str], list[str]]:
    lines = [line for path in channel.files() for line in path.read_text().splitlines()]
    topics, texts = zip(*(line.split("\t") for line in lines), strict=True)
    return list(topics), list(texts)


def fit(topics: Sequence[str], texts: Sequence[str], smoothing: float) -> Model:
    words = {topic: Counter() for topic in sorted(set(topics))}
    for topic, text in zip(topics, texts, strict=True):
        words[topic].update(text.split())
    return {"words": words, "texts": Counter(topics), "smoothing": smoothing}


def answer(model: Model, text: str) -> dict[str, Any]:
    scores = {topic: _score(model, topic, text) for topic in model["words"]}
    best = max(scores, key=scores.get)
    share = sum(math.exp(score - scores[best]) for score in scores.values())
    return {"topic": best, "confidence": 1 / share}


def _score(model: Model, topic: str, text: str) -> float:
    words, smoothing = model["words"][topic], model["smoothing"]
    total = words.total() + smoothing * (len(words) + 1)
    return math.log(model["texts"][topic]) + sum(
        math.log((words[word] + smoothing) / total) for word in text.split()
    )

"""Invented messages to a shop: commas, quotes, line breaks and other alphabets included."""

from pathlib import Path

import numpy as np
import pandas as pd

PHRASES = {
    "delivery": ["my parcel is late", "the courier left it outside", "tracking says: lost"],
    "payment": ["charged twice", "the refund is missing", 'the card was "declined"'],
    "product": ["it broke after a day", "wrong colour, wrong size", "the manual is missing"],
}
OPENINGS = ["Hello,", "Guten Tag —", "Здравствуйте!", "こんにちは。", "To whom it may concern:\n"]
CLOSINGS = ["Please help.", "Thanks, Zoë", "Answer soon!", "I am waiting; order #4711", "🐧"]


def write_channels(directory: Path) -> None:
    random = np.random.default_rng(3)
    topics = random.choice(list(PHRASES), 260)
    texts = [
        " ".join(
            [
                random.choice(OPENINGS),
                *random.permutation(PHRASES[topic])[:2],
                str(number),
                random.choice(CLOSINGS),
            ]
        )
        for number, topic in enumerate(topics)
    ]
    messages = pd.DataFrame({"text": texts, "topic": topics})
    for channel, part in {"train": messages[:200], "test": messages[200:]}.items():
        (directory / channel).mkdir(parents=True)
        part.to_csv(directory / channel / "messages.csv", index=False)

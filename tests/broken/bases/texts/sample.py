"""Short texts of two topics, one per line: topic, tab, text."""

import random
from pathlib import Path

WORDS = {
    "sea": ["wave", "sail", "salt", "harbour", "whale", "storm", "anchor", "tide"],
    "city": ["street", "tram", "market", "lamp", "square", "bridge", "crowd", "tower"],
}


def write_channels(directory: Path) -> None:
    chance = random.Random(5)
    lines = [
        f"{topic}\t{' '.join(chance.choices(WORDS[topic] + WORDS['sea'][:3], k=6))}"
        for topic in chance.choices(list(WORDS), k=60)
    ]
    (directory / "train").mkdir()
    (directory / "train" / "texts.tsv").write_text("\n".join(lines))

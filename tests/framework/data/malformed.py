"""Requests that are wrong in every way we know, forged for one schema from one seed."""

import csv
import io
import json
import math
import os
import pickle
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from framework.schema import Column, InputSchema

JSON, CSV, LINES, NPY = "application/json", "text/csv", "application/jsonlines", "application/x-npy"
PARQUET = "application/x-parquet"
Expected = Literal["refused", "answered", "either"]


@dataclass(frozen=True)
class Case:
    """One request.

    Attributes:
        what: how it was forged.
        expected: "refused" is 4xx, "answered" 200, "either" one of them.
        rows: how many answers a 200 must hold; None when nobody knows.
    """

    what: str
    body: bytes
    content_type: str = JSON
    accept: str = JSON
    expected: Expected = "refused"
    rows: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Forge:
    """Makes cases for models of one schema."""

    def __init__(self, schema: InputSchema, seed: int):
        self.schema = schema
        self.dice = random.Random(seed)
        self.kinds: list[Callable[[], Case]] = [
            self.valid,
            self.wrong_cell,
            self.wrong_cell,
            self.wrong_width,
            self.truncated,
            self.huge_number,
            self.not_a_number,
            self.deep,
            self.wrong_encoding,
            self.header_trick,
            self.pickled,
            self.lying_npy,
            self.wrong_names,
            self.flipped_bytes,
            self.noise,
            self.odd_json,
            self.odd_csv,
        ]

    def case(self) -> Case:
        return self.dice.choice(self.kinds)()

    def valid(self) -> Case:
        rows = self._rows()
        content_type, body = self._written(rows)
        return Case("valid", body, content_type, expected="answered", rows=len(rows))

    def wrong_cell(self) -> Case:
        rows = self._rows()
        row = self.dice.randrange(len(rows))
        wrong: list[Any] = [[], {}, [[1]], {"a": {"b": []}}, ["x", "y"]]
        column = None
        if self.schema.kind == "frame":
            column = self.dice.randrange(self.schema.width)
            wrong += _wrong_for(self.schema.columns[column])
        elif self.schema.kind == "array":
            wrong += ["abc", "12", {"x": 1}]
            wrong += [] if self.schema.dtype == "bool" else [True, False]
        else:
            wrong += [5, 1.5, True, None]
        cell = self.dice.choice(wrong)
        rows[row] = _replaced(rows[row], cell, column, self.dice)
        content_type, body = self._written(rows, only=[JSON, LINES])
        return Case(f"wrong cell {cell!r:.30}", body, content_type)

    def wrong_width(self) -> Case:
        rows = [_flat(row) for row in self._rows()]
        row = self.dice.choice(rows)
        if self.dice.random() < 0.5 and len(row) > 1:
            row.pop()
        else:
            row.append(row[0])
        self.dice.shuffle(rows)
        body = {"instances": rows} if len(rows) > 1 or len(self.schema.row_shape) != 1 else rows
        return Case("wrong width", json.dumps(body).encode())

    def truncated(self) -> Case:
        content_type, body = self._written(self._rows())
        body = body[: self.dice.randrange(len(body))]
        surely = content_type in (JSON, NPY)
        return Case("truncated", body, content_type, expected="refused" if surely else "either")

    def huge_number(self) -> Case:
        word = self.dice.choice(
            ["1e39", "-1e308", "1e999", "9" * 400, "1" + "0" * 5000, "1e-99999", "1E400", "-1e39"]
        )
        return self._with_word(word, "either")

    def not_a_number(self) -> Case:
        word = self.dice.choice(["NaN", "Infinity", "-Infinity", "inf", "nan", "0x1F", "1_0", "+5"])
        return self._with_word(word, "either")

    def _with_word(self, word: str, expected: Expected) -> Case:
        """A body with ``word``, as it is, in place of one cell."""
        rows = self._rows()
        row = self.dice.randrange(len(rows))
        rows[row] = _replaced(rows[row], "@@", None, self.dice)
        content_type, body = self._written(rows, only=[JSON, LINES, CSV])
        body = body.replace(b'"@@"', word.encode()).replace(b"@@", word.encode())
        return Case(f"number {word:.12}", body, content_type, expected=expected)

    def deep(self) -> Case:
        depth = self.dice.choice([300, 1000, 1500, 100_000])
        opening = self.dice.choice(["[", '{"a":', '{"instances":', '[{"a":'])
        body = opening * depth
        if self.dice.random() < 0.5:
            body += "1" + "".join({"[": "]", "{": "}"}.get(c, "") for c in reversed(body))
        return Case("deep", body.encode(), self.dice.choice([JSON, LINES]))

    def wrong_encoding(self) -> Case:
        content_type, body = self._written(self._rows(), only=[JSON, LINES, CSV])
        text = body.decode()
        charset = self.dice.choice(
            [
                "utf-16",
                "utf-8",
                "latin1",
                "punycode",
                "rot13",
                "utf-7",
                "zlib",
                "x" * 200,
                "",
                "idna",
            ]
        )
        encoded = {
            0: lambda: text.encode("utf-16"),
            1: lambda: text.encode("utf-32"),
            2: lambda: b"\xff\xfe" + body,
            3: lambda: body[: len(body) // 2] + b"\xc3\x28\xff" + body[len(body) // 2 :],
            4: lambda: b"\xef\xbb\xbf" + body,
            5: lambda: text.encode("utf-8").replace(b"1", "\uff11".encode()),
        }[self.dice.randrange(6)]()
        parameter = f"; charset={charset}" if self.dice.random() < 0.7 else ""
        return Case("encoding", encoded, content_type + parameter, expected="either")

    def header_trick(self) -> Case:
        content_type, body = self._written(self._rows())
        odd = [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
            "application/json/csv", "application/octet-stream", "application/x-python-pickle",
            "*/*", "json", ";", "text/csv\tx", "application/json,text/csv", "x" * 3000,
        ]  # fmt: skip
        if self.dice.random() < 0.5:
            return Case("content type", body, self.dice.choice(odd), expected="either")
        accept = self.dice.choice(
            [*odd, "text/csv;q=nan", "*/*;q=0", "application/json;q=1e9", ", , ,", "a/b;q=-1",
             "text/*;q=0.1, image/*", ";;;", "application/json;" + "p=1;" * 500]
        )  # fmt: skip
        return Case("accept", body, content_type, accept, expected="either")

    def pickled(self) -> Case:
        bomb = pickle.dumps(_Bomb(), protocol=self.dice.choice([0, 2, 5]))
        objects = io.BytesIO()
        np.save(objects, np.array([_Bomb(), None], dtype=object), allow_pickle=True)
        header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
        body = self.dice.choice([bomb, objects.getvalue(), _npy(header, bomb)])
        content_type = self.dice.choice([NPY, NPY, NPY, JSON, CSV, PARQUET])
        # Pickle's protocol 0 is text, which a model of texts may well be asked about.
        expected: Expected = "either" if content_type == CSV else "refused"
        return Case("pickle", body, content_type, expected=expected)

    def lying_npy(self) -> Case:
        shape = self.dice.choice(
            ["(10**9,)", "(999999999999, 999999999)", "(-1, 4)", "(0,)", "(2,)", "()", "'a'",
             "(1,)*99", "(1.5,)", "[3]", "(True,)", "(99999999999999999999999999,)"]
        )  # fmt: skip
        descr = self.dice.choice(
            ["'<f8'", "'|O'", "'<U9999999'", "'V8'", "'<M8[s]'", "'f8,O'", "[('a', '<f8')]",
             "'c16'", "'<f0'", "'<U0'", "1", "('<f8', (2, 2))", "'<U1'", "'|S5'",
             "[('a', '|O')]", "'>f4'"]
        )  # fmt: skip
        header = f"{{'descr': {descr}, 'fortran_order': {self.dice.choice(['False', '5'])}, "
        body = _npy(header + f"'shape': {shape}, }}", self.dice.randbytes(self.dice.randrange(40)))
        return Case("npy header", body, NPY, expected="either")

    def wrong_names(self) -> Case:
        rows = self._rows()
        names = list(self.schema.names or ["a", "b"])
        names[self.dice.randrange(len(names))] = self.dice.choice(
            ["no such column", "", "\u0000", "x" * 5000, "__class__", *names]
        )
        refused = self.schema.names is None or sorted(names) != sorted(self.schema.names)
        flat = [_flat(row) for row in rows]
        body = {"columns": names, "data": flat}
        if self.dice.random() < 0.5 and len(set(names)) == len(names):
            body = [dict(zip(names, row, strict=False)) for row in flat]  # type: ignore[assignment]
        return Case("names", json.dumps(body).encode(), expected="refused" if refused else "either")

    def flipped_bytes(self) -> Case:
        content_type, body = self._written(self._rows())
        changed = bytearray(body)
        for _ in range(self.dice.randint(1, 8)):
            changed[self.dice.randrange(len(changed))] = self.dice.randrange(256)
        return Case("flipped bytes", bytes(changed), content_type, expected="either")

    def noise(self) -> Case:
        body = self.dice.randbytes(self.dice.choice([0, 1, 7, 100, 4000]))
        magic = self.dice.choice([b"", b"\x93NUMPY", b"PAR1", b"[", b'{"instances":', b"\x80\x04"])
        content_type = self.dice.choice([JSON, CSV, LINES, NPY, PARQUET])
        return Case("noise", magic + body, content_type, expected="either")

    def odd_json(self) -> Case:
        body = self.dice.choice(
            ["", "null", "true", "5", '"x"', "[]", "{}", "[{}]", "[[]]", "[null]",
             '{"instances":{}}', '{"instances":[]}', '{"instances":[null]}',
             '{"columns":[],"data":[]}',
             "[[[[]]]]",
             '{"columns":["a"],"data":[[]]}', '{"dataframe_split":null}', '[{"features":[]}]',
             '{"columns":[[]],"data":[[1]]}', '{"dataframe_records":[1,{}]}', "[1,[1],{}]",
             '{"features":null}', '{"instances":"abc"}', '{"":""}', '[{"a":1},{"b":1}]', "[1e5,]",
             "{'a':1}", '{"a":1,"a":2}', "\u0000", " ", '"\\ud800"', '["\\udfff"]']
        )  # fmt: skip
        one_column = self.schema.width == 1
        return Case(
            f"json {body:.30}", body.encode(), self.dice.choice([JSON, LINES]),
            expected="either" if one_column else "refused",
        )  # fmt: skip

    def odd_csv(self) -> Case:
        body = self.dice.choice(
            ["", "\n\n", '"', '"a"b', '"open\n1,2', "\x00", "," * 5000, "\n" * 5000 + "1", ";;;",
             "=cmd|' /C calc'!A0", "\ufeff", '""', "a\tb", "'1','2'", "1,2\n" * 3, '"' * 9999]
        )  # fmt: skip
        header = self.dice.choice(["", "; header=present", "; header=absent", "; header=x"])
        return Case(f"csv {body:.20}", body.encode(), CSV + header, expected="either")

    def _rows(self) -> list[Any]:
        return [self._row() for _ in range(self.dice.randint(1, 4))]

    def _row(self) -> Any:
        if self.schema.kind == "frame":
            return [_valid_cell(column, self.dice) for column in self.schema.columns]
        if self.schema.kind == "texts":
            return self.dice.choice(["some text", "a, b", 'say "hi"', "ünïcödé", "x" * 500, "NA"])
        role = "boolean" if self.schema.dtype == "bool" else "number"
        if (self.schema.dtype or "")[0] in "iu":
            role = "integer"
        column = Column(name="", dtype=self.schema.dtype or "", role=role)
        cells = [_valid_cell(column, self.dice) for _ in range(self.schema.width)]
        return np.array(cells, dtype=object).reshape(self.schema.row_shape).tolist()

    def _written(self, rows: list[Any], only: list[str] | None = None) -> tuple[str, bytes]:
        possible = [JSON, LINES, CSV]
        if self.schema.kind == "array" and self.schema.dtype != "bool":
            possible.append(NPY)
        content_type = self.dice.choice(only or possible)
        if content_type == LINES:
            return LINES, "\n".join(json.dumps(row) for row in rows).encode()
        if content_type == NPY:
            file = io.BytesIO()
            np.save(file, np.array(rows, dtype=np.float64))
            return NPY, file.getvalue()
        if content_type == CSV:
            lines = io.StringIO()
            csv.writer(lines).writerows(
                ["" if cell is None else cell for cell in _flat(row)] for row in rows
            )
            return CSV, lines.getvalue().encode()
        if self.schema.kind == "frame" and self.dice.random() < 0.5:
            return JSON, json.dumps({"columns": self.schema.names, "data": rows}).encode()
        return JSON, json.dumps({"instances": rows}).encode()


class _Bomb:
    def __reduce__(self):
        return (os._exit, (66,))  # a server that unpickles this dies


def _valid_cell(column: Column, dice: random.Random) -> Any:
    if column.missing and dice.random() < 0.2:
        return None
    return {
        "number": lambda: dice.choice([0, -1, 1.5, 1e-3, dice.uniform(-9, 9)]),
        "integer": lambda: dice.randint(0, 100),
        "boolean": lambda: dice.random() < 0.5,
        "category": lambda: dice.choice(column.categories or [None]),
        "text": lambda: dice.choice(["text", "a, b", 'say "hi"', "two\nlines", "ünïcödé"]),
        "datetime": lambda: "2024-05-31T12:00:00" + ("Z" if "," in column.dtype else ""),
    }[column.role]()


def _wrong_for(column: Column) -> list[Any]:
    wrong: dict[str, list[Any]] = {
        "number": ["abc", "1", True, False, ""],
        "integer": ["abc", "1", True, 1.5, 1e300, 2**63, -(10**30)],
        "boolean": ["true", 1, 0, 1.0, ""],
        "category": [{"x": 1}],
        "text": [5, 1.5, True],
        "datetime": ["soon", 5, "", True, "2024-13-45", "now", "0000-00-00", "2024-05-31T99:00:00"],
    }
    if column.categories and isinstance(column.categories[0], str):
        wrong["category"] += ["no such category", 5, True, "x" * 5000, "\u0000"]
    return wrong[column.role] + ([] if column.missing else [None])


def _replaced(row: Any, cell: Any, column: int | None, dice: random.Random) -> Any:
    if not isinstance(row, list):
        return cell
    position = dice.randrange(len(row)) if column is None else column
    changed = list(row)
    nested = isinstance(row[position], list)
    changed[position] = _replaced(row[position], cell, None, dice) if nested else cell
    return changed


def _flat(row: Any) -> list[Any]:
    if not isinstance(row, list):
        return [row]
    return [cell for part in row for cell in _flat(part)]


def _npy(header: str, payload: bytes) -> bytes:
    padded = header + " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode() + payload


def schemas() -> dict[str, InputSchema]:
    """One of every kind, for fuzzing without a trained model."""
    from tests.framework.data.conftest import penguins

    images = np.zeros((4, 3, 4), dtype=np.uint8)
    return {
        "array": InputSchema.learn(np.array([[1.0, 2, math.nan]])),
        "float32": InputSchema.learn(np.zeros((2, 30), dtype=np.float32)),
        "images": InputSchema.learn(images),
        "numbers": InputSchema.learn(np.zeros(3)),
        "truths": InputSchema.learn(np.zeros((2, 2), dtype=bool)),
        "frame": InputSchema.learn(penguins(), allow_missing=["year", "tagged", "note"]),
        "strict frame": InputSchema.learn(penguins().drop(columns=["mass", "sex"])),
        "texts": InputSchema.learn(["a text"]),
    }

"""The catalog that is measured: what clients send of it, batch by batch, and the same graph as numbers.

Half of the entities are columns, a quarter processes, a quarter datasets, which lie in as many layers as a warehouse
has stages: raw files, tables made of them, tables made of those. Most processes read a few datasets near them; a few
read hundreds. Every fifth dataset is a file of ours, the others are tables
with types that are well known. A tenth of the edges is of columns to what they are of.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

LAYERS = 12
#: Words of names: the first ones are in many names, the last ones in few.
_TEXT = """
orders customers daily sales score churn stock invoice region product payment shipment return visit click device sensor
ticket contract campaign supplier store forecast margin budget claim policy premium route vehicle
"""
WORDS = _TEXT.split()
OWNERS = [f"person{number}" for number in range(40)]


@dataclass
class Graph:
    """Entities as they are sent, by number, and the edges between them as (source, target)."""

    entities: list[dict[str, Any]] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    column_edges: int = 0
    datasets: list[int] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    hub: int = -1

    def batches(self, size: int = 500) -> Iterator[bytes]:
        """The bodies of the requests."""
        for start in range(0, len(self.entities), size):
            yield orjson.dumps({"entities": self.entities[start : start + size]})

    def identity(self, number: int) -> tuple[str, str]:
        """Type and name of an entity."""
        entity = self.entities[number]
        return entity["typeName"], entity["attributes"]["qualifiedName"]


class Maker:
    """Makes a graph of so many entities and edges, the same every time."""

    def __init__(self, size: int, edges: int) -> None:
        self.draw = random.Random(7)
        self.size, self.wanted = size, edges
        self.graph = Graph()
        self.layers: list[list[int]] = []

    def make(self) -> Graph:
        """Layer after layer: datasets with their columns, then the processes that read them and write the next."""
        per_layer = self.size // (4 * LAYERS)
        flows = (self.wanted - self.size // 2) / (per_layer * (LAYERS - 1))
        for layer in range(LAYERS):
            self.layers.append([self._dataset(layer, at) for at in range(per_layer)])
            if layer:
                self._processes(layer, per_layer, flows)
        while len(self.graph.entities) < self.size:
            self._column(self.draw.choice(self.graph.datasets))
        return self.graph

    def _add(self, type_name: str, name: str, shown: str, **more: Any) -> int:
        number = len(self.graph.entities)
        attributes = {"qualifiedName": name, "name": shown, **more.pop("attributes", {})}
        self.graph.entities.append({"typeName": type_name, "guid": str(-1 - number), "attributes": attributes, **more})
        return number

    def _words(self) -> str:
        first = min(int(self.draw.expovariate(0.12)), len(WORDS) - 1)
        return f"{WORDS[first]}_{self.draw.choice(WORDS)}"

    def _dataset(self, layer: int, at: int) -> int:
        words = self._words()
        ours = at % 5 == 0
        attributes = {
            "description": f"The {words.replace('_', ' ')} of stage {layer}.",
            "owner": self.draw.choice(OWNERS),
        }
        if ours:
            name = f"s3://lake/stage{layer}/{words}/part-{at}.parquet"
            number = self._add("dataset", name, f"{words}_{at}", attributes=attributes)
        else:
            number = self._add("hive_table", f"stage{layer}.{words}_{at}@lab", f"{words}_{at}", attributes=attributes)
        self.graph.datasets.append(number)
        self._column(number)
        self._column(number)
        return number

    def _column(self, of: int) -> None:
        type_name, name = self.graph.identity(of)
        at = len(self.graph.entities)
        shown = f"{self.draw.choice(WORDS)}_{at}"
        ours = type_name == "dataset"
        kind, end, data_type = ("column", "dataset", "data_type") if ours else ("hive_column", "table", "type")
        reference = {"typeName": type_name, "uniqueAttributes": {"qualifiedName": name}}
        attributes = {data_type: "text"}
        column = f"{name}#{shown}"
        self._add(kind, column, shown, attributes=attributes, relationshipAttributes={end: reference})
        self.graph.column_edges += 1

    def _processes(self, layer: int, count: int, flows: float) -> None:
        before = self.layers[layer - 1]
        for at in range(count):
            target = self.layers[layer][at]
            inputs = self._inputs(before, at, flows)
            outputs = {target, *(self.draw.choice(self.layers[layer]) for _ in range(self.draw.random() < 0.2))}
            name = f"etl://stage{layer}/{at}"
            number = self._add(
                "hive_process" if at % 3 else "Process",
                name,
                f"make {self._words()} {at}",
                attributes={
                    "inputs": [self._reference(each) for each in sorted(inputs)],
                    "outputs": [self._reference(each) for each in sorted(outputs)],
                },
            )
            self.graph.processes.append(number)
            self.graph.edges += [(each, number) for each in sorted(inputs)]
            self.graph.edges += [(number, each) for each in sorted(outputs)]

    def _inputs(self, before: list[int], at: int, flows: float) -> set[int]:
        """Most processes read a few datasets near them; one in a hundred reads half of what is read at all."""
        if at % 100 == 0:
            earlier = self.graph.datasets[: -len(before)]
            return set(self.draw.sample(earlier, min(len(earlier), int(100 * max(0.0, flows - 10.4)))))
        if at % 100 < 10:
            return set(self.draw.sample(before, self.draw.randint(30, 90)))
        return {
            before[(at + self.draw.randint(-9, 9)) % len(before)] for _ in range(self.draw.choice((1, 2, 3, 4, 6, 9)))
        }

    def _reference(self, number: int) -> dict[str, Any]:
        type_name, name = self.graph.identity(number)
        return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": name}}

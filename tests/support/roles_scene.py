"""Moments of a world that can be gone back to: the state, the lake, the registered days, messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.roles_world import World


@dataclass(frozen=True)
class Scene:
    """What functions find and change, at one moment.

    Args:
        days: table and day of each registered partition.
        messages: queue → what is put into it when the scene is set.
    """

    items: Mapping[str, Any]
    objects: Mapping[str, bytes]
    days: frozenset[tuple[str, str]]
    messages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def now(world: World, **messages: tuple[str, ...]) -> Scene:
    """Return the present moment, with messages to come."""
    objects = {info.key: world.lake.get(info.key) for info in world.lake.list("")}
    return Scene(_items(world), objects, days(world), messages)


def days(world: World) -> frozenset[tuple[str, str]]:
    """Return which days of which tables are registered."""
    return frozenset((t.name, day) for t in world.tables for day in _days(world, t.name))


def set_up(world: World, scene: Scene) -> None:
    """Go back to a scene."""
    _set_items(world, scene.items)
    _set_objects(world, scene.objects)
    found = days(world)
    for table, day in found - scene.days:
        world.glue.delete_partition(
            DatabaseName=world.planned.database, TableName=table, PartitionValues=[day]
        )
    for table, day in scene.days - found:
        world.catalog().register(table, [day])
    for queue, url in world.urls.items():
        while left := world.waiting(queue):
            for message in left:
                world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        for body in scene.messages.get(queue, ()):
            world.sqs.send_message(QueueUrl=url, MessageBody=body)
    world.endpoint.reset()
    world.receiver.slack_posts.clear()
    world.receiver.incidents.clear()


def _items(world: World) -> dict[str, Any]:
    pages = world.dynamodb.get_paginator("scan").paginate(TableName=world.planned.table)
    return {json.dumps([i["pk"], i["sk"]]): i for page in pages for i in page["Items"]}


def _set_items(world: World, wanted: Mapping[str, Any]) -> None:
    found = _items(world)
    gone = [found[key] for key in found.keys() - wanted.keys()]
    requests = [{"DeleteRequest": {"Key": {n: i[n] for n in ("pk", "sk")}}} for i in gone]
    requests += [
        {"PutRequest": {"Item": item}} for key, item in wanted.items() if found.get(key) != item
    ]
    for start in range(0, len(requests), 25):
        batch = {world.planned.table: requests[start : start + 25]}
        world.dynamodb.batch_write_item(RequestItems=batch)


def _set_objects(world: World, wanted: Mapping[str, bytes]) -> None:
    sizes = {info.key: info.size for info in world.lake.list("")}
    for key in sizes.keys() - wanted.keys():
        world.lake.delete(key)
    for key, data in wanted.items():
        if sizes.get(key) != len(data):
            world.lake.delete(key)
            world.lake.put_if_absent(key, data)


def _days(world: World, table: str) -> set[str]:
    asked = {"DatabaseName": world.planned.database, "TableName": table}
    pages = world.glue.get_paginator("get_partitions").paginate(**asked)
    return {entry["Values"][0] for page in pages for entry in page["Partitions"]}

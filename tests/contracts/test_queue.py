"""What every queue promises to whoever sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mantissa.adapters.aws.sqs import SQSQueue
from mantissa.adapters.memory import MemoryQueue
from mantissa.ports import Queue
from support.aws_faults import never
from support.aws_stores import make_queue, moto_clients, received

Sent = tuple[Queue, Callable[[], list[str]]]


@pytest.fixture(params=["memory", "sqs on moto"])
def sent(request: pytest.FixtureRequest) -> Iterator[Sent]:
    """A queue, and what gives all that it was sent."""
    if request.param == "memory":
        queue = MemoryQueue()
        yield queue, lambda: queue.bodies
        return
    with moto_clients() as clients:
        url = make_queue(clients)
        yield SQSQueue(clients.sqs, url, pause=never), lambda: received(clients, url)


def test_a_message_arrives_as_it_was_sent(sent: Sent) -> None:
    queue, bodies = sent
    queue.send('{"run": "é 日 <&>"}')
    assert bodies() == ['{"run": "é 日 <&>"}']


@pytest.mark.parametrize("count", [0, 1, 10, 11, 35])
def test_many_messages_all_arrive(sent: Sent, count: int) -> None:
    queue, bodies = sent
    queue.send_all(f"message {n}" for n in range(count))
    assert sorted(bodies()) == sorted(f"message {n}" for n in range(count))


def test_large_messages_are_sent_few_at_a_time(sent: Sent) -> None:
    queue, bodies = sent
    large = [f"{n}" * 100_000 for n in range(7)]
    queue.send_all(large)
    assert sorted(bodies()) == large

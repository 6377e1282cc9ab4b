"""S3 as it is on a bad day: conflicts, lost answers, dropped connections, closed doors (F-10, F-28)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from mantissa.adapters.aws.s3 import TRIES, S3Objects
from mantissa.adapters.aws.s3_stream import MOST_RESUMES
from mantissa.adapters.aws.session import ATTEMPTS, Clients
from mantissa.errors import (
    AccessDenied,
    ConfigError,
    Conflict,
    KeyDenied,
    ObjectNotFound,
    StoreError,
    StoreTransient,
)
from support.aws_faults import RESET, Fault, Network, changed, cut, lost, never, refused, unheard
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import LAKE, moto_clients, put_plain

pytestmark = pytest.mark.usefixtures("no_waiting")
DATA = b"".join(hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(40_000))
BUSY = refused(409, "ConditionalRequestConflict")


@pytest.fixture
def clients() -> Iterator[Clients]:
    with moto_clients() as clients:
        clients.s3.create_bucket(Bucket=LAKE)
        yield clients


@pytest.fixture
def network(clients: Clients) -> Network:
    return Network(clients.s3)


@pytest.fixture
def store(clients: Clients, network: Network) -> S3Objects:
    return S3Objects(clients.s3, LAKE, pause=never)


def test_a_write_that_s3_cannot_decide_is_asked_again(store: S3Objects, network: Network) -> None:
    network.add("PutObject", BUSY, BUSY)
    assert store.put_if_absent("k", b"x") is True
    assert store.get("k") == b"x"


def test_a_write_that_stays_undecided_is_worth_another_try(
    store: S3Objects, network: Network
) -> None:
    network.add("PutObject", *[BUSY] * TRIES)
    with pytest.raises(StoreTransient, match="busy"):
        store.put_if_absent("k", b"x")
    assert network.count("PutObject") == TRIES
    assert store.put_if_absent("k", b"x") is True


def test_a_write_whose_answer_was_lost_is_known_as_ours(store: S3Objects, network: Network) -> None:
    network.add("PutObject", lost)
    assert store.put_if_absent("k", b"ours") is True
    assert network.count("PutObject") == 2


def test_a_write_that_was_retried_and_lost_is_not_taken_for_ours(
    store: S3Objects, network: Network
) -> None:
    assert store.put_if_absent("k", b"theirs")
    network.add("PutObject", unheard)
    assert store.put_if_absent("k", b"ours") is False
    assert store.get("k") == b"theirs"


@pytest.mark.parametrize(
    "fault", [unheard, refused(503, "SlowDown"), refused(500, "InternalError")]
)
def test_a_write_that_never_gets_through_is_transient(
    store: S3Objects, network: Network, fault: Fault
) -> None:
    network.add("PutObject", *[fault] * ATTEMPTS)
    with pytest.raises(StoreTransient, match=r"s3://mantissa-test-lake/k"):
        store.put_if_absent("k", b"x")
    assert network.count("PutObject") == ATTEMPTS
    assert list(store.list("")) == []


def test_each_object_says_what_its_content_is_without_being_read(
    store: S3Objects, network: Network
) -> None:
    store.put_if_absent("k", DATA)
    assert store.head("k").identity == hashlib.sha256(DATA).hexdigest()
    assert network.count("GetObject") == 0


def test_an_object_that_others_put_is_read_to_name_it(
    store: S3Objects, clients: Clients, network: Network
) -> None:
    put_plain(clients, LAKE, "k", DATA)
    assert store.head("k").identity == hashlib.sha256(DATA).hexdigest()
    assert network.count("GetObject") == 1


@pytest.mark.parametrize("error", [None, RESET])
@pytest.mark.parametrize("at", [0, 1, 500_000, len(DATA) - 1])
def test_a_body_that_breaks_off_is_read_on(
    store: S3Objects, network: Network, at: int, error: Exception | None
) -> None:
    store.put_if_absent("k", DATA)
    network.add("GetObject", cut(at, error), cut(1000, error))
    assert store.get("k") == DATA
    asked = [r.headers for r in network.sent if r.method == "GET"]
    assert [h.get("Range", b"") for h in asked][:2] == [b"", b"bytes=%d-" % at]
    assert all(h.get("If-Match") for h in asked[1:])


def test_a_body_that_keeps_breaking_off_is_an_error_and_never_short(
    store: S3Objects, network: Network
) -> None:
    store.put_if_absent("k", DATA)
    network.add("GetObject", *[cut(10)] * 50)
    with store.open("k") as stream, pytest.raises(StoreTransient, match="keeps ending"):
        stream.read()
    assert network.count("GetObject") == MOST_RESUMES + 1


def test_an_object_that_changed_before_the_rest_was_read_is_never_mixed(
    store: S3Objects, clients: Clients, network: Network
) -> None:
    store.put_if_absent("k", DATA)
    network.add("GetObject", cut(10))
    with store.open("k") as stream:
        clients.s3.put_object(Bucket=LAKE, Key="k", Body=DATA[::-1])
        with pytest.raises(Conflict):
            stream.read()


def test_an_object_that_vanished_before_the_rest_was_read_is_told(
    store: S3Objects, network: Network
) -> None:
    store.put_if_absent("k", DATA)
    network.add("GetObject", cut(10))
    with store.open("k") as stream:
        store.delete("k")
        with pytest.raises(ObjectNotFound):
            stream.read()


def test_a_whole_object_instead_of_its_rest_is_refused(
    store: S3Objects, clients: Clients, network: Network
) -> None:
    store.put_if_absent("k", DATA)

    def ignoring_the_range(forward):  # type: ignore[no-untyped-def]
        answer = forward()
        del answer.headers["Content-Range"]
        return answer

    network.add("GetObject", cut(10), ignoring_the_range)
    with store.open("k") as stream, pytest.raises(StoreTransient, match="another given"):
        stream.read()


def test_bytes_that_changed_on_the_way_are_refused(store: S3Objects, network: Network) -> None:
    store.put_if_absent("k", DATA)
    network.add("GetObject", changed(DATA[:-1] + b"?"))
    with store.open("k") as stream, pytest.raises(StoreTransient, match="changed on the way"):
        stream.read()


DECRYPT = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: kms:Decrypt on key"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refused(403, "AccessDenied"), AccessDenied),
        (refused(403, "AccessDenied", DECRYPT), KeyDenied),
        (refused(400, "KMS.DisabledException"), KeyDenied),
        (refused(400, "KMS.KMSInvalidStateException"), KeyDenied),
        (refused(404, "NoSuchKey"), ObjectNotFound),
        (refused(404, "NoSuchBucket"), StoreError),
        (refused(403, "InvalidObjectState"), StoreError),
        (refused(403, "ExpiredToken"), ConfigError),
        (refused(403, "SignatureDoesNotMatch"), ConfigError),
        (refused(400, "NeverHeardOf"), StoreError),
    ],
)
def test_each_refusal_is_told_apart_and_names_the_object(
    store: S3Objects, network: Network, fault: Fault, error: type[Exception]
) -> None:
    network.add("GetObject", fault)
    with pytest.raises(error) as caught:
        store.get("k")
    assert type(caught.value) is error
    assert caught.value.where == f"s3://{LAKE}/k"  # type: ignore[attr-defined]


def test_what_is_denied_is_told_with_the_action_and_the_fix(
    store: S3Objects, network: Network
) -> None:
    network.add("PutObject", refused(403, "AccessDenied"))
    with pytest.raises(AccessDenied, match="s3:PutObject") as caught:
        store.put_if_absent("k", b"x")
    assert "allow s3:PutObject" in str(caught.value.fix)


def test_a_bucket_that_is_gone_is_no_empty_one(clients: Clients) -> None:
    gone = S3Objects(clients.s3, "mantissa-test-gone")
    with pytest.raises(StoreError, match="no such place"):
        list(gone.list(""))
    with pytest.raises(StoreError, match="no such place"):
        gone.put_if_absent("k", b"x")


def test_a_machine_without_credentials_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from support.aws_stores import environ

    nothing = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    with environ(**nothing, AWS_CONFIG_FILE="/dev/null"):
        with pytest.raises(ConfigError, match="credentials"):
            S3Objects(Clients(region="us-east-1").s3, LAKE).get("k")
        with pytest.raises(ConfigError, match="region"):
            Clients().sqs  # noqa: B018

"""The envelopes that carriers put around records, each a closed set of keys.

An object is an envelope only if it has all keys of a shape that are required and none that the
shape does not know: an event that merely has a key of that name stays an event. Shapes as AWS,
Elastic and Docker document them; the rule test line is the product's own and Panther's.
"""

from __future__ import annotations

from msgspec import UNSET, Raw, Struct, UnsetType, field

Opt = Raw | UnsetType


class Shape(Struct, forbid_unknown_fields=True):
    """An object with no other keys than these."""


class RecordsList(Struct):
    """`{"Records": […]}` of CloudTrail, S3 and Lambda events, whatever stands beside the list."""

    Records: Raw


class AzureRecords(Shape):
    """`{"records": […]}`: Azure Event Hubs; a Firehose delivery with its request's keys."""

    records: Raw
    requestId: Opt = UNSET  # noqa: N815 - the carrier's spelling, here and below
    timestamp: Opt = UNSET
    invocationId: Opt = UNSET  # noqa: N815
    deliveryStreamArn: Opt = UNSET  # noqa: N815
    sourceKinesisStreamArn: Opt = UNSET  # noqa: N815
    region: Opt = UNSET


class EventsList(Shape):
    """`{"events": […]}`: test fixtures of Elastic, answers of CloudWatch Logs."""

    events: Raw
    nextForwardToken: Opt = UNSET  # noqa: N815
    nextBackwardToken: Opt = UNSET  # noqa: N815
    nextToken: Opt = UNSET  # noqa: N815
    searchedLogStreams: Opt = UNSET  # noqa: N815


class LookupEvents(Shape):
    """`{"Events": […]}`: the answer of CloudTrail's LookupEvents."""

    Events: Raw
    NextToken: Opt = UNSET


class LogEvents(Shape):
    """`{"logEvents": […]}` without the subscription around it."""

    logEvents: Raw  # noqa: N815


class GraphPage(Shape):
    """`{"value": […]}`: a page of Microsoft Graph."""

    value: Raw
    context: Opt = field(default=UNSET, name="@odata.context")
    next_link: Opt = field(default=UNSET, name="@odata.nextLink")
    count: Opt = field(default=UNSET, name="@odata.count")


class EventBridge(Shape):
    """An EventBridge event; older test events lack some keys, Cloud Custodian adds `debug`."""

    detail: Raw
    source: Opt = UNSET
    detail_type: Opt = field(default=UNSET, name="detail-type")
    version: Opt = UNSET
    id: Opt = UNSET
    account: Opt = UNSET
    time: Opt = UNSET
    region: Opt = UNSET
    resources: Opt = UNSET
    replay_name: Opt = field(default=UNSET, name="replay-name")
    debug: Opt = UNSET


class LogsSubscription(Shape):
    """A CloudWatch Logs subscription message."""

    messageType: str  # noqa: N815
    logEvents: Opt = UNSET  # noqa: N815
    owner: Opt = UNSET
    logGroup: Opt = UNSET  # noqa: N815
    logStream: Opt = UNSET  # noqa: N815
    subscriptionFilters: Opt = UNSET  # noqa: N815
    policyLevel: Opt = UNSET  # noqa: N815


class FirehoseRecord(Shape):
    """One record of a Firehose delivery: base64."""

    data: str
    recordId: Opt = UNSET  # noqa: N815
    approximateArrivalTimestamp: Opt = UNSET  # noqa: N815
    kinesisRecordMetadata: Opt = UNSET  # noqa: N815


class KinesisData(Struct):
    """The part of a Kinesis record that holds the data: base64."""

    data: str


class KinesisRecord(Shape):
    """One record of a Kinesis batch as Lambda gets it."""

    kinesis: KinesisData
    eventSource: Opt = UNSET  # noqa: N815
    eventVersion: Opt = UNSET  # noqa: N815
    eventID: Opt = UNSET  # noqa: N815
    eventName: Opt = UNSET  # noqa: N815
    invokeIdentityArn: Opt = UNSET  # noqa: N815
    awsRegion: Opt = UNSET  # noqa: N815
    eventSourceARN: Opt = UNSET  # noqa: N815


class SnsNotification(Shape):
    """An SNS message as delivered over HTTP or SQS, or within a Lambda event."""

    Type: str
    Message: str
    TopicArn: Opt = UNSET
    MessageId: Opt = UNSET
    Subject: Opt = UNSET
    Timestamp: Opt = UNSET
    SignatureVersion: Opt = UNSET
    Signature: Opt = UNSET
    SigningCertURL: Opt = UNSET
    SigningCertUrl: Opt = UNSET
    UnsubscribeURL: Opt = UNSET
    UnsubscribeUrl: Opt = UNSET
    SubscribeURL: Opt = UNSET
    Token: Opt = UNSET
    MessageAttributes: Opt = UNSET


class SnsRecord(Shape):
    """One record of an SNS event as Lambda gets it."""

    Sns: Raw
    EventSource: Opt = UNSET
    EventVersion: Opt = UNSET
    EventSubscriptionArn: Opt = UNSET


class SqsRecord(Shape):
    """One record of an SQS batch as Lambda gets it."""

    messageId: Raw  # noqa: N815
    body: str
    receiptHandle: Opt = UNSET  # noqa: N815
    attributes: Opt = UNSET
    messageAttributes: Opt = UNSET  # noqa: N815
    md5OfBody: Opt = UNSET  # noqa: N815
    md5OfMessageAttributes: Opt = UNSET  # noqa: N815
    eventSource: Opt = UNSET  # noqa: N815
    eventSourceARN: Opt = UNSET  # noqa: N815
    awsRegion: Opt = UNSET  # noqa: N815


class LookupEvent(Shape):
    """One event of CloudTrail's LookupEvents, which holds the record as text."""

    CloudTrailEvent: str
    EventId: Opt = UNSET
    EventName: Opt = UNSET
    ReadOnly: Opt = UNSET
    AccessKeyId: Opt = UNSET
    EventTime: Opt = UNSET
    EventSource: Opt = UNSET
    Username: Opt = UNSET
    Resources: Opt = UNSET


class RuleTest(Shape):
    """One test of a rule: the event and whether the rule should match it."""

    log: Raw
    name: Raw
    expected_result: Raw


class BeatsEvent(Shape):
    """What Beats says of the module that read a line."""

    dataset: Opt = UNSET
    module: Opt = UNSET
    timezone: Opt = UNSET
    original: Opt = UNSET
    created: Opt = UNSET
    ingested: Opt = UNSET


class ShippedLine(Shape):
    """A line read by Filebeat, Elastic Agent or from a log group, with nothing but where from."""

    message: str
    time: Opt = field(default=UNSET, name="@timestamp")
    metadata: Opt = field(default=UNSET, name="@metadata")
    version: Opt = field(default=UNSET, name="@version")
    agent: Opt = UNSET
    ecs: Opt = UNSET
    host: Opt = UNSET
    input: Opt = UNSET
    log: Opt = UNSET
    fileset: Opt = UNSET
    event: BeatsEvent | UnsetType = UNSET
    tags: Opt = UNSET
    fields: Opt = UNSET
    cloud: Opt = UNSET
    container: Opt = UNSET
    docker: Opt = UNSET
    kubernetes: Opt = UNSET
    stream: Opt = UNSET
    offset: Opt = UNSET
    prospector: Opt = UNSET
    beat: Opt = UNSET
    timestamp: Opt = UNSET
    ingestionTime: Opt = UNSET  # noqa: N815
    eventId: Opt = UNSET  # noqa: N815
    logStreamName: Opt = UNSET  # noqa: N815


class LogEvent(Shape):
    """One event of a CloudWatch Logs subscription."""

    message: str
    id: Opt = UNSET
    timestamp: Opt = UNSET
    extractedFields: Opt = UNSET  # noqa: N815


class DockerLine(Shape):
    """A line of a container, as Docker's json-file driver writes it."""

    log: str
    stream: str
    time: str
    attrs: Opt = UNSET

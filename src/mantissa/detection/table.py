"""The lake's table of findings, for those who read it and know nothing of rules.

A function that only asks questions carries no Sigma: this module must not reach it.
"""

from __future__ import annotations

from mantissa.model import Column, Table

ENTITIES = (
    "actor_user",
    "actor_id",
    "src_ip",
    "dst_ip",
    "device_host",
    "cloud_account",
    "cloud_region",
    "resource",
)
"""Common columns that say who and what is involved; they travel with every finding."""

FINDINGS = Table(
    "findings",
    (
        Column("finding_id", "string", "The same for the same rule version and event, for ever"),
        Column("event_time", "timestamp", "When the matched event happened, UTC"),
        Column("detected_at", "timestamp", "When the run that found it started, UTC"),
        Column("rule_id", "string", "The Sigma rule's id"),
        Column("rule_title", "string", "The rule's title at that version"),
        Column("rule_version", "string", "First 12 hex digits of the SHA-256 of the rule's text"),
        Column("level", "string", "informational, low, medium, high or critical"),
        Column("tags", "json", "The rule's tags, a list"),
        Column("source", "string", "Log source of the event"),
        Column("event_id", "string", "The matched event's row"),
        Column("source_object", "string", "Input object that the event came from"),
        *(Column(name, "string", f"The event's {name}") for name in ENTITIES),
        Column("fields", "json", "Values of the fields that the rule names, an object of texts"),
        Column("run_id", "string", "The detection run that found it"),
        Column("object_time", "timestamp", "When the input object was last modified, UTC"),
        Column("row_time", "timestamp", "When the event became a row of the lake, UTC"),
    ),
    "Rules that matched events, one row per rule and event",
)

MATCHES = Table(
    "matches",
    (
        Column("correlation", "string", "Id of the correlation that the match counts for"),
        Column("member", "string", "Id of the rule, or inner correlation, that matched"),
        Column("grouping", "string", "Digest of how the correlation groups and what it counts"),
        Column("event_id", "string", "The matched event's row"),
        Column("event_time", "timestamp", "When the matched event happened, UTC"),
        Column("key", "string", "The event's values of the correlation's group-by, a JSON list"),
        Column("value", "string", "The event's value of the field that is counted or added"),
        Column("source", "string", "Log source of the event"),
        Column("source_object", "string", "Input object that the event came from"),
        *(Column(name, "string", f"The event's {name}") for name in ENTITIES),
        Column("run_id", "string", "The detection run that found it"),
    ),
    "Events that members of correlations matched: what correlations are judged over",
)

"""Three questions that the demo asks of its lake once the alerts are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question in words and its SQL in Trino's dialect."""

    title: str
    sql: str


QUESTIONS: tuple[Question, ...] = (
    Question(
        "From which addresses was the leaked key used, and how does the new one compare?",
        """
SELECT sourceipaddress AS address,
       count(*) AS calls,
       count(DISTINCT eventname) AS different_calls,
       count(errorcode) AS refused,
       min(event_time) AS first_seen,
       max(event_time) AS last_seen
FROM aws_cloudtrail
WHERE useridentity_accesskeyid = 'AKIAIOSFODNN7EXAMPLE'
GROUP BY sourceipaddress
ORDER BY calls DESC
""".strip(),
    ),
    Question(
        "What did the leaked key do from the new address, in order?",
        """
SELECT event_time, eventsource, eventname, errorcode
FROM aws_cloudtrail
WHERE useridentity_accesskeyid = 'AKIAIOSFODNN7EXAMPLE'
  AND sourceipaddress <> '203.0.113.10'
ORDER BY event_time
""".strip(),
    ),
    Question(
        "Which secrets, snapshots and buckets did the intruder's addresses touch?",
        """
SELECT eventname,
       coalesce(json_extract_scalar(requestparameters, '$.secretId'),
                json_extract_scalar(requestparameters, '$.snapshotId'),
                json_extract_scalar(requestparameters, '$.bucketName')) AS what,
       min(event_time) AS first_seen
FROM aws_cloudtrail
WHERE sourceipaddress IN ('198.51.100.77', '198.51.100.140')
  AND eventname IN ('GetSecretValue', 'ModifySnapshotAttribute', 'PutBucketPolicy',
                    'DeleteBucketPublicAccessBlock')
  AND errorcode IS NULL
GROUP BY 1, 2
ORDER BY first_seen
""".strip(),
    ),
)

"""The configuration's objects in S3, the only ones of the lake that are ever replaced."""

from __future__ import annotations

import base64
import hashlib

from mantissa.adapters.aws.errors import calling
from mantissa.adapters.aws.s3 import WRITE, S3Objects


class S3Configuration(S3Objects):
    """An object store that can also replace."""

    def replace(self, key: str, data: bytes) -> None:
        """Write in place of what was there; S3 shows readers the old or the new."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        with calling(WRITE, self._uri(key)):
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=data, ChecksumSHA256=checksum
            )

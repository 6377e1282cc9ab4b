"""An AWS emulator on loopback, and how clients reach it: ministack and moto share this shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

REGION = "us-east-1"
ACCESS_KEY = "test"
SECRET_KEY = "testtest"


@dataclass(frozen=True)
class Emulator:
    """Where an emulator listens, and as whom. Name buckets and databases after the test."""

    port: int
    log: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environ(self, **more: str) -> Mapping[str, str]:
        """Return what points any AWS SDK, in this process or another, at the emulator."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }

    def session(self) -> boto3.Session:
        """Return a session with credentials and region; the endpoint is the environment's."""
        import boto3

        return boto3.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=REGION,
        )

    def client(self, service: str, **more: Any) -> Any:
        """Return a boto3 client of the emulator, whatever the environment says."""
        from botocore.config import Config

        more.setdefault("config", Config(s3={"addressing_style": "path"}))
        return self.session().client(service, endpoint_url=self.url, **more)


def bare_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what would point a server at another cloud or account."""
    return {name: value for name, value in environ.items() if not name.startswith("AWS_")}

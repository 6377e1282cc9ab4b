"""What only a cluster of the user's own has: sign-in, a server that may be away, a client's cancel."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mantissa.adapters.lake_sql import LakeSql
from mantissa.adapters.memory import ManualClock, MemoryObjects, MemorySecrets
from mantissa.adapters.memory_engine import MemoryEngine
from mantissa.adapters.trino import Cluster, TrinoEngine
from mantissa.errors import ConfigError, EngineTimedOut, EngineTransient
from mantissa.model import QueryLimits
from support.emulators import Emulator
from support.engine_world import aws_lake
from support.kept import free_port
from support.lake_rows import TABLES, lake_files
from support.trino import Trino

LIMITS = QueryLimits(seconds=20)


def lake() -> LakeSql:
    objects = MemoryObjects(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    return LakeSql("s3://b/", {}, {}, objects, MemoryEngine(objects, []))


class Coordinator(BaseHTTPRequestHandler):
    """Answers every statement with one row, to whoever has the right words."""

    authorization: ClassVar[str] = ""
    seen: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(dict(self.headers.items()))
        if self.headers.get("Authorization", "") != self.authorization:
            self._send(401, b"no")
            return
        signature = {"rawType": "bigint", "arguments": []}
        column = {"name": "n", "type": "bigint", "typeSignature": signature}
        answer = {"id": "q", "infoUri": "", "columns": [column], "data": [[7]]}
        self._send(200, json.dumps(answer | {"stats": {"state": "FINISHED"}}).encode())

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of this machine, for as long as the test lasts."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def coordinator(certificate: Path) -> Iterator[tuple[int, type[Coordinator]]]:
    handler = type("Bound", (Coordinator,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1], handler
    server.shutdown()
    server.server_close()
    thread.join()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def engine(port: int, certificate: Path, secrets: Any, **options: Any) -> TrinoEngine:
    cluster = Cluster("localhost", port, "db", verify=str(certificate), **options)
    return TrinoEngine(cluster, lake(), secrets)


def test_a_password_comes_from_the_secret_store(
    coordinator: tuple[int, type[Coordinator]], certificate: Path
) -> None:
    port, server = coordinator
    server.authorization = basic("ada", "p:w")
    secrets = MemorySecrets({"trino": "p:w"})
    made = engine(port, certificate, secrets, user="ada", auth="basic", secret="trino")
    assert made.run("SELECT 7 AS n", limits=LIMITS).table.to_pylist() == [{"n": 7}]
    assert secrets.fresh_reads == 0
    assert server.seen[0]["X-Trino-User"] == "ada"


def test_a_token_that_was_rotated_is_read_anew_once(
    coordinator: tuple[int, type[Coordinator]], certificate: Path
) -> None:
    port, server = coordinator
    server.authorization = "Bearer new"

    class Rotating(MemorySecrets):
        def get(self, name: str, *, fresh: bool = False) -> Any:
            self.secrets["trino"] = "new" if fresh else "old"
            return super().get(name, fresh=fresh)

    secrets = Rotating()
    made = engine(port, certificate, secrets, auth="jwt", secret="trino")
    assert made.run("SELECT 7 AS n", limits=LIMITS).table.num_rows == 1
    assert (secrets.fresh_reads, len(server.seen)) == (1, 2)


def test_credentials_that_are_refused_are_the_users_to_change(
    coordinator: tuple[int, type[Coordinator]], certificate: Path
) -> None:
    port, server = coordinator
    server.authorization = "Bearer right"
    secrets = MemorySecrets({"trino": "wrong"})
    made = engine(port, certificate, secrets, auth="jwt", secret="trino")
    with pytest.raises(ConfigError, match="refused the credentials") as error:
        made.run("SELECT 7", limits=LIMITS)
    assert "wrong" not in f"{error.value}{error.value.fix}"
    assert len(server.seen) == 2


def test_a_secret_that_is_not_there_is_named(
    coordinator: tuple[int, type[Coordinator]], certificate: Path
) -> None:
    made = engine(coordinator[0], certificate, MemorySecrets(), auth="jwt", secret="trino")
    with pytest.raises(ConfigError, match="trino"):
        made.run("SELECT 7", limits=LIMITS)


@pytest.mark.parametrize("options", [{"scheme": "http", "secret": "x"}, {"secret": ""}])
@pytest.mark.parametrize("auth", ["basic", "jwt"])
def test_credentials_never_travel_in_the_clear_or_without_a_name(options: Any, auth: Any) -> None:
    with pytest.raises(ConfigError):
        Cluster("localhost", 1, "db", auth=auth, **options)


def test_a_server_whose_certificate_is_not_trusted_gets_no_query(
    coordinator: tuple[int, type[Coordinator]],
) -> None:
    port, server = coordinator
    made = TrinoEngine(Cluster("localhost", port, "db"), lake(), MemorySecrets())
    with pytest.raises(ConfigError, match="certificate"):
        made.run("SELECT 7", limits=QueryLimits(seconds=60))
    assert server.seen == []


def test_a_cluster_that_is_away_is_transient() -> None:
    cluster = Cluster("127.0.0.1", free_port(), "db", scheme="http")
    with pytest.raises(EngineTransient, match="does not answer"):
        TrinoEngine(cluster, lake(), MemorySecrets()).run("SELECT 7", limits=LIMITS)


def states(trino: Trino, mark: str) -> list[Any]:
    found = trino.rows(
        "SELECT state FROM system.runtime.queries "
        f"WHERE query LIKE '%{mark}%' AND query NOT LIKE '%runtime%'"
    )
    return [row[0] for row in found]


def test_a_query_over_its_time_ends_on_the_cluster(ministack: Emulator, trino: Trino) -> None:
    with aws_lake(ministack, TABLES, files=lake_files()) as made:
        many = "UNNEST(sequence(1, 10000)) AS t(n)"
        endless = f"SELECT count(*) AS over_its_time FROM {many}, {many}, {many}"
        endless = endless.replace("t(n)", "a(n)", 1).replace("t(n)", "b(n)", 1)
        with pytest.raises(EngineTimedOut):
            made.trino(trino).run(endless, limits=QueryLimits(seconds=0.5))
    while set(states(trino, "over_its_time")) - {"FAILED"}:
        pass
    assert states(trino, "over_its_time") == ["FAILED"]

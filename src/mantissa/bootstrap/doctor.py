"""The checks of a deployed lake, in the order in which a person would look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from mantissa.adapters.aws.checks import (
    account,
    canary,
    catalog,
    schedules,
    table,
    work,
    workgroups,
)
from mantissa.adapters.aws.checks.buckets import Buckets, Notifications
from mantissa.adapters.aws.checks.credentials import Credentials
from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import Flaw, failure, look
from mantissa.adapters.aws.checks.parts import FUNCTIONS, SCHEDULES, Parts
from mantissa.adapters.aws.checks.queues import Queues
from mantissa.adapters.aws.checks.track import Lake, Track, follow
from mantissa.adapters.aws.mirror import PREFIX, mirror
from mantissa.adapters.aws.pauses import Pause, wait
from mantissa.adapters.aws.secrets import SecretsManager
from mantissa.bootstrap.aws import AwsApp
from mantissa.bootstrap.health import detection_checks
from mantissa.config.reading import FILE, load_settings
from mantissa.config.settings import AwsSettings
from mantissa.errors import ConfigError, MantissaError
from mantissa.model import Check, RuleInfo
from mantissa.ports import Clock
from mantissa.sources.presto_view import presto_views


@dataclass(frozen=True, slots=True)
class Timed:
    """A check, and the seconds that what it looked at took; None where that is not of interest."""

    check: Check
    seconds: float | None = None


def parts_of(settings: AwsSettings) -> Parts:
    """Return the parts that the settings name. Raises `ConfigError` for those they do not."""
    missing = [name for name in Parts.__dataclass_fields__ if not getattr(settings, name)]
    if missing:
        raise ConfigError(
            f"the deployment is not known: no {', '.join(missing)} in [aws]",
            fix="export what `terraform output environment` prints, or write it in mantissa.toml",
        )
    return Parts(**{name: getattr(settings, name) for name in Parts.__dataclass_fields__})


class Doctor:
    """Looks at one deployment.

    Args:
        app: the product over it, with the settings of whoever checks.
        folder: an empty one, for a copy of the deployment's own configuration.
    """

    def __init__(
        self, app: AwsApp, folder: Path, *, pause: Pause = wait, clock: Clock | None = None
    ) -> None:
        self._given = app
        self._clock = clock or app.clock
        self._folder = folder
        self._pause = pause
        self._parts = parts_of(app.settings.aws)
        self._clients = app.clients
        self._keys = Keys(self._clients.kms)
        self._queues = Queues(self._clients.sqs, self._keys)

    def checks(self) -> Iterator[Check]:
        """Look at everything but the way of an object; without credentials at nothing else."""
        (who,) = look("credentials", partial(account.credentials, self._clients.sts))
        yield who
        if not who.ok:
            return
        for checks in (self._storage, self._sql, self._clocks, self._configuration, self._work):
            yield from checks()
        yield from self._keys.checks()

    def canary(self, seconds: float, token: str) -> Iterator[Timed]:
        """Let a canary go and follow it for so many seconds to its alert."""
        try:
            own = self._deployed
            sts, s3 = self._clients.sts, self._clients.s3
            region = s3.meta.region_name
            place = canary.Place(self._parts.raw_buckets[0], account.account_of(sts), region)
            released = canary.release(s3, place, self._clock.now(), token)
            track = Track(
                released,
                Lake(own.objects, own.state),
                self._canary_rule,
                own.alert_settings,
            )
            stages = track.stages(self._parts.name)
        except MantissaError as error:
            yield Timed(failure("canary released", error))
            return
        yield Timed(Check("canary released", True, released.uri))
        for check, took in follow(stages, self._clock, seconds, self._pause):
            yield Timed(check, took)
        if self._canary_rule is None:
            told = "the deployment runs without the library's rules: no alert is looked for"
            yield Timed(Check("canary rule", True, told))

    @property
    def _canary_rule(self) -> RuleInfo | None:
        rule = self._deployed.prepared.rules.get(canary.RULE)
        return rule.info if rule else None

    @cached_property
    def _deployed(self) -> AwsApp:
        """The product with the settings, rules and sources of the deployment itself."""
        place = f"s3://{self._parts.lake_bucket}/{PREFIX}"
        mirror(self._given.objects, self._folder)
        if not (self._folder / FILE).is_file():
            fix = "apply the deployment again, or: mantissa rules push --settings"
            raise Flaw("there is no such object", where=place + FILE, fix=fix)
        try:
            settings = load_settings(self._folder, {})
        except ConfigError as error:
            where = (error.where or "").replace(f"{self._folder}/", place)
            raise ConfigError(error.message, where=where, fix=error.fix) from error
        return AwsApp(replace(settings, aws=self._given.settings.aws), clients=self._clients)

    @property
    def _best(self) -> AwsApp:
        """The deployment's own product, or what comes nearest to it when it cannot be read."""
        try:
            return self._deployed
        except MantissaError:
            return self._given

    def _storage(self) -> Iterator[Check]:
        parts, buckets = self._parts, Buckets(self._clients.s3, self._keys)
        own = ("raw", parts.raw_buckets[0]), ("lake", parts.lake_bucket)
        for purpose, bucket in (*own, ("results", parts.results_bucket)):
            yield from buckets.checks(purpose, bucket)
        for bucket in parts.raw_buckets[1:]:
            yield from buckets.reached(f"raw {bucket}", bucket)
        yield from self._announced()
        for url in filter(None, (parts.ingest_queue, parts.detect_queue, parts.alert_queue)):
            yield from self._queues.checks(url)
        yield from table.checks(self._clients.dynamodb, parts.state_table, self._keys)

    def _announced(self) -> Iterator[Check]:
        try:
            arn = self._queues.arn(self._parts.ingest_queue)
        except MantissaError as error:
            yield failure("notifications", error)
            return
        notifications = Notifications(self._clients.s3, self._clients.events, arn)
        for bucket in self._parts.raw_buckets:
            yield from notifications.checks(bucket)

    def _sql(self) -> Iterator[Check]:
        parts, tables = self._parts, self._best.tables
        location = f"s3://{parts.lake_bucket}/lake"
        glue = catalog.CatalogChecks(self._clients.glue, parts.database, location)
        yield from glue.checks(tables, presto_views(tables))
        groups = {parts.workgroup}
        if parts.named:
            groups |= {f"{parts.name}-{use}" for use in ("detection", "interactive")}
        for group in sorted(groups):
            yield from workgroups.checks(
                self._clients.athena, group, parts.results_bucket, self._keys
            )

    def _clocks(self) -> Iterator[Check]:
        try:
            name = self._parts.name
        except Flaw as flaw:
            yield failure("name", flaw)
            return
        for each in SCHEDULES:
            yield from schedules.checks(self._clients.scheduler, name, each, self._keys)
        for queue in ("schedule-dlq", *(f"{function}-failed" for function in FUNCTIONS)):
            yield from self._queues.failed_calls(f"{name}-{queue}")

    def _configuration(self) -> Iterator[Check]:
        (read,) = look("configuration", self._configured)
        yield read
        if not read.ok:
            return
        own = self._deployed
        for refusal in own.prepared.refused:
            place = f"{refusal.path}:{refusal.line}" if refusal.line else str(refusal.path)
            told = f"{place}: {refusal.reason}".replace(f"{self._folder}/", PREFIX)
            yield Check("rule refused", False, told, "mend it, then: mantissa rules push")
        try:
            yield from detection_checks(own, self._given.state, self._clock)
        except MantissaError as error:
            yield failure("rules can fire", error)
        yield from self._secrets(own)

    def _configured(self) -> str:
        own = self._deployed
        rules = len(own.prepared.rules)
        destinations = len(own.alert_settings.destinations)
        return f"{PREFIX}{FILE} is valid, {rules} rules run, {destinations} destinations"

    def _secrets(self, own: AwsApp) -> Iterator[Check]:
        prefix = self._parts.secret_prefix
        client = self._clients.secretsmanager
        store = SecretsManager(client, prefix, self._clock)
        secrets = Credentials(client, store, prefix, self._keys)
        for destination in own.alert_settings.destinations:
            yield from secrets.checks(destination.name, destination.secret)

    def _work(self) -> Iterator[Check]:
        logs = f"/aws/lambda/{self._parts.name}-detect" if self._parts.named else "detect's log"
        yield from work.checks(self._given.state, self._clock.now(), logs)

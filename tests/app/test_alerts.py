"""From findings to the people who must act, whatever fails on the way (F-18 to F-21)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mantissa.adapters.destinations.registry import followers, targets
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.adapters.memory import ManualClock, MemorySecrets, MemoryState
from mantissa.alerts import circuit
from mantissa.alerts.deliver import Delivery, DeliveryReport
from mantissa.alerts.listing import AlertFilter, every_alert, list_alerts
from mantissa.alerts.outbox import DONE, LEASE, LIVE, all_rows, live_rows
from mantissa.alerts.route import AlertSettings, Redaction, Route
from mantissa.alerts.triage import Triage
from mantissa.alerts.undelivered import RULE as SYSTEM_RULE
from mantissa.errors import ConfigError, StoreTransient
from mantissa.model import Alert, AlertStatus, Secret, Severity, Verdict
from mantissa.ports import Delete, StateStore, Write
from support import receiver as remote
from support.destinations import QUICK, SECRETS, config_of
from support.findings import NOW, RULE, commit, finding
from support.receiver import Receiver

KINDS = ("slack-webhook", "slack-token", "pagerduty", "webhook")


class Killed(BaseException):
    """The process is gone."""


class Mortal(MemoryState):
    """Kills its worker before a chosen transaction."""

    kill_in = -1

    def transact(self, writes: Sequence[Write]) -> None:
        if len(writes) > 1 and self.kill_in >= 0:
            self.kill_in -= 1
            if self.kill_in < 0:
                raise Killed
        super().transact(writes)


class CachedSecrets(MemorySecrets):
    """Answers from a cache unless asked for fresh ones, as a real store does."""

    def __init__(self, secrets: dict[str, str]) -> None:
        super().__init__(secrets)
        self.cache: dict[str, Secret] = {}

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        if fresh or name not in self.cache:
            self.cache[name] = super().get(name, fresh=fresh)
        return self.cache[name]


class House:
    """The alerting part of the product, with real adapters against local receivers."""

    def __init__(
        self, *kinds: str, state: StateStore | None = None, remotes: dict[str, Receiver]
    ) -> None:
        self.clock = ManualClock(NOW)
        self.remotes = remotes
        configs = tuple(config_of(kind, remotes[kind]) for kind in kinds)
        self.settings = AlertSettings(destinations=configs)
        self.state = MemoryState() if state is None else state
        held = {f"{kind}-secret": SECRETS[kind](remotes[kind]) for kind in kinds}
        self.secrets = CachedSecrets(held)
        for each in remotes.values():
            each.now = lambda: self.clock.now().timestamp()

    @property
    def delivery(self) -> Delivery:
        """A new worker, as after a restart."""
        return Delivery(
            state=self.state,
            secrets=self.secrets,
            clock=self.clock,
            settings=self.settings,
            targets=targets(self.settings.destinations, self.clock, QUICK),
            random=lambda: 0.5,
            mask_key=b"key",
        )

    @property
    def triage(self) -> Triage:
        return Triage(self.state, self.clock, self.settings, followers(self.settings.destinations))

    def find(self, *numbers: int, level: Severity = Severity.HIGH) -> None:
        """Findings arrive, each about another person."""
        found = [
            finding(n, entities={"actor_user": f"user{n}"}, level=level) for n in numbers or (0,)
        ]
        commit(self.state, found, self.settings, now=self.clock.now())

    def run(self, limit: int = 100) -> DeliveryReport:
        return self.delivery.run_due(limit)

    def run_until_quiet(self, seconds: float = 3600) -> None:
        """Run on until nothing is owed any more, at most a day and a bit."""
        for _ in range(int(26 * 3600 / seconds)):
            if not list(live_rows(self.state)):
                return
            self.run()
            self.clock.advance(seconds)

    @property
    def alert(self) -> Alert:
        (found,) = [a for a in every_alert(self.state) if a.rule.id == RULE.id]
        return found

    @property
    def system_alerts(self) -> list[Alert]:
        return list_alerts(self.state, AlertFilter(rule=SYSTEM_RULE.id))

    def states(self, alert: Alert) -> dict[str, str]:
        return {row.destination: str(row.state) for row in all_rows(self.state, alert.id)}


@pytest.fixture
def remotes() -> Iterator[dict[str, Receiver]]:
    made = {kind: Receiver() for kind in KINDS}
    for each in made.values():
        each.__enter__()
    yield made
    for each in made.values():
        each.__exit__()


def taken(server: Receiver) -> int:
    return len(server.slack_posts) + len(server.incidents) + len(server.webhook_bodies)


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_an_alert_reaches_every_destination_once(
    remotes: dict[str, Receiver], store: str, tmp_path: Path
) -> None:
    state = MemoryState() if store == "memory" else SQLiteState(tmp_path / "state.sqlite")
    house = House(*KINDS, state=state, remotes=remotes)
    house.find()
    report = house.run()
    assert (report.sent, report.retry, report.dead, report.waiting) == (4, 0, 0, 0)
    assert report.by_destination["pagerduty"]["sent"] == 1
    assert [taken(r) for r in remotes.values()] == [1, 1, 1, 1]
    assert set(house.states(house.alert).values()) == {"sent"}
    assert list(state.query(LIVE)) == []
    assert house.run().sent == 0
    rows = all_rows(state, house.alert.id)
    assert {row.status for row in rows} == {200, 202}
    assert all(len(row.body_hash) == 64 and row.attempts == 1 for row in rows)
    if isinstance(state, SQLiteState):
        state.close()


def test_a_rotated_secret_costs_one_reload_and_no_alert(remotes: dict[str, Receiver]) -> None:
    house = House(*KINDS, remotes=remotes)
    house.find(0)
    house.run()
    remotes["slack-token"].slack_tokens = {"xoxb-new"}
    remotes["pagerduty"].routing_keys = {"N" * 32}
    remotes["webhook"].webhook_secrets = {"hook-new"}
    remotes["slack-webhook"].slack_paths = {"/services/T000/B000/new"}
    house.secrets.secrets |= {
        "slack-webhook-secret": remotes["slack-webhook"].url + "/services/T000/B000/new",
        "slack-token-secret": "xoxb-new",
        "pagerduty-secret": "N" * 32,
        "webhook-secret": "hook-new",
    }
    house.find(1)
    report = house.run()
    assert {n: c["sent"] for n, c in report.by_destination.items()} == dict.fromkeys(KINDS, 1)
    assert house.secrets.fresh_reads == 4


def test_credentials_refused_twice_wait_for_someone(remotes: dict[str, Receiver]) -> None:
    house = House("slack-token", remotes=remotes)
    remotes["slack-token"].slack_tokens = set()
    house.find(0, 1, 2)
    report = house.run()
    assert (report.sent, report.retry, report.dead, report.waiting) == (0, 1, 0, 2)
    assert len(remotes["slack-token"].seen) == 2, (
        "once with the cached secret, once with a fresh one"
    )
    remotes["slack-token"].slack_tokens = {"xoxb-test-token"}
    house.clock.advance(60)
    assert house.run().sent == 3


def test_a_secret_store_that_is_throttled_loses_nothing(remotes: dict[str, Receiver]) -> None:
    class Throttled(CachedSecrets):
        def get(self, name: str, *, fresh: bool = False) -> Secret:
            if name == "slack-webhook-secret":
                raise StoreTransient("ThrottlingException", where=name)
            return super().get(name, fresh=fresh)

    house = House("slack-webhook", "webhook", remotes=remotes)
    usual, house.secrets = house.secrets, Throttled(house.secrets.secrets)
    house.find()
    assert (house.run().sent, taken(remotes["webhook"])) == (1, 1)
    assert house.states(house.alert) == {"slack-webhook": "retry", "webhook": "sent"}
    house.secrets = usual
    house.run_until_quiet()
    assert taken(remotes["slack-webhook"]) == 1


def test_a_missing_secret_loses_nothing(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", remotes=remotes)
    held = house.secrets.secrets.pop("slack-webhook-secret")
    house.find()
    assert house.run().retry == 1
    (row,) = all_rows(house.state, house.alert.id)
    assert "slack-webhook-secret" in row.error
    house.secrets.secrets["slack-webhook-secret"] = held
    house.clock.advance(60)
    assert house.run().sent == 1


def test_a_worker_killed_after_the_answer_sends_again(remotes: dict[str, Receiver]) -> None:
    state = Mortal()
    house = House("pagerduty", "slack-webhook", state=state, remotes=remotes)
    house.find()
    for _ in range(2):
        state.kill_in = 0
        with pytest.raises(Killed):
            house.run()
        house.clock.advance(1)
    assert house.run().sent == 0, "the leases hold"
    house.clock.advance(LEASE.total_seconds())
    assert house.run().sent == 2
    assert len(remotes["pagerduty"].incidents) == 1
    assert remotes["pagerduty"].incidents[0].events == ["trigger", "trigger"]
    posts = remotes["slack-webhook"].slack_posts
    assert len(posts) == 2
    assert all(house.alert.id in json.dumps(post["blocks"][-1]) for post in posts)


def test_an_answer_that_got_lost_is_sent_again(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", remotes=remotes)
    remotes["pagerduty"].fail(remote.LOST_ANSWER)
    house.find()
    assert house.run().retry == 1
    house.clock.advance(2)
    assert house.run().sent == 1
    assert len(remotes["pagerduty"].incidents) == 1


def test_six_hours_down_hold_up_nobody_and_lose_nothing(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    down = remotes["slack-webhook"]
    down.always = remote.status(503)
    for hour in range(6):
        house.find(*range(hour * 10, hour * 10 + 10))
        house.run()
        for _ in range(60):
            house.clock.advance(60)
            house.run()
    assert len(remotes["pagerduty"].incidents) == 60
    assert len(down.seen) < 60, "the open circuit lets one probe through now and then"
    down.always = None
    house.clock.advance(900)
    house.run_until_quiet(60)
    assert len(down.slack_posts) == 60
    assert circuit.load(house.state, "slack-webhook")[0] == circuit.Circuit()
    assert house.system_alerts == []


def test_a_failing_destination_goes_last(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    remotes["pagerduty"].fail(remote.status(500))
    house.find(0)
    house.run()
    house.clock.advance(3)
    remotes["pagerduty"].fail(remote.LOST_ANSWER)
    assert house.delivery._order(["pagerduty", "slack-webhook"]) == ["slack-webhook", "pagerduty"]


def test_after_a_day_it_is_dead_and_someone_else_is_told(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    remotes["slack-webhook"].always = remote.status(500)
    house.find(0, 1, 2)
    house.run_until_quiet(900)
    dead = [r for a in every_alert(house.state) for r in all_rows(house.state, a.id)]
    assert sorted(str(r.state) for r in dead if r.destination == "slack-webhook") == ["dead"] * 3
    assert all("a day" in r.error for r in dead if r.destination == "slack-webhook")
    told = house.system_alerts
    assert sum(a.count for a in told) == 3
    assert {row.destination for a in told for row in all_rows(house.state, a.id)} == {"pagerduty"}
    assert house.clock.now() - NOW < timedelta(hours=25)
    assert any(
        "could not be delivered" in i.payload["summary"] for i in remotes["pagerduty"].incidents
    )


def test_a_machine_that_slept_for_two_days_still_sends(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", remotes=remotes)
    remotes["slack-webhook"].fail(*[remote.status(500)] * 5)
    house.find(*range(7))
    house.run()
    house.clock.advance(48 * 3600)
    assert house.run().sent == 7


def test_a_refusal_is_dead_at_once_and_told_once_an_hour(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    remotes["slack-webhook"].slack_error = "invalid_payload"
    house.find(0, 1)
    report = house.run()
    assert report.by_destination["slack-webhook"]["dead"] == 2
    (system,) = house.system_alerts
    assert system.count == 2
    assert system.entities == {"destination": ("slack-webhook",)}
    assert "invalid_payload" in system.samples[0].summary["error"]
    house.run()
    assert house.states(system) == {"pagerduty": "sent"}


def test_undelivered_system_alerts_raise_no_others(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    remotes["slack-webhook"].slack_error = "invalid_payload"
    remotes["pagerduty"].always = remote.status(400, b"{}")
    house.find()
    for _ in range(5):
        house.run()
    assert len(house.system_alerts) == 2
    assert list(live_rows(house.state)) == []


def test_a_pause_that_was_asked_for_is_kept_by_all_messages(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", remotes=remotes)
    server = remotes["slack-webhook"]
    server.fail(remote.too_many("30"))
    house.find(*range(5))
    report = house.run()
    assert (report.retry, report.waiting) == (1, 4)
    house.clock.advance(29)
    assert house.run().sent == 0
    assert len(server.seen) == 1
    house.clock.advance(1)
    assert house.run().sent == 5


def test_a_hostile_pause_is_capped_at_an_hour(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", remotes=remotes)
    remotes["slack-webhook"].fail(remote.too_many("86400"))
    house.find()
    house.run()
    house.clock.advance(3600)
    assert house.run().sent == 1


def test_two_workers_send_a_message_once(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", remotes=remotes)
    house.find()
    server = remotes["slack-webhook"]
    answer = server.answer

    def meanwhile(seen: remote.Seen) -> remote.Reply:
        server.answer = answer  # type: ignore[method-assign]
        assert house.run().sent == 0
        return answer(seen)

    server.answer = meanwhile  # type: ignore[method-assign]
    assert house.run().sent == 1
    assert len(server.slack_posts) == 1


def test_the_incident_follows_what_people_do(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    house.find()
    house.run()
    house.triage.acknowledge(house.alert.id, "mira")
    house.run()
    house.triage.close(house.alert.id, Verdict.TRUE_POSITIVE, "mira", "contained")
    house.run()
    (incident,) = remotes["pagerduty"].incidents
    assert incident.events == ["trigger", "acknowledge", "resolve"]
    assert len(remotes["slack-webhook"].slack_posts) == 1
    house.find()
    house.run()
    assert house.alert.status is AlertStatus.OPEN
    assert len(remotes["pagerduty"].incidents) == 2
    assert len(remotes["slack-webhook"].slack_posts) == 2


def test_a_page_about_what_was_closed_meanwhile_is_withdrawn(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", remotes=remotes)
    remotes["pagerduty"].fail(remote.status(500))
    house.find()
    house.run()
    house.triage.acknowledge(house.alert.id, "mira")
    house.triage.close(house.alert.id, Verdict.BENIGN, "mira")
    house.clock.advance(5)
    report = house.run()
    assert (report.withdrawn, report.sent) == (2, 1)
    assert remotes["pagerduty"].incidents == [], "nobody was paged"


def test_a_late_resolve_does_not_close_what_opened_again(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", remotes=remotes)
    house.find()
    house.run()
    house.triage.close(house.alert.id, Verdict.BENIGN, "mira")
    remotes["pagerduty"].fail(remote.status(500))
    house.run()
    house.find()
    house.clock.advance(5)
    house.run()
    (incident,) = remotes["pagerduty"].incidents
    assert incident.status == "triggered"


def test_an_acknowledgement_comes_after_its_trigger(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", remotes=remotes)
    house.find()
    house.triage.acknowledge(house.alert.id, "mira")
    assert house.run().sent == 2
    assert remotes["pagerduty"].incidents[0].events == ["trigger", "acknowledge"]


def test_slack_hears_of_an_alert_closed_just_now_but_not_hours_ago(
    remotes: dict[str, Receiver],
) -> None:
    house = House("slack-webhook", remotes=remotes)
    house.find(0, 1)
    first, _ = every_alert(house.state)
    house.triage.close(first.id, Verdict.BENIGN, "mira")
    assert house.run(limit=1).sent == 1
    assert house.run(limit=1).sent == 1
    house.find(2)
    house.triage.close(
        next(a.id for a in every_alert(house.state) if a.entities["actor_user"] == ("user2",)),
        Verdict.BENIGN,
        "mira",
    )
    house.clock.advance(3601)
    assert house.run().withdrawn == 1


def test_a_destination_that_was_removed_waits_a_day(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    house.find()
    removed = [d for d in house.settings.destinations if d.name != "slack-webhook"]
    house.settings = replace(house.settings, destinations=tuple(removed))
    assert house.run().waiting == 1
    house.clock.advance(24 * 3600)
    assert house.run().dead == 1
    assert len(house.system_alerts) == 1


def test_an_alert_that_is_gone_does_not_block_the_rest(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", remotes=remotes)
    house.find(0, 1)
    lost = next(every_alert(house.state))
    house.state.transact([Delete("alerts", lost.id, 1)])
    report = house.run()
    assert (report.sent, report.dead) == (1, 1)


def test_each_destination_sees_only_what_it_may(remotes: dict[str, Receiver]) -> None:
    house = House("slack-webhook", "webhook", remotes=remotes)
    slack, webhook = house.settings.destinations
    slack = replace(slack, redaction=Redaction(mask=("actor_user",)))
    house.settings = replace(house.settings, destinations=(slack, webhook))
    house.find()
    house.run()
    assert "user0" not in json.dumps(remotes["slack-webhook"].slack_posts)
    assert "[actor_user " in json.dumps(remotes["slack-webhook"].slack_posts)
    assert remotes["webhook"].webhook_bodies[0]["entities"] == {"actor_user": "user0"}


def test_routes_decide(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    routes = (
        Route(("pagerduty",), min_level=Severity.CRITICAL),
        Route(("slack-webhook",), min_level=Severity.LOW),
    )
    house.settings = replace(house.settings, routes=routes)
    house.find(0, level=Severity.LOW)
    house.find(1, level=Severity.CRITICAL)
    house.run()
    assert (len(remotes["pagerduty"].incidents), len(remotes["slack-webhook"].slack_posts)) == (
        1,
        2,
    )


def test_only_serves_one_destination(remotes: dict[str, Receiver]) -> None:
    house = House("pagerduty", "slack-webhook", remotes=remotes)
    house.find()
    report = house.delivery.run_due(only="pagerduty")
    assert list(report.by_destination) == ["pagerduty"]
    assert len(remotes["slack-webhook"].seen) == 0


def test_trying_a_destination(remotes: dict[str, Receiver]) -> None:
    house = House(*KINDS, remotes=remotes)
    for kind in KINDS:
        result = house.delivery.test(kind)
        assert (result.ok, result.destination) == (True, kind)
    remotes["slack-webhook"].slack_error = "channel_is_archived"
    result = house.delivery.test("slack-webhook")
    assert (result.ok, result.status) == (False, 410)
    assert "channel_is_archived" in result.detail
    assert list(house.state.query(LIVE)) == list(house.state.query(DONE)) == []
    with pytest.raises(ConfigError, match="nobody") as caught:
        house.delivery.test("nobody")
    assert "pagerduty" in str(caught.value.fix)


def test_no_secret_is_ever_written_down(remotes: dict[str, Receiver]) -> None:
    house = House(*KINDS, remotes=remotes)
    for server in remotes.values():
        server.fail(remote.status(500), remote.status(400, b"{}"), remote.status(401))
    house.find(0, 1, 2)
    house.run()
    tables = ("alerts", LIVE, DONE, "destinations")
    kept = json.dumps([dict(i.value) for t in tables for i in house.state.query(t)])
    for secret in house.secrets.secrets.values():
        assert secret not in kept

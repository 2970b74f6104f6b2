"""The dashboard asks only for what the processes tell, and the page on observability describes all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from services.accounts.service import AccountsService
from services.orders.service import OrdersService
from shared.platform.telemetry import metrics
from shared.platform.telemetry.figures import Watch

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/tradelane.json").read_text())
TARGET_LABELS = {"job", "instance", "process"}
"""What Prometheus itself puts on everything it scrapes, here."""
SAMPLES = {Counter: ("_total",), Gauge: ("",), Histogram: ("_bucket", "_count", "_sum")}
OF_THE_CLIENT = dict.fromkeys(("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "up"), TARGET_LABELS)
"""What the Prometheus client tells of any process, and Prometheus of any target."""


class Database:
    """What the services' censuses bring to the figures."""

    census: ClassVar = {**OrdersService.store.census, **AccountsService.store.census}


def figures() -> dict[str, set[str]]:
    watch = Watch()
    watch.databases = {"any": Database()}
    return {family.name: {*family._labelnames} for family in watch.describe()}


def own() -> dict[str, MetricWrapperBase]:
    """The metrics that processes feed by themselves, by name."""
    return {each._name: each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)}


def samples() -> dict[str, set[str]]:
    """Every sample that may be asked for → its labels."""
    made = {name: labels | TARGET_LABELS for name, labels in figures().items()} | OF_THE_CLIENT
    for name, metric in own().items():
        for suffix in SAMPLES[type(metric)]:
            made[name + suffix] = {*metric._labelnames} | TARGET_LABELS | ({"le"} if suffix == "_bucket" else set())
    return made


def queries() -> list[tuple[str, str]]:
    """(panel, query) of the whole dashboard."""
    return [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def asked(query: str) -> Iterable[tuple[str, set[str]]]:
    """The metrics of a query, each with the labels that are asked of it: those it is selected by, and those of the aggregation it stands in."""
    grouping = {label for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(", ")}
    bare = re.sub(r"by \([^)]*\)", "", query)
    for name, selector in re.findall(r"\b((?:tradelane|process)_\w+|up)\b(?:{([^}]*)})?", bare):
        yield name, grouping | set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))


@pytest.mark.parametrize(("panel", "query"), queries())
def test_every_query_names_metrics_and_labels_that_exist(panel: str, query: str) -> None:
    known = samples()
    named = list(asked(query))
    assert named, f"{panel} asks for nothing"
    for name, labels in named:
        assert name in known, f"{panel} asks for {name}, which nobody tells"
        assert labels <= known[name], f"{panel} asks {name} for {labels - known[name]}"


def test_the_search_finds_what_it_is_meant_to_find() -> None:
    query = 'sum by (le, service) (rate(tradelane_x_bucket{status=~"5..", route!~"/a|/b"}[5m])) / min by (process) (up{job="tradelane"})'
    assert list(asked(query)) == [
        ("tradelane_x_bucket", {"le", "service", "process", "status", "route"}),
        ("up", {"le", "service", "process", "job"}),
    ]
    assert "tradelane_outbox_events_total" not in samples()


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    shown = {name for _panel, query in queries() for name, _labels in asked(query)}
    assert {name for name in figures() if name not in shown} == set()
    assert {name for name, metric in own().items() if not {name + suffix for suffix in SAMPLES[type(metric)]} & shown} == set()


def test_every_metric_is_described() -> None:
    described = set(re.findall(r"^\| `(tradelane_\w+)`", (ROOT / "docs/observability.md").read_text(), re.MULTILINE))
    counters = {name + "_total" if isinstance(metric, Counter) else name for name, metric in own().items()}
    assert described == {*figures(), *counters}


def test_panels_stand_apart_and_each_query_says_where_it_asks() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/tradelane.yml").read_text())["datasources"][0]
    targets = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    assert {(target["datasource"]["type"], target["datasource"]["uid"]) for target in targets} == {(source["type"], source["uid"])}


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def test_prometheus_asks_every_service_where_the_compose_file_has_it_answer() -> None:
    services = read("docker-compose.yml")["services"]
    observed = read("deploy/docker-compose.observability.yml")["services"]
    commands = {name for name, service in services.items() if service.get("command", [""])[0] == "run"}
    (job,) = read("deploy/prometheus/prometheus.yml")["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert set(found["names"]) == commands == {name for name, service in observed.items() if "METRICS_PORT" in service.get("environment", {})}
    assert {int(observed[name]["environment"]["METRICS_PORT"]) for name in commands} == {found["port"]}
    assert job["job_name"] == "tradelane"


def test_what_the_containers_mount_is_there() -> None:
    mounts = [mount for service in read("deploy/docker-compose.observability.yml")["services"].values() for mount in service.get("volumes", ())]
    paths = [ROOT / mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(paths) == 3
    assert all(path.exists() for path in paths)
    folders = {mount.split(":")[1] for mount in mounts}
    (provider,) = read("deploy/grafana/provisioning/dashboards/tradelane.yml")["providers"]
    assert provider["options"]["path"] in folders

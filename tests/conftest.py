"""Turns a skip that ``tests/allowed_skips.txt`` does not list into a failure, in CI or with TILELOOM_STRICT_SKIPS=1."""

import os
from collections.abc import Generator

import pytest

from tests.skip_policy import ALLOWED_SKIPS, allowed, parse

STRICT = os.environ.get("CI") == "true" or os.environ.get("TILELOOM_STRICT_SKIPS") == "1"
LISTED = parse(ALLOWED_SKIPS.read_text(encoding="utf-8"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge the skip of a test."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge the skip of a whole file."""
    report = yield
    _judge(report)
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not STRICT or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not allowed(LISTED, report.nodeid, reason):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which tests/allowed_skips.txt does not list: {reason}"

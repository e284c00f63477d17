"""`yaohe doctor`: whether this machine and these settings carry a shop, each finding with its fix.

It changes nothing. A running installation is asked beside its owner; of one that stands still the
database is started for a moment, and where there is none yet, what `yaohe serve` would need is
looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from yaohe.app.operator import machine, store
from yaohe.app.operator.finding import Finding
from yaohe.app.settings import Settings, SettingsError

Check = Callable[[Settings], Finding | Awaitable[Finding]]

# In the order a person would go through them.
CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("data", store.folder),
    ("disk", store.disk),
    ("keys", store.keys),
    ("database", store.database),
    ("port", machine.web_port),
    ("rtmp_port", machine.rtmp_port),
    ("udp", machine.udp_ports),
    ("open_files", machine.open_files),
    ("memory", machine.memory),
    ("clock", machine.clock),
    ("address", machine.address),
    ("certificate", machine.certificate),
    ("engines", machine.engines),
)

CHECK_S_MAX: Final = 60.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    findings: tuple[Finding, ...]


async def examine(settings: Settings) -> Report:
    """Every check once; one that breaks is a finding like any other."""
    found = [await _one(name, check, settings) for name, check in CHECKS]
    return _report(found)


def settings_unusable(error: SettingsError) -> Report:
    """The report when the settings cannot even be read: nothing else can be looked at."""
    return _report([Finding(check="settings", ok=False, found=str(error), fix=str(error))])


def lines(report: Report) -> str:
    """The report as a person reads it."""
    width = max(len(finding.check) for finding in report.findings)
    told = []
    for finding in report.findings:
        told.append(f"{'✓' if finding.ok else '✗'} {finding.check:{width}}  {finding.found}")
        if not finding.ok:
            told.append(f"  {'':{width}}  → {finding.fix}")
    wrong = sum(not finding.ok for finding in report.findings)
    told.append("")
    told.append("All is well." if not wrong else f"{wrong} of {len(report.findings)} need a hand.")
    return "\n".join(told)


def _report(findings: list[Finding]) -> Report:
    return Report(ok=all(finding.ok for finding in findings), findings=tuple(findings))


async def _one(name: str, check: Check, settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            # Looking a name up may take its time: not on the loop.
            found = await asyncio.to_thread(check, settings)
            finding = found if isinstance(found, Finding) else await found
    except Exception as error:  # a check that breaks must not hide the others
        finding = Finding(
            ok=False,
            found=f"could not be looked at: {error or type(error).__name__}",
            fix="Mend what the sentence before names, then run `yaohe doctor` again.",
        )
    return msgspec.structs.replace(finding, check=name)

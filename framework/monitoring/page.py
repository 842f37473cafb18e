"""report.html: what a run found, for people."""

from html import escape

from framework.drift import drift_section
from framework.monitoring.settings import MonitorSettings, window
from framework.monitoring.verdict import Verdict

STYLE = (
    "body{font:15px system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1f2933}table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem "
    ".2rem 0;border-bottom:1px solid #d9e2ec;vertical-align:top}"
)


def report_page(settings: MonitorSettings, verdict: Verdict) -> str:
    """A page of its own that loads nothing."""
    found = verdict.as_dict()["requests"]
    counts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in found.items())
    violations = "".join(
        f"<tr><td>{escape(v.feature_name or 'all columns')}</td>"
        f"<td>{escape(v.constraint_check_type)}</td><td>{escape(v.description)}</td></tr>"
        for v in verdict.violations
    )
    table = (
        f"<table><thead><tr><th>column</th><th>check</th><th>finding</th></tr></thead>"
        f"<tbody>{violations}</tbody></table>"
        if violations
        else "<p>None.</p>"
    )
    title = f"Requests to {settings.endpoint or 'the endpoint'}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1><p>{escape(window(settings))}</p>"
        f"<p>{escape(verdict.message)}</p><p>Requests: {escape(counts)}.</p>"
        f"<h2>Violations</h2>{table}<h2>Drift</h2>{drift_section(verdict.drift)}</html>\n"
    )

"""The second score: the same readings judged at the values of the baseline, every rule wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kit.app.opening import OpenSite
from kit.checking.judging import Context, judge_device
from kit.model.catalogue import Catalogue
from kit.model.finding import Finding
from kit.model.rule import Baseline
from kit.model.run import Run
from kit.model.site import Parameters, Site
from kit.model.snapshot import Snapshot


def reference_findings(
    site: OpenSite,
    run: Run,
    findings: Mapping[str, Sequence[Finding]],
    snapshots: Mapping[str, Snapshot],
) -> Mapping[str, Sequence[Finding]] | None:
    """Device -> what its snapshot gives at the values of the baseline, without the details.

    Unset when the run was made with another catalogue or for a part of the site: what its readings
    hold is then not what these rules ask for. A site that changes nothing has the same findings.
    """
    if run.catalogue_digest != site.catalogue.digest or run.selection:
        return None
    chosen = site.loaded.site
    reset = _as_baseline(chosen, site.catalogue, site.baseline)
    if reset == chosen:
        return findings
    given = site.context(run.started_at).contributions
    context = Context(
        site.catalogue, site.baseline, reset, site.loaded.waivers, run.started_at, given
    )  # fmt: skip
    judged = {}
    for device in site.loaded.devices:
        if device.id not in findings:
            continue
        profile = site.profiles.get(device.hardware_profile or "")
        found = judge_device(context, device, snapshots.get(device.id), profile).findings
        # The score needs verdicts alone; a large site would not fit otherwise.
        judged[device.id] = [
            one.model_copy(update={"details": (), "reasons": ()}) for one in found
        ]  # fmt: skip
    return judged


def _as_baseline(site: Site, catalogue: Catalogue, baseline: Baseline) -> Site:
    """The site without what it changes; values the baseline leaves to sites are kept."""
    roles = {
        role: kept
        for role, values in site.post_role_parameters.items()
        if (kept := _own(values, catalogue, baseline))
    }
    return site.model_copy(
        update={
            "parameters": _own(site.parameters, catalogue, baseline),
            "post_role_parameters": roles,
            "disabled_rules": (),
        }
    )


def _own(values: Parameters, catalogue: Catalogue, baseline: Baseline) -> Parameters:
    """The values that neither the baseline nor the catalogue gives."""
    return {
        name: value
        for name, value in values.items()
        if name not in baseline.parameters
        and (name not in catalogue.parameters or catalogue.parameters[name].default is None)
    }

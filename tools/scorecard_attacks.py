"""The recorded attacks of the public logs, and the ATT&CK techniques that each shows.

Test events of another product's rules are labelled with techniques; of recordings only the name is
given, so their techniques stand in the tables here. The numbers are those that rules use today:
ATT&CK moved defence impairment to T1685 ff., and labels made before that are translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from public_logs import Entry, World

STRATUS: Mapping[str, tuple[str, ...]] = {
    "aws.credential-access.ec2-get-password-data": ("T1552",),
    "aws.credential-access.ec2-steal-instance-credentials": ("T1552.005",),
    "aws.credential-access.secretsmanager-retrieve-secrets": ("T1555.006",),
    "aws.credential-access.ssm-retrieve-securestring-parameters": ("T1555.006",),
    "aws.defense-evasion.cloudtrail-delete": ("T1685.002",),
    "aws.defense-evasion.cloudtrail-event-selectors": ("T1685.002",),
    "aws.defense-evasion.cloudtrail-stop": ("T1685.002",),
    "aws.defense-evasion.organizations-leave": ("T1666",),
    "aws.defense-evasion.vpc-remove-flow-logs": ("T1685.002",),
    "aws.discovery.ec2-download-user-data": ("T1580",),
    "aws.execution.ec2-launch-unusual-instances": ("T1496.001", "T1578.002"),
    "aws.execution.ec2-user-data": ("T1059", "T1037"),
    "aws.execution.ssm-send-command": ("T1651",),
    "aws.exfiltration.ec2-security-group-open-port-22-ingress": ("T1686.001",),
    "aws.exfiltration.ec2-share-ebs-snapshot": ("T1537",),
    "aws.exfiltration.rds-share-snapshot": ("T1537",),
    "aws.impact.bedrock-invoke-model": ("T1496.004",),
    "aws.impact.s3-ransomware-batch-deletion": ("T1485",),
    "aws.initial-access.console-login-without-mfa": ("T1078.004",),
    "aws.lateral-movement.ec2-instance-connect": ("T1021.008", "T1098.004"),
    "aws.persistence.iam-backdoor-role": ("T1098",),
    "aws.persistence.iam-backdoor-user": ("T1098.001",),
    "aws.persistence.iam-create-admin-user": ("T1136.003", "T1098.003"),
    "aws.persistence.iam-create-backdoor-role": ("T1136.003", "T1098.003"),
    "aws.persistence.iam-create-user-login-profile": ("T1098.001",),
    "aws.persistence.lambda-backdoor-function": ("T1648",),
    "aws.persistence.lambda-layer-extension": ("T1648",),
    "aws.persistence.rolesanywhere-create-trust-anchor": ("T1098", "T1484.002"),
    "aws.privilege-escalation.iam-update-user-login-profile": ("T1098.001",),
}
"""Stratus Red Team's name of an attack → what it is; its own recordings and others' labels."""

WINDOWS: Mapping[str, tuple[str, ...]] = {
    "sideloading_injection_persistence_run_key": ("T1574.001", "T1055", "T1547.001"),
    "rundll32_cmd_schtask": ("T1218.011", "T1053.005"),
    "rundll32_hollowing_wermgr_masquerading": ("T1055.012", "T1036", "T1218.011"),
    "DE_RDP_Tunneling_4624": ("T1572", "T1021.001"),
    "DE_sysmon-3-rdp-tun": ("T1572", "T1021.001"),
    "CA_hashdump_4663_4656_lsass_access": ("T1003.001",),
    "ppl_bypass_ppldump_knowdll_hijack_sysmon_security": ("T1003.001",),
    "dc_applog_ntdsutil_dfir_325_326_327": ("T1003.003",),
    "sysmon_3_10_Invoke-Mimikatz_hosted_Github": ("T1003.001", "T1059.001"),
    "sysmon_2_11_evasion_timestomp_MACE": ("T1070.006",),
    "DE_KernelDebug_and_TestSigning_ON_Security_4826": ("T1553.006",),
    "DSE_bypass_BYOV_TDL_dummydriver_sysmon_6_7_13": ("T1553.006", "T1068"),
    "evasion_codeinj_odzhan_conhost_sysmon_10_1": ("T1055",),
    "discovery_psloggedon": ("T1033",),
    "4799_remote_local_groups_enumeration": ("T1069.001",),
    "discovery_sysmon_3_Invoke_UserHunter_SourceMachine": ("T1033", "T1049"),
    "discovery_sysmon_18_Invoke_UserHunter_NetSessionEnum_DC-srvsvc": ("T1033", "T1049"),
    "exec_msxsl_xsl_sysmon_1_7": ("T1220",),
    "exec_wmic_xsl_internet_sysmon_3_1_11": ("T1220", "T1047"),
    "exec_persist_rundll32_mshta_scheduledtask_sysmon_1_3_11": (
        "T1218.005",
        "T1218.011",
        "T1053.005",
    ),
    "exec_driveby_cve-2018-15982_sysmon_1_10": ("T1189", "T1203"),
    "LM_REMCOM_5145_TargetHost": ("T1021.002", "T1569.002"),
    "dfir_rdpsharp_target_RdpCoreTs_168_68_131": ("T1021.001",),
    "LM_sysmon_remote_task_src_powershell": ("T1053.005",),
    "LM_WMIC_4648_rpcss": ("T1047",),
    "exec_emotet_ps_800_invoke-item": ("T1059.001",),
    "maldoc_mshta_via_shellbrowserwind_rundll32": ("T1218.005", "T1218.011", "T1204.002"),
    "exec_emotet_sysmon_1": ("T1059.001", "T1204.002"),
    "exec_emotet_ps_800_new-item": ("T1059.001",),
    "sysmon_1_persist_bitsjob_SetNotifyCmdLine": ("T1197",),
    "persist_turla_outlook_backdoor_comhijack": ("T1546.015",),
    "persistence_hidden_local_account_sysmon": ("T1136.001", "T1564.002"),
    "sysmon_13_1_persistence_via_winlogon_shell": ("T1547.004",),
    "UACME_61_Changepk": ("T1548.002",),
    "Sysmon_13_1_UAC_Bypass_EventVwrBypass": ("T1548.002",),
    "Runas_4624_4648_Webshell_CreateProcessAsUserA": ("T1134.002",),
    "security_4624_4673_token_manip": ("T1134",),
    "covenant_dcsync_dcerpc_drsuapi_DsGetNCChanges": ("T1003.006",),
    "covenant_lolbin_wuauclt_createremotethread": ("T1218", "T1055"),
    "cmd_psexec_lsa_secrets_dump": ("T1003.004", "T1569.002"),
    "schtask_create": ("T1053.005",),
    "covenant_dcom_executeexcel4macro_blocked": ("T1021.003",),
    "cmd_mshta_vbscript_execute_psh": ("T1218.005",),
    "psh_mavinject_dll_notepad": ("T1218.013",),
    "covenant_sharpsc_query_dcerpc_smb_svcctl": ("T1007", "T1021.002"),
    "empire_shell_samr_EnumDomainUsers": ("T1087.002",),
    "mimikatz_CVE-2020-1472_Unauthenticated_NetrServerAuthenticate2": ("T1210",),
    "psh_input_capture_promptforcreds": ("T1056.002",),
    "cmd_netsh_fw_mod_open_ports": ("T1686.003",),
    "covenant_com_wsman_automation": ("T1021.006",),
}
"""Name of a Windows recording → what it shows."""

RENUMBERED: Mapping[str, tuple[str, ...]] = {
    "T1108": ("T1098",),
    "T1562": ("T1685", "T1686"),
    "T1562.001": ("T1685",),
    "T1562.002": ("T1685.001",),
    "T1562.003": ("T1690",),
    "T1562.004": ("T1686.003",),
    "T1562.007": ("T1686.001",),
    "T1562.008": ("T1685.002",),
}
"""Technique of an older ATT&CK → where it is now."""

_LABEL = re.compile(r"TA\d{4}:(T\d{4}(?:\.\d{3})?)")


@dataclass(frozen=True)
class Scenario:
    """A recording of several files, which a label tells.

    Args:
        start: how the paths of its files begin.
        label: how their label begins.
    """

    name: str
    corpus: str
    source: str
    start: str
    label: str
    techniques: tuple[str, ...]


SCENARIOS = (
    Scenario(
        "Stratus Red Team over a whole account",
        "invictus",
        "aws_cloudtrail",
        "aws_cloudtrail/invictus/",
        "attack-simulation",
        tuple(dict.fromkeys(t for names in STRATUS.values() for t in names)),
    ),
    Scenario(
        "S3 ransomware lab",
        "SANS",
        "aws_cloudtrail",
        "aws_cloudtrail/sans504/",
        "scenario",
        ("T1485", "T1486", "T1490", "T1530", "T1078.004", "T1619"),
    ),
    Scenario("APT29 emulation, day 1", "Security-Datasets", "", "zeek/otrf", "APT29", ()),
    Scenario("attack on a Microsoft 365 tenant", "invictus", "", "m365/invictus", "attack", ()),
    Scenario("SSH brute force", "Elastic examples", "", "linux_auth/elastic", "ssh", ("T1110",)),
)
CORPORA: Mapping[str, tuple[str, str]] = {
    "aws_cloudtrail/stratus/": ("Stratus Red Team", "aws_cloudtrail"),
    "windows_otrf/": ("Security-Datasets", "windows"),
    "windows_evtx/": ("EVTX-ATTACK-SAMPLES", "windows"),
    "aws_cloudtrail/panther/": ("Panther, events to alert on: AWS", "aws_cloudtrail"),
    "aws_vpcflow/panther/": ("Panther, events to alert on: VPC flows", "aws_vpcflow"),
    "github/panther/": ("Panther, events to alert on: GitHub", "github"),
    "okta/panther/": ("Panther, events to alert on: Okta", "okta"),
}
"""Beginning of a path → (corpus, source), of files that each are an attack."""


def attacks(entries: Sequence[Entry]) -> dict[World, tuple[str, ...]]:
    """Return each attack with its techniques."""
    found: dict[World, tuple[str, ...]] = {}
    for entry in entries:
        start = next((s for s in CORPORA if entry.file.startswith(s)), None)
        if start is not None and (techniques := _techniques(entry)):
            corpus, source = CORPORA[start]
            alerting = True if "/panther/" in start else None
            file = Entry(entry.file, entry.events, entry.labels, alerting)
            found[World(_name(entry), corpus, source, (file,))] = techniques
    for scenario in SCENARIOS:
        files = tuple(_files(scenario, entries))
        if files:
            world = World(scenario.name, scenario.corpus, scenario.source, files)
            found[world] = scenario.techniques
    return found


def _files(scenario: Scenario, entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        told = any(label.startswith(scenario.label) for label in entry.labels)
        if told and entry.file.startswith(scenario.start):
            yield entry


def _name(entry: Entry) -> str:
    """Return what a corpus calls an attack; its tests are called by the rule they belong to."""
    for label in entry.labels:
        kind, _, name = label.partition(":")
        if kind in ("panther", "stratus"):
            return name
    return re.split(r"[:/]", entry.labels[0])[-1].strip()


def _techniques(entry: Entry) -> tuple[str, ...]:
    """Return an attack's techniques; none for what no label calls an attack."""
    if not entry.labels:
        return ()
    name = _name(entry)
    if name in STRATUS or name in WINDOWS:
        return STRATUS.get(name) or WINDOWS[name]
    if "/panther/" not in entry.file:
        raise SystemExit(f"no techniques are known of {entry.file}: add {name} to the tables")
    found = [t for label in entry.labels for t in STRATUS.get(label, ())]
    for label in entry.labels:
        if match := _LABEL.fullmatch(label):
            found += RENUMBERED.get(match[1], (match[1],))
    return tuple(dict.fromkeys(found))

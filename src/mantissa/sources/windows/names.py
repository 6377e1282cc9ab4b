"""Registered spellings of channels and providers; some collectors change their case."""

from __future__ import annotations

CHANNELS = (
    "Application",
    "DNS Server",
    "ForwardedEvents",
    "MSExchange Management",
    "Microsoft-IIS-Configuration/Operational",
    "Microsoft-ServiceBus-Client/Admin",
    "Microsoft-ServiceBus-Client/Operational",
    "Microsoft-Windows-AppLocker/EXE and DLL",
    "Microsoft-Windows-AppLocker/MSI and Script",
    "Microsoft-Windows-AppLocker/Packaged app-Deployment",
    "Microsoft-Windows-AppLocker/Packaged app-Execution",
    "Microsoft-Windows-AppModel-Runtime/Admin",
    "Microsoft-Windows-AppXDeploymentServer/Operational",
    "Microsoft-Windows-AppXPackaging/Operational",
    "Microsoft-Windows-Bits-Client/Operational",
    "Microsoft-Windows-CAPI2/Operational",
    "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
    "Microsoft-Windows-CodeIntegrity/Operational",
    "Microsoft-Windows-DNS Client Events/Operational",
    "Microsoft-Windows-DNS-Client/Operational",
    "Microsoft-Windows-DNS-Server/Analytical",
    "Microsoft-Windows-DNS-Server/Audit",
    "Microsoft-Windows-DHCP-Server/Operational",
    "Microsoft-Windows-Diagnosis-Scripted/Operational",
    "Microsoft-Windows-DriverFrameworks-UserMode/Operational",
    "Microsoft-Windows-Hyper-V-Worker",
    "Microsoft-Windows-Kernel-ShimEngine/Operational",
    "Microsoft-Windows-LDAP-Client/Debug",
    "Microsoft-Windows-LSA/Operational",
    "Microsoft-Windows-NTLM/Operational",
    "Microsoft-Windows-PowerShell/Operational",
    "Microsoft-Windows-PrintService/Admin",
    "Microsoft-Windows-PrintService/Operational",
    "Microsoft-Windows-Security-Mitigations/Kernel Mode",
    "Microsoft-Windows-Security-Mitigations/KernelMode",
    "Microsoft-Windows-Security-Mitigations/User Mode",
    "Microsoft-Windows-Security-Mitigations/UserMode",
    "Microsoft-Windows-Shell-Core/Operational",
    "Microsoft-Windows-SmbClient/Connectivity",
    "Microsoft-Windows-SmbClient/Security",
    "Microsoft-Windows-SMBServer/Connectivity",
    "Microsoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-TaskScheduler/Operational",
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    "Microsoft-Windows-WMI-Activity/Operational",
    "Microsoft-Windows-Windows Defender/Operational",
    "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
    "OpenSSH/Operational",
    "PowerShellCore/Operational",
    "Security",
    "Setup",
    "System",
    "Windows PowerShell",
)

PROVIDERS = (
    "Microsoft-Windows-Eventlog",
    "Microsoft-Windows-PowerShell",
    "Microsoft-Windows-Security-Auditing",
    "Microsoft-Windows-Sysmon",
    "Microsoft-Windows-TaskScheduler",
    "Microsoft-Windows-TerminalServices-LocalSessionManager",
    "Microsoft-Windows-Windows Defender",
    "PowerShell",
    "Service Control Manager",
)

_CHANNEL = {name.casefold(): name for name in CHANNELS}
_PROVIDER = {name.casefold(): name for name in PROVIDERS}


def channel(name: str) -> str:
    """Return the channel in its registered spelling, an unknown one as it is."""
    return _CHANNEL.get(name.strip().casefold(), name.strip())


def provider(name: str) -> str:
    """Return the provider in its registered spelling, an unknown one as it is."""
    return _PROVIDER.get(name.strip().casefold(), name.strip())

# Says which computer this is and whether the account administers it; changes nothing.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
$principal = New-Object System.Security.Principal.WindowsPrincipal($identity)
$role = [System.Security.Principal.WindowsBuiltInRole]::Administrator
'esms-kit-identity 1'
'name=' + $env:COMPUTERNAME
'administrator=' + $principal.IsInRole($role)
'end=1'

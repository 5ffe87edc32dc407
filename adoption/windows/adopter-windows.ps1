# Mise en service d'un poste Windows, lancée par adopter-windows.cmd (Windows PowerShell 5.1).
# Crée le compte d'administration, installe la clé publique du gestionnaire (serveur OpenSSH) ou, à
# défaut, un accès WinRM par HTTPS, ouvre un port aux seuls réseaux d'administration, et écrit sur la clé
# USB une fiche chiffrée pour le gestionnaire. Peut être relancé sans risque.
#
# What is particular to a site is in this folder, as data: nothing of it is executed.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Folder = Split-Path -Parent $PSCommandPath
$Records = Join-Path (Split-Path -Parent $Folder) 'records'
$Slots = Join-Path $Folder 'slots.txt'
$State = Join-Path $env:ProgramData 'esms-kit\adoption.txt'
$Ascii = [System.Text.Encoding]::ASCII
$Rule = 'esms-kit-management'
$script:Language = 'fr'

function Write-Said([string]$French, [string]$English) {
    if ($script:Language -eq 'en') { Write-Host $English } else { Write-Host $French }
}

function Stop-Adoption([string]$French, [string]$English) {
    if ($script:Language -eq 'en') { throw "STOPPED: $English" }
    throw "ARRÊT : $French"
}

function Test-Administrator {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object System.Security.Principal.WindowsPrincipal($identity)
    return $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Start-Elevated {
    $arguments = '-NoProfile -ExecutionPolicy Bypass -File "' + $PSCommandPath + '"'
    $program = Join-Path $PSHOME 'powershell.exe'
    $started = Start-Process -FilePath $program -ArgumentList $arguments -Verb RunAs -Wait -PassThru
    exit $started.ExitCode
}

# One line of plain ASCII, 120 characters at most.
function Get-Printable($Value) {
    $text = ([string]$Value) -replace '[^ -~]', ''
    return $text.Substring(0, [Math]::Min(120, $text.Length)).Trim()
}

function Read-Token {
    $path = Join-Path $Folder 'token.txt'
    if (-not (Test-Path -LiteralPath $path)) {
        Stop-Adoption "la clé USB est incomplète : $path manque ; refaites-la." "the stick lacks $path."
    }
    $token = @{}
    foreach ($line in [System.IO.File]::ReadAllLines($path, $Ascii)) {
        $at = $line.IndexOf('=')
        if ($at -gt 0) { $token[$line.Substring(0, $at)] = $line.Substring($at + 1) }
    }
    $forms = @{
        site = '^[a-z0-9_-]+$'; token = '^[a-f0-9]{12}$'; mac_key = '^[a-f0-9]{64}$'
        slots = '^[0-9]{1,4}$'; expires = '^[0-9]{1,11}$'; account = '^[a-z_][a-z0-9_-]{0,19}$'
        sources = '^[a-fA-F0-9:./,]+$'
    }
    foreach ($name in $forms.Keys) {
        if ((-not $token.ContainsKey($name)) -or ($token[$name] -cnotmatch $forms[$name])) {
            Stop-Adoption "la clé USB est abîmée ($name) : refaites-la." "the stick is damaged ($name)."
        }
    }
    if ($token.ContainsKey('language')) { $script:Language = $token['language'] }
    return $token
}

function Get-UnixTime {
    $epoch = New-Object System.DateTime(1970, 1, 1, 0, 0, 0, [System.DateTimeKind]::Utc)
    return [long]([System.DateTime]::UtcNow - $epoch).TotalSeconds
}

function Test-Start($Token) {
    if ((Get-UnixTime) -gt [long]$Token['expires']) {
        Stop-Adoption "cette clé USB est périmée (ou l'horloge du poste est fausse) : refaites-la." `
            'this stick has expired (or the clock of this computer is wrong).'
    }
    try {
        [void][System.IO.Directory]::CreateDirectory($Records)
        $probe = Join-Path $Records 'probe.tmp'
        [System.IO.File]::WriteAllText($probe, '')
        [System.IO.File]::Delete($probe)
    }
    catch {
        Stop-Adoption 'la clé USB est protégée en écriture.' 'the stick is write-protected.'
    }
}

# This machine's slot: the one it had from this stick, else the first that is free.
function Get-Slot($Token) {
    if (Test-Path -LiteralPath $State) {
        $words = [System.IO.File]::ReadAllText($State, $Ascii).Trim().Split(' ')
        if (($words.Length -eq 2) -and ($words[0] -eq $Token['token'])) { return [int]$words[1] }
    }
    # A record may have been brought home and deleted here: its slot is noted.
    $noted = @()
    if (Test-Path -LiteralPath $Slots) { $noted = [System.IO.File]::ReadAllLines($Slots, $Ascii) }
    for ($number = 1; $number -le [int]$Token['slots']; $number++) {
        $pattern = $Token['token'] + '-' + $number + '-*.rec'
        $here = [System.IO.Directory]::GetFiles($Records, $pattern).Length -gt 0
        $before = $noted -contains ($Token['token'] + ' ' + $number)
        if (-not ($here -or $before)) { return $number }
    }
    Stop-Adoption 'toutes les places de cette clé USB sont prises : refaites une clé.' 'all slots are taken.'
}

function New-RandomBytes([int]$Count) {
    $bytes = New-Object byte[] $Count
    $source = [System.Security.Cryptography.RandomNumberGenerator]::Create()
    $source.GetBytes($bytes)
    $source.Dispose()
    return , $bytes
}

# A password nobody has read. Only WinRM needs it: it goes into the encrypted record then.
function New-Password {
    return 'Aa1-' + [System.Convert]::ToBase64String((New-RandomBytes 24))
}

function Set-ManagementAccount([string]$Name, [string]$Password) {
    $secret = ConvertTo-SecureString -String $Password -AsPlainText -Force
    $found = Get-LocalUser | Where-Object { $_.Name -eq $Name }
    if ($found) {
        Set-LocalUser -Name $Name -Password $secret -PasswordNeverExpires $true
        Enable-LocalUser -Name $Name
    }
    else {
        [void](New-LocalUser -Name $Name -Password $secret -Description 'esms-kit' `
                -PasswordNeverExpires -AccountNeverExpires)
    }
    try { Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $Name }
    catch [Microsoft.PowerShell.Commands.MemberExistsException] { Write-Verbose 'member already' }
}

# Whether the OpenSSH server is there, brought from Windows Update if it can be.
function Install-SshServer {
    if (Get-Service | Where-Object { $_.Name -eq 'sshd' }) { return $true }
    Write-Said 'Installation du serveur OpenSSH...' 'Installing the OpenSSH server...'
    try {
        [void](Add-WindowsCapability -Online -Name 'OpenSSH.Server~~~~0.0.1.0')
    }
    catch {
        Write-Said 'Le serveur OpenSSH ne peut pas être installé : accès par WinRM.' `
            'The OpenSSH server cannot be installed: WinRM it is.'
        return $false
    }
    return [bool](Get-Service | Where-Object { $_.Name -eq 'sshd' })
}

function Read-ManagementKeys([string]$Sources) {
    foreach ($line in [System.IO.File]::ReadAllLines((Join-Path $Folder 'management_keys.pub'))) {
        if ($line -cmatch '^([a-z0-9@.-]+) ([A-Za-z0-9+/=]+)') {
            'from="' + $Sources + '" ' + $Matches[1] + ' ' + $Matches[2] + ' esms-kit'
        }
    }
}

function Set-SshAccess($Token) {
    Set-Service -Name 'sshd' -StartupType Automatic
    Start-Service -Name 'sshd'
    $ssh = Join-Path $env:ProgramData 'ssh'
    $path = Join-Path $ssh 'administrators_authorized_keys'
    $ours = @(Read-ManagementKeys $Token['sources'])
    if ($ours.Length -eq 0) { Stop-Adoption 'la clé USB ne porte aucune clé publique : refaites-la.' 'no public key.' }
    $others = @()
    if (Test-Path -LiteralPath $path) {
        $others = @([System.IO.File]::ReadAllLines($path) | Where-Object { $_ -notmatch ' esms-kit$' })
    }
    [System.IO.File]::WriteAllLines($path, [string[]]($ours + $others), $Ascii)
    # sshd reads the file only when nobody but SYSTEM and the administrators may write it.
    & "$env:SystemRoot\System32\icacls.exe" $path /inheritance:r /grant '*S-1-5-32-544:F' `
        /grant '*S-1-5-18:F' | Out-Null
    if ($LASTEXITCODE -ne 0) { Stop-Adoption 'icacls a échoué.' 'icacls failed.' }
    foreach ($rule in Get-NetFirewallRule | Where-Object { $_.Name -eq 'OpenSSH-Server-In-TCP' }) {
        Disable-NetFirewallRule -Name $rule.Name
    }
    return 22
}

# Values of the registry stand in files of the stick; what came of them is read back.
function Import-Registry([string]$Name) {
    & "$env:SystemRoot\System32\reg.exe" import (Join-Path $Folder $Name) | Out-Null
    if ($LASTEXITCODE -ne 0) { Stop-Adoption "$Name a échoué." "$Name failed." }
}

function Set-WinrmAccess($Token) {
    Set-Service -Name 'WinRM' -StartupType Automatic
    Start-Service -Name 'WinRM'
    $certificate = Get-ChildItem -Path 'Cert:\LocalMachine\My' |
        Where-Object { $_.FriendlyName -eq $Rule } | Select-Object -First 1
    if (-not $certificate) {
        $certificate = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -FriendlyName $Rule `
            -CertStoreLocation 'Cert:\LocalMachine\My' -KeyAlgorithm RSA -KeyLength 3072 `
            -NotAfter ([System.DateTime]::Now.AddYears(5))
    }
    foreach ($listener in Get-ChildItem -Path 'WSMan:\localhost\Listener') {
        if ($listener.Keys -contains 'Transport=HTTPS') {
            Remove-Item -LiteralPath $listener.PSPath -Recurse -Force
        }
    }
    [void](New-Item -Path 'WSMan:\localhost\Listener' -Transport HTTPS -Address '*' `
            -CertificateThumbPrint $certificate.Thumbprint -Force)
    Import-Registry 'winrm.reg'
    $path = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
    $policy = (Get-ItemProperty -Path $path).LocalAccountTokenFilterPolicy
    if ($policy -ne 1) { Stop-Adoption 'le registre refuse winrm.reg.' 'the registry refuses winrm.reg.' }
    $script:Certificate = $certificate
    return 5986
}

function Open-Port([int]$Port, [string]$Sources) {
    foreach ($old in Get-NetFirewallRule | Where-Object { $_.Name -eq $Rule }) {
        Remove-NetFirewallRule -Name $old.Name
    }
    [void](New-NetFirewallRule -Name $Rule -DisplayName 'esms-kit: management' -Direction Inbound `
            -Action Allow -Protocol TCP -LocalPort $Port -RemoteAddress $Sources.Split(',') -Profile Any)
}

function Get-Join($System) {
    if ($System.PartOfDomain) { return 'domain' }
    $said = & "$env:SystemRoot\System32\dsregcmd.exe" /status
    if ($said -match 'AzureAdJoined\s*:\s*YES') { return 'entra' }
    return 'none'
}

function Get-Keys([string]$Access) {
    if ($Access -eq 'winrm') {
        'certificate=' + [System.Convert]::ToBase64String($script:Certificate.RawData)
        return
    }
    foreach ($file in Get-ChildItem -Path (Join-Path $env:ProgramData 'ssh\ssh_host_*_key.pub')) {
        $words = [System.IO.File]::ReadAllText($file.FullName).Trim().Split(' ')
        'host_key=' + $words[0] + ' ' + $words[1]
    }
}

# Lines of NAME=VALUE, plain ASCII.
function Get-Record($Token, [int]$Slot, [string]$Nonce, [string]$Access, [int]$Port, [string]$Password) {
    $bios = Get-CimInstance -ClassName Win32_BIOS
    $product = Get-CimInstance -ClassName Win32_ComputerSystemProduct
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $windows = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $generation = if ([int]$windows.CurrentBuild -ge 22000) { 'windows11' } else { 'windows10' }
    'esms-kit-record 1'
    'site=' + $Token['site']
    'token=' + $Token['token']
    "slot=$Slot"
    "nonce=$Nonce"
    'platform=windows'
    "access=$Access"
    'account=' + $Token['account']
    "port=$Port"
    'serial=' + (Get-Printable $bios.SerialNumber)
    'uuid=' + (Get-Printable $product.UUID)
    'maker=' + (Get-Printable $system.Manufacturer)
    'model=' + (Get-Printable $system.Model)
    "os=$generation"
    'os_name=' + (Get-Printable $windows.EditionID)
    'os_build=' + (Get-Printable ($windows.CurrentBuild + '.' + $windows.UBR))
    'join=' + (Get-Join $system)
    'firewall=windows'
    'written_at=' + [System.DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ')
    foreach ($card in Get-NetAdapter -Physical) { 'mac=' + $card.MacAddress.Replace('-', ':').ToLower() }
    foreach ($address in Get-NetIPAddress | Where-Object { $_.PrefixOrigin -match 'Dhcp|Manual' }) {
        'address=' + $address.IPAddress.Split('%')[0]
    }
    Get-Keys $Access
    if ($Access -eq 'winrm') { "password=$Password" }
    'end=1'
}

function ConvertTo-Hexadecimal([byte[]]$Bytes) {
    return [System.BitConverter]::ToString($Bytes).Replace('-', '').ToLower()
}

function ConvertFrom-Hexadecimal([string]$Text) {
    $bytes = New-Object byte[] ($Text.Length / 2)
    for ($at = 0; $at -lt $bytes.Length; $at++) {
        $bytes[$at] = [System.Convert]::ToByte($Text.Substring(2 * $at, 2), 16)
    }
    return , $bytes
}

function Save-Record($Token, [int]$Slot, [string]$Access, [int]$Port, [string]$Password) {
    $nonce = ConvertTo-Hexadecimal (New-RandomBytes 16)
    $record = @(Get-Record $Token $Slot $nonce $Access $Port $Password) -join "`n"
    $sealed = Protect-CmsMessage -To (Join-Path $Folder 'operator.cer') -Content $record
    $body = ($sealed -replace '-----(BEGIN|END) CMS-----', '') -replace '\s', ''
    $lines = 'esms-kit-adoption 1', ('token=' + $Token['token']), "slot=$Slot", "nonce=$nonce", "cms=$body"
    $envelope = ($lines -join "`n") + "`n"
    $hmac = New-Object System.Security.Cryptography.HMACSHA256
    $hmac.Key = ConvertFrom-Hexadecimal $Token['mac_key']
    $mac = ConvertTo-Hexadecimal ($hmac.ComputeHash($Ascii.GetBytes($envelope)))
    $pattern = $Token['token'] + '-' + $Slot + '-*.rec'
    $old = [System.IO.Directory]::GetFiles($Records, $pattern)
    $name = $Token['token'] + '-' + $Slot + '-' + $nonce.Substring(0, 8) + '.rec'
    [System.IO.File]::WriteAllText((Join-Path $Records $name), $envelope + "mac=$mac`n", $Ascii)
    foreach ($file in $old) { [System.IO.File]::Delete($file) }
    [void][System.IO.Directory]::CreateDirectory((Split-Path -Parent $State))
    [System.IO.File]::AppendAllText($Slots, $Token['token'] + ' ' + $Slot + "`n", $Ascii)
    [System.IO.File]::WriteAllText($State, $Token['token'] + ' ' + $Slot, $Ascii)
    Write-Said "Fiche écrite : records\$name" "Record written: records\$name"
}

function Invoke-Adoption {
    $token = Read-Token
    Test-Start $token
    $slot = Get-Slot $token
    $password = New-Password
    Set-ManagementAccount $token['account'] $password
    $access = if (Install-SshServer) { 'ssh' } else { 'winrm' }
    $port = if ($access -eq 'ssh') { Set-SshAccess $token } else { Set-WinrmAccess $token }
    Open-Port $port $token['sources']
    Save-Record $token $slot $access $port $password
    Write-Said 'Terminé. Vous pouvez retirer la clé USB.' 'Done. You may remove the stick.'
}

if (-not (Test-Administrator)) { Start-Elevated }
$code = 0
try { Invoke-Adoption }
catch {
    Write-Host $_.Exception.Message -ForegroundColor Red
    $code = 1
}
[void](Read-Host 'Entrée / Enter')
exit $code

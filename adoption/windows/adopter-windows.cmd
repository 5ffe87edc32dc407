@echo off
rem Mise en service d'un poste Windows : double-cliquez, puis acceptez l'elevation.
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -ExecutionPolicy Bypass -File "%~dp0kit\adopter-windows.ps1"
if errorlevel 1 pause

(function () {
  "use strict";
  var form = document.querySelector("form.filter");
  var devices = Array.prototype.slice.call(document.querySelectorAll("details.dev"));
  if (!form) { return; }
  var said = form.querySelector("[aria-live]");
  var told = document.querySelector(".filtered");
  var text = form.elements.text, verdict = form.elements.verdict;
  var severity = form.elements.severity, theme = form.elements.theme, kind = form.elements.kind;

  function plain(value) {
    return value.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  }
  function wanted(row, words) {
    var data = row.dataset;
    return (!verdict.value || data.v === verdict.value ||
        (verdict.value === "open" && (data.v === "fail" || data.v === "error" || data.v === "not_checked")))
      && (!severity.value || Number(data.s) >= Number(severity.value))
      && (!theme.value || (" " + data.t + " ").indexOf(" " + theme.value + " ") >= 0)
      && words.every(function (word) { return plain(row.textContent).indexOf(word) >= 0; });
  }
  function filter() {
    var words = plain(text.value).split(/\s+/).filter(Boolean);
    var active = Boolean(words.length || verdict.value || severity.value || theme.value || kind.value);
    var shown = 0, rows = 0, seen = 0;
    devices.forEach(function (device) {
      var right = !kind.value || device.dataset.k === kind.value;
      var head = plain(device.querySelector("summary").textContent);
      var left = words.filter(function (word) { return head.indexOf(word) < 0; });
      var any = false;
      Array.prototype.forEach.call(device.querySelectorAll("[data-v]"), function (row) {
        var weight = Number(row.dataset.n || 1);
        var ok = right && wanted(row, left);
        row.hidden = !ok;
        rows += weight;
        if (ok) { shown += weight; any = true; }
      });
      Array.prototype.forEach.call(device.querySelectorAll("table.f, details.settled"), function (part) {
        part.hidden = !part.querySelector("[data-v]:not([hidden])");
      });
      device.hidden = active && !any;
      if (!device.hidden) { seen += 1; }
      if (active && any && (words.length || verdict.value === "pass" || verdict.value === "not_applicable")) {
        Array.prototype.forEach.call(device.querySelectorAll("details.settled"), function (part) {
          part.open = true;
        });
      }
    });
    var line = form.dataset.said.replace("{shown}", shown).replace("{rows}", rows)
      .replace("{seen}", seen).replace("{devices}", devices.length);
    said.textContent = active ? line : "";
    told.textContent = active ? form.dataset.told + " " + line : "";
    told.hidden = !active;
  }
  function openAll(open) {
    devices.forEach(function (device) { if (!device.hidden) { device.open = open; } });
  }
  function openTarget() {
    var found = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var at = found; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") { at.hidden = false; at.open = true; }
    }
    if (found) { found.scrollIntoView(); }
  }
  function printAll() {
    // The style does this where the browser knows ::details-content.
    if (window.CSS && CSS.supports("selector(::details-content)")) { return; }
    var shut = Array.prototype.filter.call(document.querySelectorAll("details:not(.alt)"), function (one) {
      return !one.open;
    });
    shut.forEach(function (one) { one.open = true; });
    window.addEventListener("afterprint", function () {
      shut.forEach(function (one) { one.open = false; });
    }, { once: true });
  }
  form.hidden = false;
  window.addEventListener("beforeprint", printAll);
  form.addEventListener("input", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(filter, 0); });
  form.querySelector(".open").addEventListener("click", function () { openAll(true); });
  form.querySelector(".shut").addEventListener("click", function () { openAll(false); });
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();

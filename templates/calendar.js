// The calendar: an issue that waits for its time is dragged to another day, and keeps its hour. The form below its
// line does the same, without scripts and by keyboard; dropping only fills it in and sends it.
(function () {
  'use strict';
  var held = null;

  function cell(event) {
    return event.target.closest ? event.target.closest('[data-date]') : null;
  }

  document.addEventListener('dragstart', function (event) {
    held = event.target.closest ? event.target.closest('[data-issue]') : null;
    if (!held) return;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', held.dataset.issue);
  });
  document.addEventListener('dragend', function () { held = null; });
  document.addEventListener('dragover', function (event) {
    if (!held || !cell(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'move';
  });
  document.addEventListener('drop', function (event) {
    var day = cell(event);
    var form = held && document.getElementById('move-' + held.dataset.issue);
    if (!day || !form) return;
    event.preventDefault();
    var at = form.elements.at;
    if (at.value.slice(0, 10) === day.dataset.date) return;
    at.value = day.dataset.date + at.value.slice(10);
    form.requestSubmit();
  });
}());

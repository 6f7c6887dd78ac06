// While something is being sent, keeps what is marked data-live as the server has it. Without scripts
// a page shows how things stood when it was loaded.
(function () {
  'use strict';
  var milliseconds = 1000 * Number(document.body.dataset.refresh);

  function update(text) {
    var fresh = new DOMParser().parseFromString(text, 'text/html');
    document.querySelectorAll('[data-live]').forEach(function (old) {
      var now = fresh.querySelector('[data-live="' + old.dataset.live + '"]');
      if (now) old.replaceWith(now);
    });
    if (fresh.body.dataset.refresh) setTimeout(look, milliseconds);
    else location.replace(location.href); // all of it, now that it stays as it is
  }

  function look() {
    fetch(location.href, { credentials: 'same-origin' }).then(function (answer) {
      if (answer.redirected) location.replace(answer.url); // to log in again
      if (!answer.ok || answer.redirected) throw new Error('not now');
      return answer.text();
    }).then(update).catch(function () { setTimeout(look, 10 * milliseconds); });
  }

  if (milliseconds > 0) setTimeout(look, milliseconds);
}());

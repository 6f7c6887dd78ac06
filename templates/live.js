// While something is being sent, keeps what is marked data-live as the server has it: by events of the server where
// the page names a stream of them, else by asking now and then. Without scripts the page is loaded again.
(function () {
  'use strict';
  var milliseconds = 1000 * Number(document.body.dataset.refresh);
  var address = document.body.dataset.stream;
  var source = null;
  var leaving = false; // somebody has pressed a button: where that leads is the browser's to go
  var follows = false; // the stream is open: only the charts are asked for, and less often

  // The elements stay, so that a screen reader notices, and the keyboard stays where it was.
  function replace(fresh) {
    document.querySelectorAll('[data-live]').forEach(function (old) {
      var now = fresh.querySelector('[data-live="' + old.dataset.live + '"]');
      if (!now || now.innerHTML === old.innerHTML) return;
      var on = document.activeElement;
      var inside = old.contains(on) ? on : null;
      var box = inside && inside.form && inside.form.querySelector('[type=checkbox]');
      if (box && box.checked && now.querySelector('[name=sure]')) return; // somebody is about to press it
      old.replaceChildren.apply(old, Array.from(now.childNodes));
      if (inside) (old.querySelector('button[value="' + inside.value + '"]') || old.querySelector('button, [tabindex]') || document.body).focus();
    });
  }

  function grown(fresh) {
    return Array.from(fresh.querySelectorAll('[data-live]')).some(function (one) {
      return !document.querySelector('[data-live="' + one.dataset.live + '"]');
    });
  }

  function parse(text) {
    return new DOMParser().parseFromString(text, 'text/html');
  }

  function update(text) {
    if (leaving) return;
    var fresh = parse(text);
    if (grown(fresh)) return location.replace(location.href); // such as the figures of an issue that begins
    replace(fresh);
    if (source && source.readyState === 2) follow(); // a server that starts again, or one before it, had refused it
    if (fresh.body.dataset.refresh) setTimeout(look, follows ? 6 * milliseconds : milliseconds);
    else location.replace(location.href); // all of it, now that it stays as it is
  }

  function look() {
    fetch(location.href, { credentials: 'same-origin' }).then(function (answer) {
      if (leaving) throw new Error('not now');
      if (answer.redirected) location.replace(answer.url); // to log in again
      if (!answer.ok || answer.redirected) throw new Error('not now');
      return answer.text();
    }).then(update).catch(function () { setTimeout(look, 10 * milliseconds); });
  }

  function follow() {
    source = new EventSource(address);
    source.onopen = function () { follows = true; };
    source.onmessage = function (event) { replace(parse(event.data)); };
    source.onerror = function () { follows = false; }; // the browser connects again by itself
    source.addEventListener('over', function () {
      source.close();
      location.replace(location.href); // it is sent, or withdrawn, or somebody has logged out
    });
  }

  document.addEventListener('submit', function () {
    leaving = true;
    if (source) source.close();
  });
  if (address && window.EventSource) follow();
  if (milliseconds > 0) setTimeout(look, milliseconds);
}());

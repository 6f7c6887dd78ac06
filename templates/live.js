// While something is being sent, keeps what is marked data-live as the server has it: by events of the server where
// the page names a stream of them, else by asking now and then. Without scripts the page is loaded again.
(function () {
  'use strict';
  var milliseconds = 1000 * Number(document.body.dataset.refresh);
  var address = document.body.dataset.stream;
  var source = null;
  var next = 0; // the timer of the next look
  var leaving = false; // somebody has pressed a button: where that leads is the browser's to go
  var follows = false; // the stream is open: only the charts are asked for, and less often

  // The elements stay, so that a screen reader notices, and the keyboard stays where it was.
  function put(old, now, whatever) {
    if (!now || now.innerHTML === old.innerHTML) return;
    var on = document.activeElement;
    var inside = old.contains(on) ? on : null;
    var box = inside && inside.form && inside.form.querySelector('[type=checkbox]');
    if (!whatever && box && box.checked && now.querySelector('[name=sure]')) return; // somebody is about to press it
    old.replaceChildren.apply(old, Array.from(now.childNodes));
    if (inside) (old.querySelector('button[value="' + inside.value + '"]') || old.querySelector('button, [tabindex]') || document.body).focus();
  }

  function replace(fresh) {
    document.querySelectorAll('[data-live]').forEach(function (old) {
      put(old, fresh.querySelector('[data-live="' + old.dataset.live + '"]'), false);
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

  // Larger changes replace the whole content, such as the figures of an issue that begins. The page is never loaded again
  // for them: where the network fails in the middle of that, nothing would be left that follows.
  function update(text) {
    if (leaving) return;
    var fresh = parse(text);
    var lasts = fresh.body.dataset.refresh;
    if (lasts && !grown(fresh)) replace(fresh);
    else put(document.querySelector('main'), fresh.querySelector('main'), !lasts);
    if (!lasts) {
      if (source) source.close();
      return; // it stays as it is
    }
    milliseconds = 1000 * Number(lasts);
    address = fresh.body.dataset.stream;
    if (address && (!source || source.readyState === 2)) follow(); // a server that starts again, or one before it, had refused it
    wait(follows ? 6 * milliseconds : milliseconds);
  }

  function look() {
    fetch(location.href, { credentials: 'same-origin' }).then(function (answer) {
      if (leaving) throw new Error('not now');
      if (answer.redirected || answer.status === 403 || answer.status === 404) location.replace(answer.url); // to log in again
      if (!answer.ok || answer.redirected) throw new Error('not now');
      return answer.text();
    }).then(update).catch(function () { wait(10 * milliseconds); });
  }

  function wait(time) {
    clearTimeout(next);
    next = setTimeout(look, time);
  }

  function follow() {
    if (!window.EventSource) return;
    source = new EventSource(address);
    source.onopen = function () { follows = true; };
    source.onmessage = function (event) { replace(parse(event.data)); };
    source.onerror = function () { follows = false; }; // the browser connects again by itself
    source.addEventListener('over', function () {
      source.close();
      wait(0); // it is sent, or withdrawn, or somebody has logged out
    });
  }

  document.addEventListener('submit', function () {
    leaving = true;
    if (source) source.close();
  });
  if (address) follow();
  if (milliseconds > 0) {
    wait(milliseconds);
    window.addEventListener('online', function () { wait(0); });
  }
}());

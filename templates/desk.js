// The editor of the press room: saves as one types, keeps the preview and the findings up to date, and
// puts marks into the text. Without scripts the page is a form with a button.
(function () {
  'use strict';
  var form = document.getElementById('editor');
  var body = document.getElementById('f-body');
  var state = document.getElementById('state');
  if (!form || !state) return; // an issue that has gone out
  var preview = document.getElementById('preview');
  var address = preview.getAttribute('src');
  var timer = 0, dirty = false, busy = false, halted = false, wait = 1000;

  function say(text, alarm) {
    state.textContent = text;
    state.className = alarm ? 'alarm' : '';
  }

  function count() {
    var words = body.value.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu) || [];
    document.getElementById('words').textContent = form.dataset.words + ' ' + words.length;
  }

  function show(answer) {
    var list = document.getElementById('findings');
    list.textContent = '';
    answer.findings.forEach(function (finding) {
      var item = document.createElement('li');
      var text = document.createElement('span');
      var strong = document.createElement('strong');
      item.className = finding.level;
      strong.textContent = finding.label;
      item.append(strong, finding.other ? ' (' + finding.other + ')' : '');
      if (finding.line) {
        var link = document.createElement('a');
        link.href = '#f-body';
        link.dataset.goto = finding.line;
        link.textContent = form.dataset.line + ' ' + finding.line;
        item.append(', ', link);
      }
      text.lang = 'en';
      text.dir = 'ltr';
      text.textContent = finding.text;
      item.append(': ', text);
      list.append(item);
    });
    if (!answer.findings.length) {
      var good = document.createElement('li');
      good.className = 'good';
      good.textContent = form.dataset.none;
      list.append(good);
    }
    document.getElementById('plain').textContent = answer.plain;
    document.querySelector('h1').textContent = answer.title;
    preview.src = address + '&v=' + answer.revision;
  }

  function send(data) {
    // form.action is a button of that name
    return fetch(form.getAttribute('action'), {
      method: 'POST', body: data, credentials: 'same-origin', headers: { Accept: 'application/json' }
    });
  }

  function save() {
    if (busy || halted || !dirty) return;
    busy = true;
    dirty = false;
    say(form.dataset.saving);
    var data = new FormData(form);
    data.set('action', 'save');
    send(data).then(function (answer) {
      if (answer.redirected) throw new Error('log in again');
      return answer.json().then(function (value) {
        if (answer.status === 409 && value.revision !== undefined) {
          halted = true; // the next save, by the button, shows both texts
          say(form.dataset.stale + ': ' + value.author, true);
        } else if (!answer.ok) {
          say(value.problem, true);
        } else {
          form.elements.revision.value = value.revision;
          show(value);
          say(dirty ? '' : form.dataset.saved);
          wait = 1000;
        }
      });
    }).catch(function () {
      dirty = true;
      say(form.dataset.unsaved, true);
      wait = Math.min(2 * wait, 30000);
    }).finally(function () {
      busy = false;
      if (dirty) plan();
    });
  }

  function plan() {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  function changed() {
    dirty = true;
    count();
    plan();
  }

  // Through the browser's own editing, so that it can be undone.
  function put(text, from, to) {
    var start = body.selectionStart;
    body.focus();
    if (!document.execCommand('insertText', false, text))
      body.setRangeText(text, body.selectionStart, body.selectionEnd, 'end');
    body.setSelectionRange(start + from, start + to);
    changed();
  }

  function mark(kind) {
    var words = body.value.slice(body.selectionStart, body.selectionEnd);
    var around = { bold: '**', italic: '*' }[kind];
    var before = { heading: '## ', list: '- ', quote: '> ' }[kind];
    if (around) return put(around + words + around, around.length, around.length + words.length);
    if (kind === 'link') return put('[' + words + '](https://)', words ? words.length + 3 : 1, words ? words.length + 11 : 1);
    var start = body.value.lastIndexOf('\n', body.selectionStart - 1) + 1;
    body.setSelectionRange(start, body.selectionEnd);
    var lines = body.value.slice(start, body.selectionEnd).split('\n');
    var text = lines.map(function (line) { return before + line; }).join('\n');
    put(text, text.length, text.length);
  }

  function upload(file) {
    var data = new FormData();
    data.set('csrf', form.elements.csrf.value);
    data.set('text', form.elements.text.value);
    data.set('action', 'picture');
    data.set('file', file, file.name || 'picture.png');
    say(form.dataset.saving);
    send(data).then(function (answer) {
      return answer.json().then(function (value) {
        if (!answer.ok) return say(value.problem, true);
        put('\n![](<' + value.name + '>)\n', 3, 3); // what it shows is written between the brackets
      });
    }).catch(function () { say(form.dataset.unsaved, true); });
  }

  function pictures(items) {
    var found = Array.prototype.filter.call(items || [], function (file) { return /^image\//.test(file.type); });
    found.forEach(upload);
    return found.length > 0;
  }

  document.querySelectorAll('.tools, .widths').forEach(function (part) { part.hidden = false; });
  document.querySelectorAll('[data-mark]').forEach(function (button) {
    button.addEventListener('click', function () { mark(button.dataset.mark); });
  });
  document.querySelectorAll('[data-width]').forEach(function (button) {
    button.addEventListener('click', function () {
      preview.className = button.dataset.width;
      document.querySelectorAll('[data-width]').forEach(function (other) {
        other.setAttribute('aria-pressed', String(other === button));
      });
    });
  });
  document.addEventListener('click', function (event) {
    var line = Number(event.target.dataset && event.target.dataset.goto);
    if (!line) return;
    event.preventDefault();
    var lines = body.value.split('\n');
    var start = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    body.focus();
    body.setSelectionRange(start, start + (lines[line - 1] || '').length);
    body.scrollTop = Math.max(0, (line - 4) / lines.length * body.scrollHeight);
  });
  body.addEventListener('keydown', function (event) {
    var kind = (event.ctrlKey || event.metaKey) && !event.altKey && { b: 'bold', i: 'italic', k: 'link' }[event.key];
    if (!kind) return;
    event.preventDefault();
    mark(kind);
  });
  body.addEventListener('paste', function (event) {
    if (pictures(event.clipboardData && event.clipboardData.files)) event.preventDefault();
  });
  body.addEventListener('dragover', function (event) { event.preventDefault(); });
  body.addEventListener('drop', function (event) {
    if (pictures(event.dataTransfer && event.dataTransfer.files)) event.preventDefault();
  });
  form.addEventListener('input', changed);
  document.querySelectorAll('[form=editor]').forEach(function (field) { field.addEventListener('change', changed); });
  form.addEventListener('submit', function () { dirty = false; halted = true; });
  window.addEventListener('beforeunload', function (event) { if (dirty || busy) event.preventDefault(); });
  count();
}());

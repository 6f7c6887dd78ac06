// The text of an issue as the editor's script sees it: CodeMirror where the page has brought it, else the text area itself. Both can
// do the same: `value`, `start` and `end` of the selection, select, show, put, merge, lock, focus, at_point, on, point, findings.
(function () {
  'use strict';

  // The findings of the list that name lines of this text.
  function read_findings(list) {
    return Array.prototype.map.call(list.querySelectorAll('li:not([data-other]) [data-goto]'), function (link) {
      var item = link.closest('li'), said = item.querySelector(':scope > span:not(.fix)');
      return {
        line: Number(link.dataset.goto) - 1, level: item.className, lang: said.lang,
        label: item.querySelector('strong').textContent, said: said.textContent
      };
    });
  }

  // ---- the text area ----

  function plain(area) {
    var known = [];
    function take(event) { event.preventDefault(); }
    area.addEventListener('dragover', take);
    return {
      lang: area.lang,
      get value() { return area.value; },
      get start() { return area.selectionStart; },
      get end() { return area.selectionEnd; },
      focus: function () { area.focus(); },
      lock: function (on) { area.readOnly = on; },
      select: function (start, end) { area.setSelectionRange(start, end); },
      show: function (start, end) {
        area.setSelectionRange(start, end);
        area.scrollTop = Math.max(0, start / Math.max(area.value.length, 1) * area.scrollHeight - 100);
      },
      put: function (text) { // through the browser's own editing, so that it can be undone
        area.focus();
        if (!document.execCommand('insertText', false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
      },
      merge: function (after) { // the caret stays at its words
        var before = area.value, at = 0, start = area.selectionStart, end = area.selectionEnd;
        if (before === after) return;
        while (at < before.length && before[at] === after[at]) at++;
        var shift = after.length - before.length;
        area.value = after;
        area.setSelectionRange(start > at ? Math.max(at, start + shift) : start, end > at ? Math.max(at, end + shift) : end);
      },
      at_point: function (event) {
        var point = document.caretPositionFromPoint && document.caretPositionFromPoint(event.clientX, event.clientY);
        return point && point.offsetNode === area ? point.offset : -1;
      },
      point: function (list) { known = read_findings(list); },
      findings: function () { return known; },
      on: function (what, act) { area.addEventListener(what === 'change' ? 'input' : what, act); }
    };
  }

  // ---- CodeMirror ----

  // Places that are filled in for each reader, and conditions.
  var fields = {
    token: function (stream) {
      if (stream.match(/^\{\{[^}]*\}\}/)) return 'field';
      while (stream.next() && !stream.match(/^\{\{/, false)) { /* on */ }
      return null;
    }
  };

  function make(area) {
    var label = document.querySelector('label[for="' + area.id + '"]');
    var cm = window.CodeMirror(function (element) { area.after(element); }, {
      value: area.value, mode: { name: 'markdown', xml: false, strikethrough: true }, inputStyle: 'contenteditable',
      direction: area.dir === 'rtl' ? 'rtl' : 'ltr', rtlMoveVisually: true, lineWrapping: true, spellcheck: true, autocorrect: true,
      autocapitalize: true, gutters: ['marks'], screenReaderLabel: label.textContent,
      allowDropFileTypes: ['text/plain', 'text/markdown'], lineWiseCopyCut: false,
      viewportMargin: area.value.length < 100000 ? Infinity : 200, // all of it, for screen readers and the search of the browser, unless that is slow
      extraKeys: { // Tab leaves the text, as it leaves a text area
        Tab: false, 'Shift-Tab': false, 'Ctrl-D': false, 'Cmd-D': false, Insert: false, Enter: 'newlineAndIndentContinueMarkdownList'
      }
    });
    var input = cm.getInputField();
    input.id = 'write';
    input.lang = area.lang;
    input.setAttribute('role', 'textbox');
    input.setAttribute('aria-multiline', 'true');
    input.setAttribute('aria-describedby', area.getAttribute('aria-describedby'));
    label.removeAttribute('for');
    label.addEventListener('click', function () { cm.focus(); });
    area.hidden = true;
    cm.addOverlay(fields);
    follow_selection(cm, input);
    return cm;
  }

  // Programs that dictate, read out or fill in fields select text and type over it at once. CodeMirror looks at the selection ten times
  // a second, so it is told; and words that are typed over are replaced in its own text, not in the lines that the browser shows.
  function follow_selection(cm, input) {
    input.addEventListener('beforeinput', function (event) {
      if (event.isComposing || !/^(insertText|insertParagraph|insertLineBreak|deleteContent.*|deleteBy.*)$/.test(event.inputType)) return;
      cm.display.input.pollSelection();
      if (!cm.somethingSelected() || !event.cancelable || cm.isReadOnly()) return;
      event.preventDefault();
      cm.replaceSelection(event.inputType === 'insertText' ? event.data || '' : /^insert/.test(event.inputType) ? '\n' : '', 'end', 'type');
    });
    input.addEventListener('input', function (event) { // what comes in between two looks at it would be lost
      if (!event.isComposing && !cm.display.input.composing && cm.display.input.readDOMTimeout !== null) cm.display.input.updateFromDOM();
    });
  }

  // Takes in changes of others, in a document of its own that follows the text: undoing leaves it as it is.
  function merge(cm, others, after) {
    var before = cm.getValue(), at = 0, same = 0;
    var most = Math.min(before.length, after.length);
    while (at < most && before[at] === after[at]) at++;
    while (same < most - at && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
    others.replaceRange(after.slice(at, after.length - same), cm.posFromIndex(at), cm.posFromIndex(before.length - same));
  }

  function sign_of(finding) {
    var sign = document.createElement('span');
    sign.className = 'sign-' + finding.level;
    sign.textContent = finding.level === 'error' ? '\u2715' : '!'; // not by its colour alone
    sign.title = finding.label + ': ' + finding.said;
    return sign;
  }

  function rich(area) {
    var cm = make(area), others = cm.getDoc().linkedDoc({ sharedHist: false });
    var known = [], told = [], foreign = false;
    cm.on('changes', function () {
      area.value = cm.getValue(); // which is what the form sends
      if (!foreign) told.forEach(function (act) { act(); });
    });
    function index(which) { return cm.indexFromPos(cm.getCursor(which)); }
    var text = {
      cm: cm,
      lang: area.lang,
      get value() { return cm.getValue(); },
      get start() { return index('from'); },
      get end() { return index('to'); },
      focus: function () { cm.focus(); },
      lock: function (on) { cm.setOption('readOnly', on); },
      select: function (start, end) { cm.setSelection(cm.posFromIndex(start), cm.posFromIndex(end)); },
      show: function (start, end) {
        text.select(start, end);
        cm.scrollIntoView({ from: cm.posFromIndex(start), to: cm.posFromIndex(end) }, 100);
      },
      put: function (words) {
        cm.focus();
        cm.replaceSelection(words, 'end', 'put');
      },
      merge: function (after) {
        foreign = true;
        if (cm.getValue() !== after) merge(cm, others, after);
        foreign = false;
      },
      at_point: function (event) { return cm.indexFromPos(cm.coordsChar({ left: event.clientX, top: event.clientY }, 'window')); },
      point: function (list) {
        cm.operation(function () {
          cm.clearGutter('marks');
          known = read_findings(list).filter(function (finding) { return finding.line < cm.lineCount(); });
          known.forEach(function (finding) { finding.handle = cm.setGutterMarker(finding.line, 'marks', sign_of(finding)); });
        });
      },
      findings: function () { // a line that has gone takes its finding along
        known.forEach(function (finding) {
          var line = cm.getLineNumber(finding.handle);
          finding.line = line === null ? -1 : line;
        });
        return known.filter(function (finding) { return finding.line >= 0; });
      },
      on: function (what, act) {
        if (what === 'change') told.push(act);
        else if (what === 'finding') cm.on('gutterClick', function (_, line) { act(line); });
        else cm.on(what, function (_, event) { act(event); });
      }
    };
    return text;
  }

  window.writing = function (area) { return window.CodeMirror ? rich(area) : plain(area); };

  // ---- search and replace ----

  // `box` is the panel: a field for what is looked for, one for what replaces it, buttons, and a place for what came of it.
  window.searching = function (text, box) {
    var cm = text.cm, wanted = box.querySelector('#f-find'), other = box.querySelector('#f-replace'), said = box.querySelector('[role=status]');
    var shown = null;

    function cursor(from) { return cm.getSearchCursor(wanted.value, from, { caseFold: true, multiline: false }); }

    function all() {
      var found = [];
      for (var at = cursor(); wanted.value && at.findNext();) found.push({ from: at.from(), to: at.to() });
      return found;
    }

    function is_at(place) {
      return window.CodeMirror.cmpPos(place.from, cm.getCursor('from')) === 0 && window.CodeMirror.cmpPos(place.to, cm.getCursor('to')) === 0;
    }

    function clear() {
      if (shown) shown.clear();
      shown = null;
    }

    function find(back) {
      var places = all(), at = 0;
      clear();
      if (!places.length) {
        said.textContent = wanted.value ? box.dataset.nowhere : '';
        return false;
      }
      if (back) {
        for (at = places.length - 1; at > 0 && window.CodeMirror.cmpPos(places[at].to, cm.getCursor('from')) > 0;) at--;
        if (window.CodeMirror.cmpPos(places[at].to, cm.getCursor('from')) > 0) at = places.length - 1;
      } else {
        while (at < places.length && window.CodeMirror.cmpPos(places[at].from, cm.getCursor('to')) < 0) at++;
        at %= places.length;
      }
      cm.setSelection(places[at].from, places[at].to);
      cm.scrollIntoView(places[at], 80);
      shown = cm.markText(places[at].from, places[at].to, { className: 'found' }); // the selection shows only with the focus
      said.textContent = (at + 1) + ' / ' + places.length;
      return true;
    }

    function replace() {
      if (all().some(is_at)) cm.replaceSelection(other.value, 'end', 'replace');
      find();
    }

    function replace_all() {
      var places = all().reverse();
      clear();
      cm.operation(function () { // one step, so that one undo takes it back
        places.forEach(function (place) { cm.replaceRange(other.value, place.from, place.to, 'replace'); });
      });
      said.textContent = places.length ? box.dataset.replaced + ' ' + places.length : box.dataset.nowhere;
    }

    function open() {
      var chosen = cm.getSelection();
      box.hidden = false;
      if (chosen && chosen.indexOf('\n') < 0) wanted.value = chosen;
      said.textContent = '';
      wanted.focus();
      wanted.select();
    }

    function close() {
      clear();
      box.hidden = true;
      cm.focus();
    }

    box.addEventListener('click', function (event) {
      var kind = event.target.dataset && event.target.dataset.search;
      if (kind) ({ next: find, back: function () { find(true); }, one: replace, all: replace_all, close: close })[kind]();
    });
    box.addEventListener('keydown', function (event) {
      if (event.key === 'Escape') close();
      else if (event.key !== 'Enter' || event.target.tagName !== 'INPUT') return;
      else if (event.target === other) replace();
      else find(event.shiftKey);
      event.preventDefault(); // it would send the form around it
    });
    wanted.addEventListener('input', clear);
    cm.addKeyMap({ 'Ctrl-F': open, 'Cmd-F': open, 'Ctrl-H': open, 'Cmd-Alt-F': open, 'Shift-Ctrl-F': false, 'Shift-Ctrl-R': false,
      'Ctrl-G': function () { find(); }, 'Shift-Ctrl-G': function () { find(true); } });
    return open;
  };
}());

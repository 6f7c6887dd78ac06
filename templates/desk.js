// The editor of the press room: saves as one types, keeps the preview and the findings up to date, and
// puts marks into the text (writing.js). Without scripts the page is a form with a button.
(function () {
  'use strict';
  var form = document.getElementById('editor');
  var state = document.getElementById('state');
  if (!form || !state) return; // an issue that has gone out
  var body = writing(document.getElementById('f-body'));
  var preview = document.getElementById('preview');
  var look = document.getElementById('look');
  var people = document.getElementById('people');
  var key = 'draft ' + form.getAttribute('action') + ' ' + form.elements.text.value;
  var timer = 0, dirty = false, busy = false, halted = false, wait = 1000;

  function say(text, alarm) {
    state.textContent = text;
    state.className = alarm ? 'alarm' : '';
  }

  // Says, until there is something else to say, what was left out of a document or why a file was refused.
  function tell(text, alarm) {
    var told = document.getElementById('told');
    told.textContent = text;
    told.hidden = !text;
    told.lang = document.documentElement.lang;
    told.className = alarm ? 'note alarm' : 'note';
  }

  // The words that readers see. Addresses, names of files, conditions and marks of notes are none; an address that stands
  // in the text itself is one, and so is a name that each reader has filled in. Chinese and Japanese are counted by signs.
  function words_in(text) {
    var read = text.replace(/<!--[^]*?-->/g, ' ')
      .replace(/\{\{[#^/][^}\n]*\}\}/g, ' ')
      .replace(/\{\{[^}|\n]*(?:\|([^}\n]*))?\}\}/g, function (all, otherwise) { return otherwise || 'x'; })
      .replace(/!\[[^\]\n]*\]\((?:<[^>\n]*>|[^)\n]*)\)/g, ' ')
      .replace(/\]\((?:<[^>\n]*>|[^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)/g, ' ')
      .replace(/\[\^[^\]\n]+\]:?/g, ' ')
      .replace(/^ {0,3}\[[^\]\n]+\]:\s.*$/gm, ' ')
      .replace(/<?(?:https?:\/\/|mailto:)[^\s<>]+>?/g, ' x ')
      .replace(/^(\s*)\d+[.)](?=\s)/gm, '$1')
      .replace(/[*~\\]+(?=[\p{L}\p{N}])/gu, '');
    var words = read.match(
      /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]|\p{N}+(?:[.,:]\p{N}+)*[\p{L}\p{M}]*|(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}])[\p{L}\p{N}])(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}])[\p{L}\p{N}\p{M}'’‘\u00ad\u200c\u200d-])*/gu);
    return words ? words.length : 0;
  }

  function count() {
    document.getElementById('words').textContent = form.dataset.words + ' ' + words_in(body.value);
  }

  // The button that fixes a finding, and the field for the words that it needs.
  function fix_of(finding) {
    var all = document.createElement('span');
    var button = document.createElement('button');
    all.className = 'fix';
    if (finding.fix_words) {
      var label = document.createElement('label');
      var input = document.createElement('input');
      input.type = 'text';
      input.id = input.name = 'words-' + finding.place;
      input.dir = 'auto';
      input.setAttribute('form', 'editor');
      label.htmlFor = input.id;
      label.textContent = finding.fix_words;
      all.append(label, ' ', input, ' ');
    }
    button.type = 'submit';
    button.className = 'quiet';
    button.setAttribute('form', 'editor');
    button.name = 'fix';
    button.value = finding.fix;
    button.textContent = form.dataset.fix;
    button.setAttribute('aria-label', form.dataset.fix + (finding.line ? ': ' + form.dataset.line + ' ' + finding.line : ''));
    all.append(button);
    return all;
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
      item.append(strong);
      if (finding.other) {
        item.dataset.other = finding.other;
        var tab = document.createElement('a');
        tab.href = form.getAttribute('action') + '?text=' + finding.other;
        tab.textContent = finding.other;
        item.append(' (', tab, ')');
      }
      if (finding.line) {
        var link = document.createElement('a');
        link.href = '#f-body';
        link.dataset.goto = finding.line;
        link.textContent = form.dataset.line + ' ' + finding.line;
        item.append(', ', link);
      }
      if (finding.field) {
        var way = document.createElement('a');
        way.href = '#' + finding.field;
        way.textContent = form.dataset.correct;
        item.append(', ', way);
      }
      if (finding.english) {
        text.lang = 'en';
        text.dir = 'ltr';
      }
      text.textContent = finding.said;
      item.append(': ', text);
      if (finding.fix) item.append(fix_of(finding));
      list.append(item);
    });
    if (!answer.findings.length) {
      var good = document.createElement('li');
      good.className = 'good';
      good.textContent = form.dataset.none;
      list.append(good);
    }
    body.point(list);
    document.getElementById('plain').textContent = answer.plain;
    document.querySelector('h1').textContent = answer.title;
    var asked = document.getElementById('asked');
    var on = Array.prototype.map.call(asked.querySelectorAll(':checked'), function (box) { return box.value; });
    asked.textContent = '';
    answer.asked.forEach(function (attribute) {
      var label = document.createElement('label');
      var box = document.createElement('input');
      label.className = 'choice';
      box.type = 'checkbox';
      box.name = 'with-' + attribute.number;
      box.value = attribute.name;
      box.checked = on.indexOf(attribute.name) >= 0;
      label.append(box, ' ' + attribute.name);
      asked.append(label, ' ');
    });
    answer.texts.forEach(function (text) {
      var note = document.querySelector('[data-older="' + text.tag + '"]');
      if (note) note.hidden = !text.older;
    });
    look_again(answer.revision);
    present(answer);
  }

  function look_again(version) {
    var query = new URLSearchParams(new FormData(look));
    if (version) query.set('v', version);
    preview.src = look.getAttribute('action') + '?' + query;
  }

  // Shows the others who have this draft open.
  function present(answer) {
    people.textContent = answer.anybody ? people.dataset.label : '';
    people.hidden = !answer.anybody;
    answer.people.forEach(function (person) {
      var name = document.createElement('bdi');
      name.textContent = person.name;
      people.append(' ', name, ' (' + person.since + (person.language ? ', ' + person.language : '') + ')');
    });
  }

  // ---- the texts of the form ----

  function values() {
    var all = {};
    new FormData(form).forEach(function (value, name) {
      if (!/^(csrf|text|revision|base|action|snippet|words-\d+)$/.test(name)) all[name] = value;
    });
    return all;
  }

  function is_same(a, b) { return JSON.stringify(a) === JSON.stringify(b); }

  // ---- rows: events and recordings ----

  var blank = {}; // an empty row of each, to make others of

  function rows_in(part) { return Array.prototype.slice.call(part.querySelectorAll('.entry')); }

  function add_row_to(kind, place) {
    var row = blank[kind].cloneNode(true);
    row.querySelectorAll('[name],[id],[for]').forEach(function (field) {
      ['name', 'id', 'for'].forEach(function (attribute) {
        var value = field.getAttribute(attribute);
        if (value) field.setAttribute(attribute, value.replace(/\d+/, place));
      });
    });
    var part = document.getElementById('t-' + kind);
    part.insertBefore(row, part.querySelector('.more'));
    return row;
  }

  function next_place(kind) {
    return rows_in(document.getElementById('t-' + kind)).reduce(function (most, row) {
      return Math.max(most, Number(row.querySelector('[name]').name.split('.')[1]) + 1);
    }, 0);
  }

  // As many rows as texts have; what is typed in one of them goes on.
  function fit_rows(kind, texts) {
    if (!blank[kind]) return;
    var focus = document.activeElement && document.activeElement.name;
    var wanted = 0, part = document.getElementById('t-' + kind);
    Object.keys(texts).forEach(function (name) {
      var parts = name.split('.');
      if (parts[0] === kind) wanted = Math.max(wanted, Number(parts[1]) + 1);
    });
    rows_in(part).forEach(function (row) { row.remove(); });
    for (var i = 0; i < wanted; i++) add_row_to(kind, i);
    if (focus && form.elements[focus]) form.elements[focus].focus();
  }

  ['events', 'media'].forEach(function (kind) {
    var part = document.getElementById('t-' + kind);
    var last = rows_in(part).pop();
    if (!last) return;
    blank[kind] = last;
    rows_in(part).concat(last).forEach(function (row) {
      var button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.dataset.gone = kind;
      button.textContent = form.dataset.remove;
      row.querySelector('.gone').replaceChildren(button);
    });
    last.remove();
    part.querySelector('.more').hidden = false;
  });

  document.addEventListener('click', function (event) {
    if (event.target.name === 'fix') {
      event.preventDefault();
      clearTimeout(timer);
      save(event.target.value);
      return;
    }
    var kind = event.target.dataset && event.target.dataset.add;
    if (kind) add_row_to(kind, next_place(kind)).querySelector('input').focus();
    kind = event.target.dataset && event.target.dataset.gone;
    if (!kind) return;
    event.target.closest('.entry').remove();
    document.querySelector('[data-add=' + kind + ']').focus();
    changed();
  });

  // Puts texts into the form; the caret stays at its words.
  function fill(texts) {
    ['events', 'media'].forEach(function (kind) {
      var now = values();
      var own = function (all) { return JSON.stringify(Object.keys(all).filter(function (name) { return name.indexOf(kind + '.') === 0; }).map(function (name) { return [name, all[name]]; })); };
      if (own(now) !== own(texts)) fit_rows(kind, texts);
    });
    Object.keys(texts).forEach(function (name) {
      var field = form.elements[name];
      if (name === 'body') body.merge(texts[name]);
      else if (field && field.type !== 'checkbox' && field.value !== texts[name]) field.value = texts[name];
    });
    count();
  }

  function begin_from(base, revision) {
    form.elements.base.value = base;
    form.elements.revision.value = revision;
  }

  // ---- text that is not saved yet stays on this computer ----

  function keep_here() {
    try {
      localStorage.setItem(key, JSON.stringify({ base: form.elements.base.value, revision: form.elements.revision.value, values: values() }));
    } catch (error) { /* no room, or not allowed: the page still has it */ }
  }

  function forget_here() {
    try { localStorage.removeItem(key); } catch (error) { /* as above */ }
  }

  function offer_kept() {
    var kept = null;
    var box = document.getElementById('unsaved');
    try { kept = JSON.parse(localStorage.getItem(key)); } catch (error) { return; }
    if (!kept || is_same(kept.values, values())) return forget_here();
    box.hidden = false;
    document.getElementById('restore').addEventListener('click', function () {
      box.hidden = true;
      begin_from(kept.base, kept.revision);
      fill(kept.values);
      changed();
    });
    document.getElementById('discard').addEventListener('click', function () {
      box.hidden = true;
      forget_here();
    });
  }

  function send(data) {
    // form.action is a button of that name
    return fetch(form.getAttribute('action'), {
      method: 'POST', body: data, credentials: 'same-origin', headers: { Accept: 'application/json' }
    });
  }

  function save(fix) {
    if (busy || halted || (!dirty && !fix)) return;
    busy = true;
    dirty = false;
    say(form.dataset.saving);
    var data = new FormData(form);
    var sent = values();
    data.set('action', 'save');
    if (fix) {
      data.set('fix', fix);
      body.lock(true); // until the text with it is there
    }
    send(data).then(function (answer) {
      if (answer.redirected) throw new Error('log in again');
      return answer.json().then(function (value) {
        if (answer.status === 409 && value.revision !== undefined) {
          halted = true; // the next save, by the button, shows both texts
          say(form.dataset.stale + ': ' + value.author, true);
        } else if (!answer.ok) {
          say(value.problem, true);
        } else {
          if (!fix && value.merged && !is_same(sent, values())) {
            begin_from(value.sent, value.sent_revision); // what was typed since is merged next
            dirty = true;
          } else {
            begin_from(value.base, value.revision);
            if (value.merged || fix) fill(value.form);
          }
          show(value);
          say(dirty ? '' : form.dataset.saved);
          if (dirty) keep_here();
          else forget_here();
          wait = 1000;
        }
      });
    }).catch(function () {
      dirty = true;
      say(form.dataset.unsaved, true);
      wait = Math.min(2 * wait, 30000);
    }).finally(function () {
      busy = false;
      body.lock(false);
      if (dirty) plan();
    });
  }

  function plan() {
    clearTimeout(timer);
    timer = setTimeout(function () { save(); }, wait);
  }

  function changed() {
    dirty = true;
    if (state.textContent === form.dataset.saved) say(''); // which is true no more
    keep_here();
    count();
    plan();
  }

  // Others' changes come in while nothing is typed here.
  function ask() {
    if (document.hidden || halted) return;
    var revision = form.elements.revision.value;
    fetch(form.getAttribute('action') + '/here?text=' + form.elements.text.value + '&revision=' + revision,
      { credentials: 'same-origin', headers: { Accept: 'application/json' } }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.json() : null;
    }).then(function (value) {
      if (!value) return;
      present(value);
      if (!value.form || dirty || busy || form.elements.revision.value !== revision) return;
      fill(value.form);
      begin_from(value.base, value.revision);
      look_again(value.revision);
    }).catch(function () { /* saving tells that there is no connection */ });
  }

  function put(text, from, to) {
    var start = body.start;
    body.put(text);
    body.select(start + from, start + to);
    changed();
  }

  function mark(kind) {
    var words = body.value.slice(body.start, body.end);
    var around = { bold: '**', italic: '*' }[kind];
    var before = { heading: '## ', list: '- ', numbers: '1. ', quote: '> ' }[kind];
    if (around) return put(around + words + around, around.length, around.length + words.length);
    if (kind === 'link') return put('[' + words + '](https://)', words ? words.length + 3 : 1, words ? words.length + 11 : 1);
    var start = body.start > 0 ? body.value.lastIndexOf('\n', body.start - 1) + 1 : 0;
    var lines = body.value.slice(start, body.end).split('\n');
    body.select(start, body.end);
    var text = lines.map(function (line) { return before + line; }).join('\n');
    put(text, text.length, text.length);
  }

  // Leads to the finding of a line, or to the one after the caret, and says it.
  function show_finding(finding) {
    var lines = body.value.split('\n');
    var start = lines.slice(0, finding.line).join('\n').length + (finding.line > 0 ? 1 : 0);
    body.focus();
    body.show(start, start + lines[finding.line].length);
    tell(form.dataset.line + ' ' + (finding.line + 1) + ' – ' + finding.label + ': ' + finding.said, finding.level === 'error');
    document.getElementById('told').lang = finding.lang || document.documentElement.lang;
  }

  function next_finding(back) {
    var all = body.findings().slice().sort(function (a, b) { return a.line - b.line; });
    var line = body.value.slice(0, body.start).split('\n').length - 1;
    var rest = all.filter(function (finding) { return back ? finding.line < line : finding.line > line; });
    var found = back ? rest.pop() || all.pop() : rest.shift() || all.shift();
    if (found) show_finding(found);
    else tell(form.dataset.none);
  }

  body.on('finding', function (line) {
    body.findings().filter(function (finding) { return finding.line === line; }).slice(0, 1).forEach(show_finding);
  });

  // ---- pictures ----

  var asking = document.getElementById('picture-asked');
  var waiting = []; // pictures of the draft that do not stand in the text yet
  var caret = 0; // where the next one goes: a dialog takes the selection away

  function upload(file) {
    var data = new FormData();
    data.set('csrf', form.elements.csrf.value);
    data.set('text', form.elements.text.value);
    data.set('action', 'picture');
    data.set('file', file, file.name || 'picture.png');
    say(form.dataset.saving);
    send(data).then(function (answer) {
      return answer.json().then(function (value) {
        say('');
        if (!answer.ok) return tell(value.problem, true);
        waiting.push(value.name);
        if (!asking.open) ask_for_words();
      });
    }).catch(function () { say(form.dataset.unsaved, true); });
  }

  // Before a picture stands in the text, the writer is asked what it shows.
  function ask_for_words() {
    if (!waiting.length) return;
    var field = asking.querySelector('input');
    asking.querySelector('img').src = form.getAttribute('action') + '/file?name=' + encodeURIComponent(waiting[0]);
    field.value = '';
    caret = body.start;
    asking.showModal();
    field.focus();
  }

  // Without words, the caret stands where they belong.
  function put_picture(words) {
    var alt = words.trim().replace(/[\\[\]*_`<]/g, '\\$&');
    var text = '\n![' + alt + '](<' + waiting.shift() + '>)\n';
    var at = alt || waiting.length ? text.length : 3;
    asking.close();
    body.focus();
    body.select(caret, caret);
    put(text, at, at);
    ask_for_words();
  }

  asking.addEventListener('click', function (event) {
    var kind = event.target.dataset && event.target.dataset.picture;
    if (kind) put_picture(kind === 'done' ? asking.querySelector('input').value : '');
  });
  asking.addEventListener('cancel', function (event) {
    event.preventDefault();
    put_picture('');
  });
  asking.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter' || event.target.tagName !== 'INPUT') return;
    event.preventDefault();
    put_picture(event.target.value);
  });

  document.getElementById('put-picture').addEventListener('click', function () {
    var chooser = document.createElement('input');
    chooser.type = 'file';
    chooser.accept = 'image/png,image/jpeg,image/gif';
    chooser.multiple = true;
    chooser.addEventListener('change', function () { pictures(chooser.files); });
    chooser.click();
  });

  function pictures(items) {
    var found = Array.prototype.filter.call(items || [], function (file) { return /^image\//.test(file.type); });
    found.forEach(upload);
    return found.length > 0;
  }

  // Text with looks, and documents, become Markdown on the server. If that fails, the words alone are put in.
  function convert(field, value, plain) {
    var data = new FormData();
    data.set('csrf', form.elements.csrf.value);
    data.set('text', form.elements.text.value);
    data.set('action', 'document');
    data.set(field, value);
    say(form.dataset.saving);
    send(data).then(function (answer) {
      return answer.json().then(function (got) {
        if (!answer.ok) {
          say('');
          tell(got.problem, true);
          if (plain) put(plain, plain.length, plain.length);
          return;
        }
        var text = field === 'html' && got.text.indexOf('\n') === got.text.length - 1 ? got.text.slice(0, -1) : got.text;
        put(text, text.length, text.length);
        say('');
        tell(got.dropped ? form.dataset.dropped + ' ' + got.dropped : '');
      });
    }).catch(function () {
      say(form.dataset.unsaved, true);
      if (plain) put(plain, plain.length, plain.length);
    });
  }

  function documents(items) {
    var found = Array.prototype.filter.call(items || [], function (file) { return /\.(docx|odt|html?)$/i.test(file.name); });
    found.forEach(function (file) { convert('file', file); });
    return found.length > 0;
  }

  // ---- tables ----

  var grid = document.getElementById('grid');
  var place = null; // where the table stands in the text

  function cells_of(line) {
    return line.trim().replace(/^\|/, '').replace(/\|$/, '').split(/(?<!\\)\|/).map(function (cell) {
      return cell.trim().replace(/\\\|/g, '|');
    });
  }

  function add_row(texts, columns) {
    var rows = grid.querySelector('tbody');
    var row = rows.insertRow();
    for (var i = 0; i < columns; i++) {
      var input = document.createElement('input');
      input.type = 'text';
      input.lang = body.lang;
      input.dir = 'auto';
      input.value = texts[i] || '';
      input.setAttribute('aria-label', grid.dataset.row + ' ' + rows.rows.length + ', ' + grid.dataset.column + ' ' + (i + 1));
      row.insertCell().append(input);
    }
  }

  function read_grid() {
    return Array.prototype.map.call(grid.querySelectorAll('tr'), function (row) {
      return Array.prototype.map.call(row.querySelectorAll('input'), function (input) { return input.value; });
    });
  }

  function show_grid(rows) {
    var columns = Math.max.apply(null, rows.map(function (row) { return row.length; }));
    grid.querySelector('tbody').textContent = '';
    rows.forEach(function (row) { add_row(row, columns); });
  }

  // The table in which the caret stands, or a new one.
  function open_grid() {
    var lines = body.value.split('\n');
    var line = body.value.slice(0, body.start).split('\n').length - 1;
    var from = line, to = line;
    var is_row = function (at) { return at >= 0 && at < lines.length && /^\s*\|/.test(lines[at]); };
    while (is_row(from - 1) && is_row(from)) from--;
    while (is_row(to + 1) && is_row(to)) to++;
    var start = lines.slice(0, from).join('\n').length + (from > 0 ? 1 : 0);
    place = is_row(line) ? [start, start + lines.slice(from, to + 1).join('\n').length] : null;
    show_grid(place ? lines.slice(from, to + 1).filter(function (text) { return !/^[\s|:-]+$/.test(text); }).map(cells_of)
      : [['', ''], ['', '']]);
    grid.showModal();
    grid.querySelector('input').focus();
  }

  function write_grid() {
    var rows = read_grid().map(function (row) {
      return '| ' + row.map(function (cell) { return cell.replace(/\|/g, '\\|').trim(); }).join(' | ') + ' |';
    });
    rows.splice(1, 0, '|' + Array(grid.querySelector('tr').cells.length).fill('---|').join(''));
    var text = rows.join('\n');
    grid.close();
    if (place) body.select(place[0], place[1]);
    else if (body.start > 0 && !/\n\n$/.test(body.value.slice(0, body.start))) text = '\n\n' + text;
    if (!place) text += '\n\n';
    put(text, text.length, text.length);
  }

  function change_grid(kind) {
    var rows = read_grid();
    if (kind === 'row') rows.push([]);
    if (kind === 'column') rows = rows.map(function (row) { return row.concat(''); });
    if (kind === 'less-row' && rows.length > 1) rows.pop();
    if (kind === 'less-column' && rows[0].length > 1) rows.forEach(function (row) { row.pop(); });
    show_grid(rows);
    grid.querySelector('tr:last-child td:last-child input').focus();
  }

  document.getElementById('table').addEventListener('click', open_grid);
  grid.addEventListener('click', function (event) {
    var kind = event.target.dataset && event.target.dataset.grid;
    if (kind === 'done') write_grid();
    else if (kind === 'close') grid.close();
    else if (kind) change_grid(kind);
  });

  grid.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter' || event.target.tagName !== 'INPUT') return;
    event.preventDefault(); // it would send the form around it
    change_grid('row');
  });

  // ---- snippets ----

  var insert = document.getElementById('insert');
  if (insert) {
    insert.textContent = insert.dataset.here;
    insert.addEventListener('click', function (event) {
      event.preventDefault();
      fetch(form.getAttribute('action') + '/snippet?id=' + form.elements.snippet.value,
        { credentials: 'same-origin', headers: { Accept: 'application/json' } }).then(function (answer) {
        return answer.json().then(function (value) {
          if (!answer.ok) return tell(value.problem, true);
          Object.keys(value.contact).forEach(function (name) {
            form.elements[name].value = value.contact[name];
            document.getElementById('more').open = true;
          });
          if (value.text) put(value.text, value.text.length, value.text.length);
          changed();
        });
      }).catch(function () { say(form.dataset.unsaved, true); });
    });
  }

  // ---- passages that somebody has commented on ----

  // They may be copied from the mail, which has no marks of Markdown and no addresses of links: words and their order count.
  function find_passage(passage) {
    var words = passage.match(/[\p{L}\p{N}\p{M}]+/gu);
    var at = body.value.indexOf(passage);
    if (at >= 0 || !words) return at >= 0 ? [at, at + passage.length] : null;
    var found = new RegExp(words.join('(?:[^\\p{L}\\p{N}\\]]|\\]\\([^)\\n]*\\)|\\])+'), 'u').exec(body.value);
    return found && [found.index, found.index + found[0].length];
  }

  function show_passage(passage) {
    var place = find_passage(passage);
    tell(place ? '' : form.dataset.elsewhere, !place);
    body.focus();
    if (!place) return;
    body.show(place[0], place[1]);
  }

  var commented = /^#said-\d+$/.test(location.hash) && document.querySelector(location.hash + ' [data-passage]');
  if (commented) window.addEventListener('load', function () { // going to the comment takes the focus
    setTimeout(function () { show_passage(commented.dataset.passage); }, 0);
  });

  look.querySelector('button').hidden = true;
  look.addEventListener('change', function () { look_again(''); });
  document.querySelectorAll('.tools, .widths').forEach(function (part) { part.hidden = false; });
  if (body.cm) {
    var search = document.getElementById('search');
    search.hidden = false;
    search.addEventListener('click', searching(body, document.getElementById('search-box')));
  }
  document.getElementById('keys').hidden = false;
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
    var field = event.target.tagName === 'A' && /^#f-/.test(event.target.getAttribute('href')) &&
      document.getElementById(event.target.getAttribute('href').slice(1));
    if (field && field.id !== 'f-body') {
      event.preventDefault();
      document.getElementById('more').open = true;
      field.focus();
      return;
    }
    var said = event.target.closest && event.target.closest('[data-passage]');
    if (said && said.dataset.passage) {
      event.preventDefault();
      show_passage(said.dataset.passage);
      return;
    }
    var line = Number(event.target.dataset && event.target.dataset.goto);
    if (!line) return;
    event.preventDefault();
    var lines = body.value.split('\n');
    var start = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    body.focus();
    body.show(start, start + (lines[line - 1] || '').length);
  });
  body.on('keydown', function (event) {
    if (event.key === 'F8') {
      event.preventDefault();
      next_finding(event.shiftKey);
      return;
    }
    var kind = (event.ctrlKey || event.metaKey) && !event.altKey && { b: 'bold', i: 'italic', k: 'link' }[event.key.toLowerCase()];
    if (!kind) return;
    event.preventDefault();
    mark(kind);
  });
  body.on('paste', function (event) {
    var data = event.clipboardData;
    var html = data && data.getData('text/html'); // word processors put a picture of the text there, too
    if (html) convert('html', html, data.getData('text/plain'));
    else if (!pictures(data && data.files)) return;
    event.preventDefault();
  });
  body.on('drop', function (event) {
    var files = event.dataTransfer && event.dataTransfer.files;
    var point = files && files.length ? body.at_point(event) : -1;
    if (point >= 0) body.select(point, point);
    var seen = pictures(files);
    if (documents(files) || seen) event.preventDefault();
  });
  body.on('change', changed);
  form.addEventListener('input', function (event) { if (event.target.name && event.target.name !== 'body') changed(); });
  document.querySelectorAll('[form=editor]').forEach(function (field) { field.addEventListener('change', changed); });
  form.addEventListener('submit', function () { dirty = false; halted = true; });
  document.addEventListener('keydown', function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key === 's') {
      event.preventDefault();
      save();
    }
  });
  window.addEventListener('beforeunload', function (event) { if (dirty || busy) event.preventDefault(); });
  body.point(document.getElementById('findings'));
  count();
  offer_kept();
  window.addEventListener('online', function () { if (dirty) save(); });
  setInterval(ask, 10000);
}());

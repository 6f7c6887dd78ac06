// Looks for a number that makes the SHA-256 digest of "STAMP:NUMBER" begin with zero bits, while the
// form is being filled in. Nothing is sent anywhere but with the form.
(function () {
  'use strict';
  var proof = document.querySelector('input[name=proof]');
  if (!proof) return;
  var form = proof.form;
  var prefix = form.elements.stamp.value + ':';
  var bits = Number(proof.getAttribute('data-bits'));
  var constants = [], start = [];
  for (var n = 2; constants.length < 64; n++) {
    var prime = true;
    for (var d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (start.length < 8) start.push((Math.sqrt(n) % 1) * 4294967296 | 0);
    constants.push((Math.cbrt(n) % 1) * 4294967296 | 0);
  }
  var words = new Int32Array(64);
  function block(state, bytes, at) {
    for (var i = 0; i < 16; i++)
      words[i] = bytes[at + 4 * i] << 24 | bytes[at + 4 * i + 1] << 16 | bytes[at + 4 * i + 2] << 8 | bytes[at + 4 * i + 3];
    for (i = 16; i < 64; i++) {
      var x = words[i - 15], y = words[i - 2];
      words[i] = words[i - 16] + words[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    var a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (i = 0; i < 64; i++) {
      var one = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) +
        constants[i] + words[i] | 0;
      var two = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0;
    }
    return [state[0] + a | 0, state[1] + b | 0, state[2] + c | 0, state[3] + d | 0,
      state[4] + e | 0, state[5] + f | 0, state[6] + g | 0, state[7] + h | 0];
  }
  function first(text) {
    var length = (text.length + 9 + 63 >> 6) << 6;
    var bytes = new Uint8Array(length);
    for (var i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    bytes[text.length] = 128;
    bytes[length - 2] = text.length * 8 >> 8;
    bytes[length - 1] = text.length * 8 & 255;
    var state = start;
    for (var at = 0; at < length; at += 64) state = block(state, bytes, at);
    return state[0];
  }
  var next = 0, wanted = null;
  form.addEventListener('submit', function (event) {
    if (proof.value) return;
    event.preventDefault(); // as soon as the number is found
    wanted = event.submitter || true;
  });
  function work() {
    for (var i = 0; i < 2000; i++, next++) {
      if (first(prefix + next) >>> 32 - bits !== 0) continue;
      proof.value = String(next);
      if (wanted) form.requestSubmit(wanted === true ? undefined : wanted);
      return;
    }
    setTimeout(work, 0);
  }
  work();
})();

// Passkeys: asks the browser for one and sends its answer by the form around the button.
(function () {
  'use strict';
  var loaded = Date.now();

  function bytes(text) {
    return new TextEncoder().encode(text);
  }

  function text(buffer) {
    var letters = '';
    new Uint8Array(buffer).forEach(function (byte) { letters += String.fromCharCode(byte); });
    return btoa(letters).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }

  function send(form, fields) {
    Object.keys(fields).forEach(function (name) { form.elements[name].value = fields[name]; });
    form.submit();
  }

  function create(form) {
    var data = form.dataset;
    return navigator.credentials.create({ publicKey: {
      challenge: bytes(data.challenge),
      rp: { id: data.rp, name: 'newsletter' },
      user: { id: bytes(data.handle), name: data.user, displayName: data.user },
      pubKeyCredParams: [{ type: 'public-key', alg: -8 }, { type: 'public-key', alg: -7 }],
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none'
    } }).then(function (made) {
      send(form, { client_data: text(made.response.clientDataJSON), attestation: text(made.response.attestationObject) });
    });
  }

  function get(form) {
    return navigator.credentials.get({ publicKey: {
      challenge: bytes(form.dataset.challenge), rpId: form.dataset.rp, userVerification: 'required'
    } }).then(function (found) {
      var answer = found.response;
      send(form, {
        id: text(found.rawId), handle: answer.userHandle ? text(answer.userHandle) : '', client_data: text(answer.clientDataJSON),
        authenticator_data: text(answer.authenticatorData), signature: text(answer.signature)
      });
    });
  }

  document.querySelectorAll('form[data-passkey]').forEach(function (form) {
    if (!window.PublicKeyCredential) return;
    form.hidden = false;
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      if (Date.now() - loaded > 240000) { location.reload(); return; } // the challenge is about to end
      (form.dataset.passkey === 'create' ? create : get)(form).catch(function () {
        form.querySelector('[data-failed]').hidden = false;
      });
    });
  });
}());

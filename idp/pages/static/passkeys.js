// Passkeys on the sign-in page and on the page that adds one. What the server asks for is in the form's
// data-options, the answer goes into its `credential` field. Without this script, or in a browser without
// passkeys, the pages stay as they are: what needs it is hidden until it runs.
"use strict";

(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return;

  const toBytes = (text) => {
    const padded = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
  };
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const withIds = (list) => (list || []).map((entry) => ({ ...entry, id: toBytes(entry.id) }));

  const readOptions = () => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = toBytes(options.challenge);
    if (options.user) options.user.id = toBytes(options.user.id);
    if (options.excludeCredentials) options.excludeCredentials = withIds(options.excludeCredentials);
    if (options.allowCredentials) options.allowCredentials = withIds(options.allowCredentials);
    return options;
  };

  const spell = (credential) => {
    const given = credential.response;
    const response = { clientDataJSON: toText(given.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (given[name]) response[name] = toText(given[name]);
    }
    if (given.getTransports) response.transports = given.getTransports();
    return JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: {},
      response,
    });
  };

  const send = (credential) => {
    form.elements.credential.value = spell(credential);
    form.submit();
  };

  const told = form.querySelector("[data-failed]");
  const makes = form.dataset.passkey === "create";
  let waiting = null;

  const ask = async (event) => {
    event.preventDefault();
    if (waiting) waiting.abort();
    told.hidden = true;
    try {
      const publicKey = readOptions();
      send(await (makes ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey })));
    } catch (error) {
      // Cancelled, timed out, no passkey for this site: the browser does not tell which.
      told.textContent = error.name === "InvalidStateError" ? told.dataset.present : told.dataset.failed;
      told.hidden = false;
    }
  };

  // Passkeys in the list of names that the browser offers; ends quietly when the button is used instead.
  const offer = async () => {
    const can = PublicKeyCredential.isConditionalMediationAvailable;
    if (makes || !can || !(await can.call(PublicKeyCredential))) return;
    waiting = new AbortController();
    try {
      send(
        await navigator.credentials.get({
          publicKey: readOptions(),
          mediation: "conditional",
          signal: waiting.signal,
        }),
      );
    } catch (error) {
      waiting = null;
    }
  };

  form.addEventListener("submit", ask);
  for (const part of document.querySelectorAll("[data-with-passkeys]")) part.hidden = false;
  offer();
})();

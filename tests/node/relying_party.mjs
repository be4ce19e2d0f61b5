// A relying party on openid-client, in two steps so that the login happens outside: `start` gives the URL to visit and
// what to remember, `finish` exchanges the callback URL, then asks userinfo, refreshes and revokes.
import * as client from "openid-client";

const { step, issuer, clientId, clientSecret, redirectUri, scope, memory, callbackUrl } = JSON.parse(process.argv[2]);
const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
  execute: [client.allowInsecureRequests], // plain http on loopback
});

async function start() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
  });
  return { url: url.href, memory: { pkceCodeVerifier, expectedState, expectedNonce } };
}

async function finish() {
  const tokens = await client.authorizationCodeGrant(config, new URL(callbackUrl), memory);
  const claims = tokens.claims();
  const userInfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  await client.tokenRevocation(config, tokens.refresh_token);
  const afterRevocation = await client
    .refreshTokenGrant(config, tokens.refresh_token)
    .then(() => "accepted", (error) => error.error);
  return { claims, userInfo, refreshedSubject: refreshed.claims().sub, scope: tokens.scope, afterRevocation };
}

console.log(JSON.stringify(await { start, finish }[step]()));

// A third-party OpenID provider (oidc-provider) with its own development login: any name and password sign in.
import https from "node:https";
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const { port, clientId, clientSecret, redirectUris, certificate, accessSeconds } = JSON.parse(process.argv[2]);
// With short access tokens come refresh tokens that work once: a second use ends the grant.
const rotating = accessSeconds
  ? { issueRefreshToken: () => true, rotateRefreshToken: true, ttl: { AccessToken: accessSeconds } }
  : {};
const provider = new Provider(`https://localhost:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: redirectUris,
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  ...rotating,
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  cookies: { keys: ["a key of the tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@third-party.example`, email_verified: true }),
  }),
});
const pem = readFileSync(certificate);
https.createServer({ key: pem, cert: pem }, provider.callback()).listen(port, "127.0.0.1", () => console.log("listening"));

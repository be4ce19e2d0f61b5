// An Express app behind albacore (or ALB): who is it? `npm install express`; the rest is Node itself.
//
//   SIGNER=arn:aws:... CLIENT=... ISSUER=http://localhost:9000/local_... node express_app.mjs
//
// Behind AWS, KEYS is https://public-keys.auth.elb.<region>.amazonaws.com and nothing else changes.
import { createPublicKey, verify } from "node:crypto";
import express from "express";

const { SIGNER, CLIENT, ISSUER, PORT = "3001" } = process.env;
const KEYS = process.env.KEYS ?? "http://localhost:8080/.well-known/albacore/keys";
const KID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const cache = new Map();

async function keyFor(kid) {
  // The id becomes part of a URL: nothing but a UUID may.
  if (!KID.test(kid ?? "")) throw new Error("bad key id");
  if (!cache.has(kid)) {
    const answer = await fetch(`${KEYS}/${kid}`);
    if (!answer.ok) throw new Error("unknown key");
    cache.set(kid, createPublicKey(await answer.text()));
  }
  return cache.get(kid);
}

export async function identify(token) {
  const [head, payload, signature] = token.split(".");
  const decode = (part) => JSON.parse(Buffer.from(part, "base64").toString());
  const header = decode(head);
  if (header.alg !== "ES256" || header.signer !== SIGNER || header.client !== CLIENT) throw new Error("not for us");
  const key = await keyFor(header.kid);
  // The signature covers the parts as they were sent, `=` padding included.
  const signed = Buffer.from(`${head}.${payload}`);
  const valid = verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64"));
  const claims = decode(payload);
  if (!valid || claims.iss !== ISSUER || !(claims.exp > Date.now() / 1000)) throw new Error("not valid");
  return claims;
}

const app = express();
app.get("/health", (_, response) => response.send("ok"));
app.get("/", async (request, response) => {
  try {
    const user = await identify(request.get("x-amzn-oidc-data") ?? "");
    response.json({ hello: user.email ?? user.sub });
  } catch {
    response.status(401).json({ error: "not signed in" });
  }
});
app.listen(Number(PORT), "127.0.0.1");

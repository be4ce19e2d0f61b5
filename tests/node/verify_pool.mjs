// Verify a pool's token with aws-jwt-verify: `kind` names the verifier, `jwks` preloads its keys, or it fetches them.
import { CognitoJwtVerifier, JwtRsaVerifier, JwtVerifier } from "aws-jwt-verify";

const { kind, token, properties, jwks } = JSON.parse(process.argv[2]);
const kinds = { CognitoJwtVerifier, JwtRsaVerifier, JwtVerifier };
const verifier = kinds[kind].create(properties);
if (jwks) verifier.cacheJwks(jwks);
try {
  console.log(JSON.stringify({ claims: await verifier.verify(token) }));
} catch (error) {
  console.log(JSON.stringify({ refused: error.constructor.name, message: error.message }));
}

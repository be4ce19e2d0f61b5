// Verify an identity header as an app behind ALB does: with aws-jwt-verify's AlbJwtVerifier, keys fetched over https.
import { AlbJwtVerifier } from "aws-jwt-verify";

const { token, albArn, issuer, clientId, jwksUri } = JSON.parse(process.argv[2]);
const verifier = AlbJwtVerifier.create({ albArn, issuer, clientId, jwksUri });
try {
  console.log(JSON.stringify({ claims: await verifier.verify(token) }));
} catch (error) {
  console.log(JSON.stringify({ refused: error.constructor.name, message: error.message }));
}

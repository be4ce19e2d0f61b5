// aws-amplify v6: sign in in several ways, look at the session, refresh it, sign out.
import { Amplify } from "aws-amplify";
import {
  confirmSignIn, fetchAuthSession, fetchUserAttributes, getCurrentUser, signIn, signOut,
} from "aws-amplify/auth";

const { endpoint, poolId, clientId, username, password, newPassword, options } = JSON.parse(process.argv[2]);

Amplify.configure({
  Auth: { Cognito: { userPoolId: poolId, userPoolClientId: clientId, userPoolEndpoint: endpoint } },
});

const { nextStep } = await signIn({ username, password, options });
const steps = [nextStep.signInStep];
if (nextStep.signInStep === "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED") {
  steps.push((await confirmSignIn({ challengeResponse: newPassword })).nextStep.signInStep);
}
const first = await fetchAuthSession();
const refreshed = await fetchAuthSession({ forceRefresh: true });
const user = await getCurrentUser();
const attributes = await fetchUserAttributes();
await signOut();
const left = await fetchAuthSession();
console.log(JSON.stringify({
  steps, user, attributes,
  first: first.tokens.accessToken.payload,
  refreshed: refreshed.tokens.accessToken.payload,
  isSignedOut: left.tokens === undefined,
}));

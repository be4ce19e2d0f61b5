// amazon-cognito-identity-js, the client of countless browser apps: one task per run, told by the first argument.
import cognito from "amazon-cognito-identity-js";

const { task, endpoint, poolId, clientId, username, password, newPassword, answers } = JSON.parse(process.argv[2]);

class Memory {
  items = {};
  setItem(key, value) { this.items[key] = value; return value; }
  getItem(key) { return Object.hasOwn(this.items, key) ? this.items[key] : null; }
  removeItem(key) { delete this.items[key]; }
  clear() { this.items = {}; }
}

const storage = new Memory();
const pool = new cognito.CognitoUserPool({ UserPoolId: poolId, ClientId: clientId, endpoint, Storage: storage });
const newUser = () => new cognito.CognitoUser({ Username: username, Pool: pool, Storage: storage });

// Calls back into a promise: the name of the callback that came, and what came with it.
function signIn(user, secret = password, custom = false) {
  const details = new cognito.AuthenticationDetails({ Username: username, Password: secret });
  return new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: (session) => resolve({ came: "success", session }),
      onFailure: reject,
      newPasswordRequired: (attributes, required) => resolve({ came: "newPassword", attributes, required }),
      customChallenge: (parameters) => resolve({ came: "custom", parameters }),
      mfaRequired: () => resolve({ came: "mfa" }),
      totpRequired: () => resolve({ came: "totp" }),
    };
    custom ? user.initiateAuth(details, callbacks) : user.authenticateUser(details, callbacks);
  });
}

const call = (user, method, ...given) =>
  new Promise((resolve, reject) =>
    user[method](...given, (error, value) => (error ? reject(error) : resolve(value))));

const withCallbacks = (user, method, ...given) =>
  new Promise((resolve, reject) =>
    user[method](...given, { onSuccess: resolve, onFailure: reject }));

const seen = (session) => ({
  access: session.getAccessToken().decodePayload(),
  identity: session.getIdToken().decodePayload(),
  refresh: session.getRefreshToken().getToken(),
  valid: session.isValid(),
});

const tasks = {
  async signIn() {
    const user = newUser();
    const first = (await signIn(user)).session;
    const again = await call(user, "getSession");
    const refreshed = await call(user, "refreshSession", first.getRefreshToken());
    const attributes = await call(user, "getUserAttributes");
    await withCallbacks(user, "globalSignOut");
    return {
      first: seen(first), again: seen(again), refreshed: seen(refreshed),
      attributes: Object.fromEntries(attributes.map((each) => [each.getName(), each.getValue()])),
    };
  },

  async newPassword() {
    const user = newUser();
    const asked = await signIn(user);
    const session = await withCallbacks(user, "completeNewPasswordChallenge", newPassword, { name: "New" });
    return { came: asked.came, session: seen(session), then: (await signIn(newUser(), newPassword)).came };
  },

  // Sign in twice with one storage: the second time the device proves itself, and refreshes with its key.
  async device() {
    const first = newUser();
    await signIn(first);
    await withCallbacks(first, "setDeviceStatusRemembered");
    const second = newUser();
    const { session } = await signIn(second);
    const refreshed = await call(second, "refreshSession", session.getRefreshToken());
    const listed = await withCallbacks(second, "listDevices", 10, null);
    await withCallbacks(second, "forgetDevice");
    const third = newUser();
    third.getCachedDeviceKeyAndPassword();
    return {
      session: seen(session), refreshed: seen(refreshed), devices: listed.Devices.length,
      afterwards: seen((await signIn(third)).session),
    };
  },

  // The pool forgot the device, the browser did not: the client is told, and goes on without it.
  async lostDevice() {
    const first = newUser();
    const { session } = await signIn(first);
    const kept = { ...storage.items };
    await withCallbacks(first, "forgetDevice");
    storage.items = kept;
    return { before: seen(session), after: seen((await signIn(newUser())).session) };
  },

  async custom() {
    const user = newUser();
    user.setAuthenticationFlowType("CUSTOM_AUTH");
    const asked = [await signIn(user, password, !password)];
    for (const answer of answers) {
      asked.push(await new Promise((resolve, reject) => user.sendCustomChallengeAnswer(answer, {
        onSuccess: (session) => resolve({ came: "success", session: seen(session) }),
        onFailure: reject,
        customChallenge: (parameters) => resolve({ came: "custom", parameters }),
      })));
    }
    return { asked };
  },

  async wrong() {
    return signIn(newUser()).then(() => ({}), (error) => ({ code: error.code, message: error.message }));
  },
};

console.log(JSON.stringify(await tasks[task]()));

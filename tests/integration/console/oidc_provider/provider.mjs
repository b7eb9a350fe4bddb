// A certified OpenID Connect provider (npm's oidc-provider) for one client, with PKCE required.
// node provider.mjs MODULE CLIENT_SECRET REDIRECT_URI...
// Prints {"issuer": ...} when it listens. A line on stdin makes it use a new key.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [module, secret, ...redirects] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(module));

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = randomBytes(8).toString("hex");
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
}

function begin(issuer) {
  return new Provider(issuer, {
    clients: [{ client_id: "console", client_secret: secret, redirect_uris: redirects }],
    cookies: { keys: [randomBytes(16).toString("hex")] },
    jwks: { keys: [newKey()] },
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    // Whoever signs in as somebody is somebody; the password is not checked.
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: !id.startsWith("unverified") }),
    }),
  }).callback();
}

let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, "127.0.0.1", () => {
  // Another site than 127.0.0.1, where the console is.
  const issuer = `http://localhost:${server.address().port}`;
  answer = begin(issuer);
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin }).on("line", () => {
    answer = begin(issuer);
    console.log(JSON.stringify({ issuer }));
  });
});

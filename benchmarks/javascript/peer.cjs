// Runs the JavaScript libraries and measures the time. It reads its settings from the first line, then
// {"call", "key", "times"} from each line, and replies with {"seconds", "made"}.
const crypto = require("node:crypto");
const readline = require("node:readline");
const sdk = require("@aws-sdk/cloudfront-signer");
const sign = require("aws-cloudfront-sign");

let keyPairId, urls, folder, folderPolicy, expiry, keys;

// Each returns a signing function for a key, as the README of the package shows, with all one-time work
// done. The SDK's types take the key as text; a KeyObject, which is parsed once, also works.
const calls = {
  "sdk url": (privateKey) => (url) =>
    sdk.getSignedUrl({ url, keyPairId, privateKey, dateLessThan: expiry }),
  "sdk url, KeyObject": (pem) => {
    const privateKey = crypto.createPrivateKey(pem);
    return (url) => sdk.getSignedUrl({ url, keyPairId, privateKey, dateLessThan: expiry });
  },
  "sdk url, SHA256": (privateKey) => (url) =>
    sdk.getSignedUrl({ url, keyPairId, privateKey, dateLessThan: expiry, algorithm: "SHA256" }),
  "sdk policy": (privateKey) => (url) =>
    sdk.getSignedUrl({ url, keyPairId, privateKey, policy: folderPolicy }),
  "sdk cookies": (privateKey) => () =>
    sdk.getSignedCookies({ keyPairId, privateKey, policy: folderPolicy }),
  "sign url": (privateKeyString) => {
    const options = { keypairId: keyPairId, privateKeyString, expireTime: expiry };
    return (url) => sign.getSignedUrl(url, options);
  },
  "sign cookies": (privateKeyString) => {
    const options = { keypairId: keyPairId, privateKeyString, expireTime: expiry };
    return () => sign.getSignedCookies(folder, options);
  },
};

function configure(settings) {
  ({ keyPairId, urls, folder, folderPolicy, keys } = settings);
  expiry = new Date(settings.expiresAt * 1000);
}

const ready = {};
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  if (!keys) return configure(JSON.parse(line));
  const { call, key, times } = JSON.parse(line);
  const name = `${call} ${key}`;
  ready[name] ??= calls[call](keys[key]);
  const signed = ready[name];
  let made;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < times; i++) made = signed(urls[i % urls.length]);
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  process.stdout.write(`${JSON.stringify({ seconds, made })}\n`);
});

// A peer, timed by itself: reads its setting, then {"call", "key", "times"} a line, and answers each
// with {"seconds", "made"}.
const crypto = require("node:crypto");
const readline = require("node:readline");
const sdk = require("@aws-sdk/cloudfront-signer");
const sign = require("aws-cloudfront-sign");

let keyPairId, urls, folder, folderPolicy, expiry, keys;

// Each makes one signer of a key, the way the package's README does, all that can be done once done
// once. The SDK's types take the key as text; a KeyObject, parsed once, happens to work as well.
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

function settle(setting) {
  ({ keyPairId, urls, folder, folderPolicy, keys } = setting);
  expiry = new Date(setting.expiresAt * 1000);
}

const ready = {};
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  if (!keys) return settle(JSON.parse(line));
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

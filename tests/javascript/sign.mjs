// Signs what standard input asks for with AWS's own signer, in JSON: [{cookies, ...options}, ...].
// Its package is installed where the test runs this, not here.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.cwd()}/`);
const { getSignedCookies, getSignedUrl } = require("@aws-sdk/cloudfront-signer");

const asked = JSON.parse(readFileSync(0, "utf8"));
const answers = asked.map(({ cookies, ...options }) =>
  cookies ? getSignedCookies(options) : getSignedUrl(options),
);
process.stdout.write(JSON.stringify(answers));

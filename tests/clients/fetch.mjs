// Fetch the URLs of a JSON array on standard input, one after the other.
import { text } from "node:stream/consumers";

for (const url of JSON.parse(await text(process.stdin))) {
  const response = await fetch(url);
  await response.arrayBuffer();
}

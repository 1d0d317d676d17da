// Resolve URIs as browsers do: for each line with a JSON array [URI, base], write the URL or null.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const [uri, base] = JSON.parse(line);
  process.stdout.write(JSON.stringify(URL.canParse(uri, base) ? new URL(uri, base).href : null) + "\n");
}

// Prints every diagnostic of an AsyncAPI document as JSON; exits 1 where one is an error.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const text = await readFile(process.argv[2], "utf8");
const { document, diagnostics } = await new Parser().parse(text);
console.log(JSON.stringify({ parsed: document !== undefined, diagnostics }, null, 1));
process.exit(document === undefined || diagnostics.some((d) => d.severity === 0) ? 1 : 0);

/* A request as a program would send it. Values are data: each language quotes them its own way.
   A request: {method, url, headers: [[name, value]], open, json (or undefined), form (or null)},
   where form is [[name, value]] and a File is named by its name. */

const KEY = "OCRSITE_KEY";

function shell(text) {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl(request) {
  const parts = [request.method === "GET" ? "curl" : `curl -X ${request.method}`, shell(request.url)];
  const lines = [parts.join(" ")];
  if (!request.open) lines.push(`-H "Authorization: Bearer $${KEY}"`);
  for (const [name, value] of request.headers) lines.push(`-H ${shell(`${name}: ${value}`)}`);
  if (request.json !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`-d ${shell(JSON.stringify(request.json))}`);
  }
  for (const [name, value] of request.form ?? []) {
    const file = value instanceof File;
    lines.push(file ? `-F ${shell(`${name}=@${value.name}`)}` : `--form-string ${shell(`${name}=${value}`)}`);
  }
  return lines.join(" \\\n  ");
}

function literal(value, indent = "") {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const list = Array.isArray(value);
  const parts = list
    ? value.map((each) => literal(each, inner))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${literal(each, inner)}`);
  const [open, close] = list ? "[]" : "{}";
  if (!parts.length) return open + close;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

function python(request) {
  const headers = request.headers.map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)]);
  if (!request.open) headers.unshift(['"Authorization"', `f"Bearer {os.environ['${KEY}']}"`]);
  const lines = request.open ? ["import requests", ""] : ["import os", "", "import requests", ""];
  lines.push(`answer = requests.request(`, `    ${JSON.stringify(request.method)},`);
  lines.push(`    ${JSON.stringify(request.url)},`);
  if (headers.length) {
    lines.push(`    headers={${headers.map(([name, value]) => `${name}: ${value}`).join(", ")}},`);
  }
  if (request.json !== undefined) lines.push(`    json=${literal(request.json, "    ")},`);
  if (request.form) {
    const files = request.form.filter(([, value]) => value instanceof File);
    const texts = request.form.filter(([, value]) => !(value instanceof File));
    const pair = (name, value) => `        (${JSON.stringify(name)}, ${value}),`;
    if (texts.length) {
      lines.push("    data=[", ...texts.map(([name, value]) => pair(name, JSON.stringify(value))), "    ],");
    }
    if (files.length) {
      const opened = (file) => `open(${JSON.stringify(file.name)}, "rb")`;
      lines.push("    files=[", ...files.map(([name, file]) => pair(name, opened(file))), "    ],");
    }
  }
  lines.push("    timeout=60,", ")", "answer.raise_for_status()", "print(answer.text)");
  return lines.join("\n");
}

function javascript(request) {
  const lines = [];
  const headers = request.headers.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  if (!request.open) headers.unshift(`Authorization: \`Bearer \${process.env.${KEY}}\``);
  if (request.json !== undefined) headers.push('"Content-Type": "application/json"');
  if (request.form) {
    if (request.form.some(([, value]) => value instanceof File)) {
      lines.push('import { openAsBlob } from "node:fs";', "");
    }
    lines.push("const form = new FormData();");
    for (const [name, value] of request.form) {
      const given =
        value instanceof File
          ? `await openAsBlob(${JSON.stringify(value.name)}), ${JSON.stringify(value.name)}`
          : JSON.stringify(value);
      lines.push(`form.append(${JSON.stringify(name)}, ${given});`);
    }
    lines.push("");
  }
  lines.push(`const answer = await fetch(${JSON.stringify(request.url)}, {`);
  lines.push(`  method: ${JSON.stringify(request.method)},`);
  if (headers.length) lines.push(`  headers: { ${headers.join(", ")} },`);
  if (request.json !== undefined) {
    lines.push(`  body: JSON.stringify(${JSON.stringify(request.json, null, 2).replaceAll("\n", "\n  ")}),`);
  }
  if (request.form) lines.push("  body: form,");
  lines.push("});", "console.log(answer.status, await answer.text());");
  return lines.join("\n");
}

export const SAMPLES = { curl, python, javascript };

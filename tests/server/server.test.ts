// The local server: whom it answers, what it never gives away, how large a request may be, and how it ends.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../electron/host/log.ts";
import { openStore } from "../../electron/host/store.ts";
import { type RunningServer, startServer } from "../../electron/server/server.ts";
import { createTemporaryFolder, type TemporaryFolder } from "../tools/make-images.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let folder: TemporaryFolder;
let server: RunningServer;
let cookie: string;

/** By node:http, since fetch sets Host and Origin by itself. `path` goes out as it is. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET", body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: server.port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on("error", reject);
    call.end(body);
  });
}
const askInside = (path: string, headers: Record<string, string> = {}, method = "GET", body = "") =>
  ask(path, { cookie, ...headers }, method, body);

const start = async (renderer: string, port = 0) => {
  const store = await openStore(join(folder.path, "home"));
  return startServer({ store, version: "1.2.3", log: createLog(), renderer, port });
};

beforeAll(async () => {
  folder = await createTemporaryFolder();
  const renderer = join(folder.path, "renderer");
  await mkdir(join(renderer, "assets"), { recursive: true });
  await writeFile(join(renderer, "index.html"), "<title>the window</title>");
  await writeFile(join(renderer, "assets", "main-1.js"), "export {};");
  await writeFile(join(folder.path, "secret.txt"), "secret");
  await symlink(join(folder.path, "secret.txt"), join(renderer, "link.txt"));
  server = await start(renderer);
  const entered = await ask(new URL(server.url).pathname + new URL(server.url).search);
  cookie = entered.headers["set-cookie"]?.[0].split(";")[0] ?? "";
});
afterAll(async () => {
  await server.close();
  await folder[Symbol.asyncDispose]();
});

describe("the token", () => {
  test("comes in the address, goes into a cookie that scripts and other sites do not get, and leaves the address", async () => {
    const { pathname, search } = new URL(server.url);
    const entered = await ask(pathname + search);
    expect(entered.status).toBe(200);
    expect(entered.headers["set-cookie"]?.[0]).toMatch(
      /^stillroom-[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(entered.text).toContain('http-equiv="refresh" content="0;url=/"');
    expect((await askInside("/")).text).toContain("the window");
    expect(JSON.parse((await askInside("/api/app")).text)).toMatchObject({ version: "1.2.3", host: "server" });
  });

  test.each([
    ["none", "/api/app", {}],
    ["a wrong one in the address", "/?token=wrong", {}],
    ["a wrong one in the cookie", "/api/app", { cookie: "stillroom-00000000=wrong" }],
    ["an empty one", "/?token=", {}],
  ])("%s: 401, and nothing of the app", async (_, path, headers) => {
    const { status, text } = await ask(path, headers);
    expect(status).toBe(401);
    expect(text).not.toContain("the window");
    expect(text).not.toContain("1.2.3");
  });

  test("counts in the address of the page only, not of anything that a page could embed", async () => {
    const { search } = new URL(server.url);
    expect((await ask(`/api/app${search}`)).status).toBe(401);
    expect((await ask(`/${search}`, {}, "POST")).status).toBe(401);
  });

  test("is needed for files, too", async () => {
    expect((await ask("/assets/main-1.js")).status).toBe(401);
    expect((await askInside("/assets/main-1.js")).status).toBe(200);
  });
});

describe("Host and Origin", () => {
  test.each(["evil.example", `evil.example:80`, "127.0.0.1.evil.example", "localhost.evil.example:1"])(
    "another Host, %j, is refused",
    async (host) => {
      const { status, text } = await askInside("/api/app", { host });
      expect(status).toBe(403);
      expect(text).not.toContain("1.2.3");
    },
  );

  test("localhost and a forwarded port are this machine's own", async () => {
    for (const host of ["localhost:9000", "127.0.0.1:9000"]) {
      expect((await askInside("/api/app", { host, origin: `http://${host}` })).status).toBe(200);
    }
  });

  test.each(["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])(
    "a page of %s is refused",
    async (origin) => {
      const { status, text } = await askInside("/api/runs", { origin }, "POST", "{}");
      expect(status).toBe(403);
      expect(JSON.parse(text)).toMatchObject({ code: "foreign-origin" });
    },
  );

  test("another site may open the page by a link, but load nothing of it", async () => {
    const foreign = { "sec-fetch-site": "cross-site" };
    expect((await askInside("/", { ...foreign, "sec-fetch-mode": "navigate" })).status).toBe(200);
    expect((await askInside("/api/app", { ...foreign, "sec-fetch-mode": "navigate" })).status).toBe(403);
    expect((await askInside("/assets/main-1.js", { ...foreign, "sec-fetch-mode": "no-cors" })).status).toBe(403);
    expect((await askInside("/api/app", { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" })).status).toBe(403);
  });
});

test("every answer, also a refusal, carries the policy of the page", async () => {
  for (const { headers } of [await askInside("/"), await ask("/"), await askInside("/api/none")]) {
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'");
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    expect(headers).not.toHaveProperty("strict-transport-security");
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  }
});

test.each([
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/assets/..%2f..%2fsecret.txt",
  "/..%5csecret.txt",
  "/link.txt",
  "/%00secret.txt",
  "/%",
  "//secret.txt",
])("%s gives nothing from outside of the window's files", async (path) => {
  const { status, text } = await askInside(path);
  expect(text).not.toContain("secret");
  expect(status === 404 || text.includes("the window")).toBe(true);
});

test("a request above the limit is refused before it is read", async () => {
  const head = (length: number, method = "POST") =>
    `${method} /api/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\nContent-Length: ${length}\r\n\r\n`;
  const firstLine = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
      socket.on("error", reject);
      socket.once("data", (data) => {
        resolve(data.toString().split("\r\n")[0]);
        socket.destroy();
      });
    });
  expect(await firstLine(head(2 ** 24))).toContain(" 413 ");
  expect(await firstLine(head(2 ** 31, "PUT"))).toContain(" 413 ");
  expect(await firstLine(head(10).replace("Content-Length: 10", "Transfer-Encoding: chunked"))).toContain(" 411 ");
});

test("a port that is taken is named; a window that is not built says how to build it", async () => {
  await expect(start(join(folder.path, "none"), server.port)).rejects.toMatchObject({
    code: "port-taken",
    message: `Port ${server.port} is taken by another program.`,
  });
  const other = await start(join(folder.path, "none"));
  try {
    const { pathname, search } = new URL(other.url);
    const entered = await fetch(`http://127.0.0.1:${other.port}${pathname}${search}`);
    const own = entered.headers.getSetCookie()[0].split(";")[0];
    const page = await fetch(`http://127.0.0.1:${other.port}/`, { headers: { cookie: own } });
    expect(await page.text()).toContain("npm run build");
    // One server's cookie opens no other.
    expect((await fetch(`http://127.0.0.1:${other.port}/api/app`, { headers: { cookie } })).status).toBe(401);
  } finally {
    await other.close();
  }
});

test("only this machine's loopback listens", async () => {
  const outside = Object.values((await import("node:os")).networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (!outside) return expect(server.url).toContain("//127.0.0.1:");
  const isOpen = new Promise<boolean>((resolve) => {
    const socket = connect(server.port, outside.address, () => resolve(true));
    socket.on("error", () => resolve(false));
  });
  expect(await isOpen).toBe(false);
});

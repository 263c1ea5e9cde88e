// Servers of a few lines, on loopback.
import { createServer } from "node:http";

/** Starts a server on a free port that answers each request with what `answer` gives: status, headers and body. */
export async function listen(answer) {
  const server = createServer(async (request, response) => {
    try {
      const { status, headers = {}, body = "" } = await answer(request);
      response.writeHead(status, headers).end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Ends a server and what it still answers. */
export async function close(server) {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export function query(request) {
  return new URL(request.url, "http://localhost").searchParams;
}

export async function formOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

// The program under test: started, read, spoken to and stopped.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const NAMES = ["dashboard", "sign-in", "write key"];

/** Starts `trilha up` on `data` and waits until it has said where it is. */
export async function startTrilha(data, listen = "127.0.0.1:0") {
  const process_ = spawn(process.env.TRILHA_BIN, ["up", "--data", data, "--listen", listen], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = {};
  for await (const line of createInterface({ input: process_.stdout })) {
    const name = NAMES.find((candidate) => line.trim().startsWith(`${candidate} `));
    if (name) said[name] = line.trim().slice(name.length).trim();
    if (NAMES.every((wanted) => said[wanted])) break;
  }
  if (!NAMES.every((wanted) => said[wanted])) throw new Error(`trilha up ended having said only ${JSON.stringify(said)}`);
  process_.stdout.resume();
  const url = new URL(said.dashboard);
  return { process: process_, url, signIn: said["sign-in"], key: said["write key"] };
}

/** Ends the program as a person would, and waits until it has. */
export async function stopTrilha(trilha) {
  if (trilha.process.exitCode !== null || trilha.process.signalCode !== null) return;
  const ended = once(trilha.process, "exit");
  trilha.process.kill("SIGINT");
  await ended;
}

/** Sends events and expects every one to be accepted. */
export async function send(trilha, events) {
  const response = await fetch(new URL("/v1/events", trilha.url), {
    method: "POST",
    headers: { Authorization: `Bearer ${trilha.key}`, "Content-Type": "application/json" },
    body: JSON.stringify(events),
  });
  const body = await response.text();
  if (response.status !== 202) throw new Error(`events were answered with ${response.status}: ${body}`);
  const { accepted } = JSON.parse(body);
  if (accepted !== events.length) throw new Error(`only ${accepted} of ${events.length} were accepted: ${body}`);
}

// Checks the ledger of a drop: give it the JSON, it returns what does not hold. Runs wherever WebCrypto is.
export const sha256 = async (text) => {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

export async function broken({ entries, seal, draw }) {
  const found = [];
  const chains = new Map();
  for (const entry of entries) {
    const name = `${String(entry.stock).padStart(12, "0")} ${entry.chain}`;
    if (!chains.has(name)) chains.set(name, []);
    chains.get(name).push(entry);
  }
  const heads = [];
  for (const name of [...chains.keys()].sort()) {
    const head = { number: 0, fingerprint: "" };
    for (const entry of chains.get(name).sort((one, other) => one.number - other.number)) {
      const { stock, chain, number, kind, quantity, on_hand, taken, at } = entry;
      const holds = entry.holds.map((hold) => hold.join(":")).join(",");
      const line = [stock, chain, number, kind, quantity, on_hand, taken, at, holds].join("|");
      const right = await sha256(`${head.fingerprint}\n${line}`);
      if (number !== head.number + 1 || entry.previous !== head.fingerprint || entry.fingerprint !== right)
        found.push(entry);
      Object.assign(head, { number, fingerprint: entry.fingerprint });
    }
    heads.push(head.fingerprint);
  }
  if ((await sha256(heads.join("\n"))) !== seal) found.push("seal");
  if (draw?.seed && !(await wasDrawn(draw))) found.push("draw");
  return found;
}

async function wasDrawn({ promise, seed, tickets }) {
  const lots = await Promise.all(tickets.map((ticket) => sha256(`${seed}:${ticket}`)));
  return (await sha256(seed)) === promise && lots.every((lot, n) => n === 0 || lots[n - 1] <= lot);
}

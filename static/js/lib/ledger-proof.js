// Checks the ledger of a drop: give it the JSON, it returns what does not hold. Runs wherever WebCrypto is.
export const sha256 = async (text) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

export async function broken({ entries, seal, draw }) {
  const found = [];
  const heads = {};
  for (const entry of entries) {
    const { stock, chain, number, kind, quantity, on_hand, taken, at, holds } = entry;
    const before = heads[`${stock} ${chain}`] ?? { number: 0, fingerprint: "" };
    const units = holds.map((hold) => hold.join(":"));
    const line = [stock, chain, number, kind, quantity, on_hand, taken, at, units].join("|");
    const right = await sha256(`${before.fingerprint}\n${line}`);
    const follows = number === before.number + 1 && entry.previous === before.fingerprint;
    if (!follows || entry.fingerprint !== right) found.push(entry);
    heads[`${stock} ${chain}`] = entry;
  }
  const last = Object.values(heads).map((head) => head.fingerprint);
  if ((await sha256(last.join("\n"))) !== seal) found.push("seal");
  const lots = await Promise.all((draw?.tickets ?? []).map((ticket) => sha256(`${draw.seed}:${ticket}`)));
  const drawn = !draw?.seed || (await sha256(draw.seed)) === draw.promise;
  return drawn && lots.every((lot, n) => n === 0 || lots[n - 1] <= lot) ? found : [...found, "draw"];
}

/**
 * The guest check: the small sum that a drop may ask of a guest's device, worked out while the drop counts down. The twin of
 * checkout/guest_checks.py. Who is signed in is not asked.
 */
const LENGTH = 4096;
const DIGITS = 10;
// So many hashes are asked for at once; between two such rounds the page is free for taps.
const ROUND = 32;

let visitor = null;
let works = new Map();

const digits = (number) => String(number).padStart(DIGITS, "0");

const solve = async ({ bits, salt }) => {
  const writer = new TextEncoder();
  const text = writer.encode(`${digits(0)}:${salt}:${visitor}`.padEnd(LENGTH, "."));
  for (let first = 0; ; first += ROUND) {
    const hashes = await Promise.all(
      Array.from({ length: ROUND }, (_, n) => {
        writer.encodeInto(digits(first + n), text);
        return crypto.subtle.digest("SHA-256", text);
      }),
    );
    const found = hashes.findIndex((hash) => new DataView(hash).getUint32(0) >>> (32 - bits) === 0);
    if (found >= 0) return digits(first + found);
  }
};

/** Say who looks; sums that were done as somebody else count no more. */
export const lookAs = (you) => {
  const guest = you.signed_in ? null : you.visitor;
  if (guest !== visitor) works = new Map();
  visitor = guest;
};

/** Begin the sum of a drop, once. Without a secure connection there is no WebCrypto, and the server says what to do. */
export const begin = ({ id, state, guest_check: check }) => {
  if (check && state !== "closed" && visitor && globalThis.crypto?.subtle && !works.has(id))
    works.set(id, solve(check));
};

/** The field that a command about a drop carries: {work} of a guest, and nothing where nobody is checked. */
export const workOf = async (dropId) => (works.has(dropId) ? { work: await works.get(dropId) } : {});

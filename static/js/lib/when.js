// Moments in words, in the reader's zone. The shapes are those of the template tag {% when %}.

const PARTS = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const SHAPES = {
  time: (p) => `${p.hour}:${p.minute}`,
  second: (p) => `${p.hour}:${p.minute}:${p.second}`,
  weekday: (p) => p.weekday,
  day: (p) => `${p.weekday} ${p.day} ${p.month}`,
  date: (p) => `${p.day} ${p.month} ${p.year}`,
  "day-time": (p) => `${p.weekday} ${p.day} ${p.month}, ${p.hour}:${p.minute}`,
};

export function inShape(shape, moment) {
  const parts = Object.fromEntries(PARTS.formatToParts(moment).map(({ type, value }) => [type, value]));
  // British English writes Sept; the server writes Sep.
  parts.month = parts.month.slice(0, 3);
  return (SHAPES[shape] ?? SHAPES["day-time"])(parts);
}

export function zoneName() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
}

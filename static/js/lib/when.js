// Moments in words, in the reader's zone. The shapes are those of the template tag {% when %}.

// By hand: the browser's own formatter takes a phone more than a tenth of a second to set up, and the shapes are English anyway.
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (figure) => String(figure).padStart(2, "0");

const partsOf = (moment) => ({
  weekday: WEEKDAYS[moment.getDay()],
  day: moment.getDate(),
  month: MONTHS[moment.getMonth()],
  year: moment.getFullYear(),
  hour: two(moment.getHours()),
  minute: two(moment.getMinutes()),
  second: two(moment.getSeconds()),
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
  return (SHAPES[shape] ?? SHAPES["day-time"])(partsOf(moment));
}

export function zoneName() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
}

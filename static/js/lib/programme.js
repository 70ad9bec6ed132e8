/**
 * The programme clock: which moment the picture on this screen was made at, in ms since 1970, or null.
 *
 * hls.js reads it from the playlist, a native player tells when its list began. The device's clock is not asked.
 */

// A moment beyond the server's own time is no moment of a picture.
const TOO_NEW_MS = 2000;

/** `engine` as of lib/picture-engine, `now` the server's time in ms (or null, while it is not known). */
export const programmeOf = (video, engine, now = null) => {
  const at = engine?.playingDate?.() ?? nativeDate(video);
  if (!Number.isFinite(at)) return null;
  return now !== null && at > now + TOO_NEW_MS ? null : at;
};

/** The place in the video, in seconds, that shows a moment; null if the list does not hold it. */
export const placeOf = (moment, fragments) => {
  const dated = fragments.filter((fragment) => Number.isFinite(fragment.programDateTime));
  if (!dated.length) return null;
  // In a gap of the picture (the host was away) the next thing to see is what came after it.
  const end = (fragment) => fragment.programDateTime + fragment.duration * 1000;
  const found = dated.find((fragment) => end(fragment) > moment) ?? dated.at(-1);
  const into = Math.min(Math.max(0, moment - found.programDateTime), found.duration * 1000);
  return found.start + into / 1000;
};

const nativeDate = (video) => {
  const began = video?.getStartDate?.()?.getTime();
  return Number.isFinite(began) ? began + video.currentTime * 1000 : null;
};

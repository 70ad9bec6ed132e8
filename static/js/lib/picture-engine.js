/**
 * One way to play a list: hls.js wherever it can run, the browser's own player only where it cannot (browsers that say "maybe"
 * to HLS still fail on it).
 *
 * `tell(kind)` hears "network", "list", "decoder", "stalled" and "playing".
 */
import { breathe } from "lib/breathe";

// Six seconds behind the newest picture would be calmer, four is what a two-second segment allows on an ordinary network.
const LIVE = {
  liveSyncDuration: 4,
  liveMaxLatencyDuration: Number.POSITIVE_INFINITY,
  maxLiveSyncPlaybackRate: 1.05,
  liveSyncOnStallIncrease: 1,
  liveDurationInfinity: true,
  backBufferLength: 60,
  maxBufferLength: 20,
};
const COVER_MS = 1000;
const REPLAY = { backBufferLength: 120, maxBufferLength: 30 };
const KINDS = { networkError: "network", mediaError: "decoder", muxError: "decoder" };

/** The picture is the heaviest thing on the page: until its cover and the words are there it holds nothing up, but not for long. */
const pageIsThere = () =>
  new Promise((resolve) => {
    if (document.readyState === "complete") resolve();
    addEventListener("load", resolve, { once: true });
    setTimeout(resolve, COVER_MS);
  });

export const openPicture = async (video, src, { live, native = false, tell }) => {
  await pageIsThere();
  const { default: Hls } = native ? { default: null } : await import("hls.js");
  await breathe();
  return Hls?.isSupported()
    ? viaHls(Hls, video, src, { live, tell })
    : viaBrowser(video, src, { live, tell });
};

const viaHls = async (Hls, video, src, { live, tell }) => {
  const hls = new Hls({
    capLevelToPlayerSize: true,
    abrEwmaDefaultEstimate: 1_000_000,
    ...(live ? LIVE : REPLAY),
  });
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details }) => {
    if (details === Hls.ErrorDetails.BUFFER_STALLED_ERROR) tell("stalled");
    if (!fatal) return;
    tell(details === Hls.ErrorDetails.LEVEL_PARSING_ERROR ? "list" : (KINDS[type] ?? "list"));
  });
  hls.on(Hls.Events.FRAG_BUFFERED, () => tell("playing"));
  hls.attachMedia(video);
  await breathe();
  hls.loadSource(src);
  const fragments = () =>
    hls.levels[hls.currentLevel]?.details?.fragments ?? hls.levels[0]?.details?.fragments ?? [];
  return {
    playingDate: () => hls.playingDate?.getTime() ?? null,
    fragments,
    edge: () => hls.liveSyncPosition ?? null,
    latencyMs: () => (Number.isFinite(hls.latency) ? hls.latency * 1000 : null),
    reload: () => {
      hls.loadSource(src);
      hls.startLoad();
    },
    recover: () => hls.recoverMediaError(),
    close: () => hls.destroy(),
  };
};

const viaBrowser = (video, src, { tell }) => {
  const failed = () => tell(video.error?.code === MediaError.MEDIA_ERR_NETWORK ? "network" : "decoder");
  const played = () => tell("playing");
  video.addEventListener("error", failed);
  video.addEventListener("playing", played);
  video.src = src;
  const edge = () =>
    video.seekable.length ? video.seekable.end(video.seekable.length - 1) - LIVE.liveSyncDuration : null;
  const load = () => {
    video.src = src;
    video.load();
  };
  return {
    playingDate: () => null,
    fragments: () => [],
    edge,
    latencyMs: () => null,
    reload: load,
    recover: load,
    close: () => {
      video.removeEventListener("error", failed);
      video.removeEventListener("playing", played);
      video.removeAttribute("src");
      video.load();
    },
  };
};

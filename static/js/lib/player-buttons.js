/** The two buttons that a picture may need: one for its sound, one in its middle for what only a tap can do. */
import { icon } from "lib/icon";

const made = (name, ...looks) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = [name, "button", ...looks].join(" ");
  return button;
};

/** A button for the video's sound: with words while it is silent, small once it is heard. `turned` runs after each tap. */
export const soundButton = (video, { turned, signal }) => {
  const button = made("player-sound", "button--glass");
  const show = () => {
    button.replaceChildren(icon(video.muted ? "sound-off" : "sound"), video.muted ? "Tap for sound" : "");
    button.classList.toggle("button--icon", !video.muted);
    button.ariaLabel = video.muted ? "Tap for sound" : "Turn the sound off";
  };
  const turn = () => {
    video.muted = !video.muted;
    turned();
  };
  button.addEventListener("click", turn);
  video.addEventListener("volumechange", show, { signal });
  show();
  return button;
};

/** A button that goes away with its tap. */
export const middleButton = (words, act) => {
  const button = made("player-again", "button--light", "button--large");
  button.append(icon("play"), words);
  const press = () => {
    button.remove();
    act();
  };
  button.addEventListener("click", press);
  return button;
};

/** A message of the Studio's chat as elements, and what the team may do about it. Text is set as text, never as markup. */
import { icon } from "lib/icon";

const ROLES = { host: ["Host"], moderator: ["Mod", "shield"] };

const made = (tag, className, text = "") =>
  Object.assign(document.createElement(tag), { className, textContent: text });

const roleOf = ([word, symbol]) => {
  const role = made("span", "message__role");
  if (symbol) role.append(icon(symbol));
  role.append(word);
  return role;
};

/** One row; `clock` is its time as the show's clock had it. */
export const messageRow = ({ id, author, text, at, clock }) => {
  const row = made("div", `message message--${author.role}`);
  Object.assign(row.dataset, { id, author: author.id, at });
  const body = made("div", "message__body");
  if (ROLES[author.role]) body.append(roleOf(ROLES[author.role]));
  body.append(made("span", "message__name", author.name), " ", made("span", "message__text", text));
  row.append(made("span", "message__time num", clock), body);
  return row;
};

const actButton = (className, act, ...content) => {
  const button = made("button", `button button--dense ${className}`);
  button.type = "button";
  button.append(...content);
  button.addEventListener("click", act);
  return button;
};

/** The tool row of the chosen message. */
export const messageActs = ({ mute, ban, remove }) => {
  const bar = made("div", "message__acts");
  bar.role = "toolbar";
  bar.ariaLabel = "Act on this message";
  const trash = actButton("button--plain button--icon", remove, icon("trash"));
  trash.ariaLabel = "Delete for all";
  bar.append(
    actButton("button--quiet", mute, icon("mute-user"), "Mute 5 min"),
    actButton("button--quiet", ban, icon("lock"), "Ban for a day"),
    trash,
  );
  return bar;
};

/** Presses of the Studio: one POST that a plain form could make too, and the words that come back. */

const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/**
 * Send a form's fields to an act's address. Resolves to `{done, undo}`; throws an Error in words when it was refused, or when
 * nothing came back, so that nobody believes in a press that did not arrive.
 */
export const press = async (address, fields) => {
  const body = fields instanceof FormData ? fields : new FormData();
  if (body !== fields) for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set("csrfmiddlewaretoken", token());
  const answer = await fetch(address, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
  }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (answer?.ok && said) return said;
  throw new Error(
    said?.error?.message ?? "This did not arrive. Nothing was changed; check the connection and press again.",
  );
};

/** The address of an act in the show of this page. */
export const actAddress = (act) => {
  const { slug } = JSON.parse(document.getElementById("show-boot").textContent).show;
  return `/studio/${slug}/acts/${act}/`;
};

const place = () => document.querySelector("[data-toast]");
let leaving = 0;

/** Say what happened, in the corner and to screen readers. With `undo`, `{act, …fields}` takes it back for ten seconds. */
export const tell = (words, { undo = null, fault = false } = {}) => {
  const toast = place();
  if (!toast) return;
  clearTimeout(leaving);
  toast.hidden = false;
  toast.classList.toggle("studio-toast--fault", fault);
  toast.textContent = words;
  if (undo) toast.append(" ", undoButton(undo));
  leaving = setTimeout(
    () => {
      toast.hidden = true;
      toast.textContent = "";
    },
    undo || fault ? 10_000 : 4000,
  );
};

const undoButton = ({ act, ...fields }) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = "Undo";
  button.addEventListener("click", async () => {
    try {
      const { done } = await press(actAddress(act), fields);
      tell(done);
      document.dispatchEvent(new CustomEvent("studio:acted", { detail: { act } }));
    } catch (error) {
      tell(error.message, { fault: true });
    }
  });
  return button;
};

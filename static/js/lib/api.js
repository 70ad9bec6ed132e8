/** The JSON API from a page: cookies say who asks, the page's own token proves that the page asks. */

/** A refusal in words: `code`, `message` for people, `fields` with a sentence each, `status`. */
export class Refusal extends Error {
  constructor(
    { code = "unknown", message = "That did not work. Nothing is lost, try again.", fields = {} },
    status,
  ) {
    super(message);
    Object.assign(this, { code, fields, status });
  }
}

const NO_ANSWER = {
  code: "no_answer",
  message: "No answer from the shop. Nothing is lost, and nothing is charged twice: press again in a moment.",
};

const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/** `await call("POST", "orders", {…})` gives the answer's JSON, or throws a `Refusal`. */
export const call = async (method, path, body) => {
  const headers = { Accept: "application/json", "X-CSRFToken": csrf() };
  if (body) headers["Content-Type"] = "application/json";
  let response;
  let answer;
  try {
    response = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
    answer = response.status === 204 ? null : await response.json();
  } catch {
    throw new Refusal(NO_ANSWER, 0);
  }
  if (!response.ok) throw new Refusal(answer?.error ?? {}, response.status);
  return answer;
};

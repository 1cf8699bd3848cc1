// Questions to the server. Whatever fails becomes an error with words that can be shown.

export class ServerError extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

async function answer(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new ServerError("The server does not answer. Trying again …", 0);
  }
  if (response.ok) return response;
  if (response.status === 401) location.reload();
  let told = "";
  try {
    told = (await response.json()).error;
  } catch { /* no words came with it */ }
  throw new ServerError(told || `The server refused (${response.status}).`, response.status);
}

function forgeryCookie() {
  const found = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
  return found ? decodeURIComponent(found[1]) : "";
}

const query = (values) => new URLSearchParams(values).toString();

export const listStudies = async () => (await answer("/api/studies")).json();
export const openStudy = async (id) => (await answer(`/api/studies/${id}`)).json();
export const stateOf = async (id, drawn) => (await answer(`/api/studies/${id}/state?${query({ drawn })}`)).json();

export async function sliceOf(id, values) {
  const response = await answer(`/api/studies/${id}/slice?${query(values)}`);
  const [width, center] = response.headers.get("X-Window").split(" ").map(Number);
  return {
    levels: new Uint16Array(await response.arrayBuffer()),
    low: Number(response.headers.get("X-Low")),
    step: Number(response.headers.get("X-Step")),
    window: { width, center },
  };
}

export const outlinesOf = async (id, values) =>
  (await answer(`/api/studies/${id}/outlines?${query(values)}`)).json();

export const surfacesOf = async (id, values) =>
  (await answer(`/api/studies/${id}/surfaces?${query(values)}`)).arrayBuffer();

export async function act(id, action, values) {
  const response = await answer(`/api/studies/${id}/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-XSRFToken": forgeryCookie() },
    body: JSON.stringify(values),
  });
  return response.json();
}

// The page that asks for the token.
const login = document.getElementById("login");
if (login) {
  login.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(login));
    body.set("_xsrf", forgeryCookie());
    const response = await fetch("/login", { method: "POST", body });
    if (response.ok) location.assign("/" + location.hash);
    else document.getElementById("refused").textContent = "This is not the token.";
  });
}

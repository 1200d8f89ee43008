/** Signing in with a token, and on to the page that was asked for. */

import { ownPath, signIn } from "./api.js";
import { fill, h } from "./elements.js";

export const SIGN_IN = "/sign-in";

export class SignInPage {
  constructor(url) {
    this.title = "Sign in – af3 archive";
    this.to = url.searchParams.get("to") ?? "/";
    this.token = h("input", {
      id: "token", type: "password", autocomplete: "current-password", spellcheck: "false", required: true,
    });
    this.button = h("button", { type: "submit", class: "primary" }, "Sign in");
    this.status = h("p", { class: "status", role: "status" });
    this.element = h("form", { class: "sign-in", onsubmit: (event) => { event.preventDefault(); this.#signIn(); } },
      h("h1", {}, "Sign in"),
      h("input", { type: "text", autocomplete: "username", hidden: true }), // password managers look for it
      h("label", { for: "token" }, "Your token"), this.token, this.button,
      h("p", { class: "hint" }, "Whoever runs the archive page gives tokens; they are of one person each."),
      this.status);
  }

  async #signIn() {
    this.button.disabled = true;
    this.status.classList.remove("is-error");
    fill(this.status, "Signing in …");
    try {
      await signIn(this.token.value);
      location.assign(this.#target());
    } catch (error) {
      this.button.disabled = false;
      this.status.classList.add("is-error");
      fill(this.status, error.message);
      this.token.select();
    }
  }

  /** The page that was asked for, on this server and no other. */
  #target() {
    try {
      const path = ownPath(this.to);
      return path.startsWith(SIGN_IN) ? "/" : path;
    } catch {
      return "/";
    }
  }
}

/** SQL over the tables: saved questions, one query at a time, its rows. */

import { about, sql } from "./api.js";
import { fill, h } from "./elements.js";
import { csv, resultTable } from "./result_table.js";
import { plural } from "./times.js";

const COLUMNS = "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) AS columns "
  + "FROM information_schema.columns GROUP BY table_name ORDER BY table_name";

export class SqlPage {
  constructor(url, router) {
    this.title = "SQL – af3 archive";
    this.router = router;
    this.running = null;
    this.result = null;
    this.box = h("textarea", {
      id: "sql", rows: 9, spellcheck: "false", autocapitalize: "off", autocomplete: "off",
      "aria-describedby": "sql-hint", onkeydown: (event) => this.#key(event),
    });
    this.box.value = url.searchParams.get("sql") ?? "";
    this.saved = h("select", { id: "saved", onchange: () => this.#choose() }, h("option", { value: "" }, "choose one …"));
    this.run = h("button", { type: "submit", class: "primary" }, "Run");
    this.stop = h("button", { type: "button", hidden: true, onclick: () => this.running?.abort() }, "Cancel");
    this.copy = h("button", {
      type: "button", hidden: true, onclick: () => this.#copy(),
      title: "All rows below. A text that a spreadsheet would run as a formula gets a ' before it",
    }, "Copy as CSV");
    this.hint = h("p", { class: "hint", id: "sql-hint" }, "Read-only DuckDB SQL. Ctrl-Enter runs it.");
    this.status = h("p", { class: "status", role: "status" });
    this.place = h("div", { class: "scrolling", tabindex: "0", role: "region", "aria-label": "Result", hidden: true });
    this.element = h("div", { class: "sql-page" }, h("h1", {}, "SQL over the tables"), this.#form(), this.status, this.place);
    about().then((known) => this.#offer(known), (error) => this.#fail(error));
  }

  #form() {
    return h("form", { onsubmit: (event) => { event.preventDefault(); this.#run(); } },
      h("div", { class: "sql-head" },
        h("label", { for: "saved" }, "Saved questions"), this.saved, this.#tables()),
      h("label", { for: "sql", class: "hidden" }, "SQL"), this.box,
      h("div", { class: "sql-foot" }, this.run, this.stop, this.copy, this.hint));
  }

  /** The tables and their columns, asked when they are first opened. */
  #tables() {
    const list = h("dl", { class: "table-list" }, "Loading …");
    const fold = h("details", { class: "menu tables-menu" }, h("summary", {}, "Tables"), h("div", { class: "menu-list" }, list));
    fold.addEventListener("toggle", async () => {
      if (!fold.open || fold.dataset.asked) return;
      fold.dataset.asked = "yes";
      try {
        const { rows } = await sql(COLUMNS);
        fill(list, rows.map(([name, columns]) => [h("dt", {}, name), h("dd", {}, columns)]));
      } catch (error) {
        fill(list, error.message);
      }
    });
    return fold;
  }

  #offer({ saved_questions: questions, limits }) {
    this.questions = questions;
    this.saved.append(...questions.map(({ title }, number) => h("option", { value: number }, title)));
    this.hint.textContent = "Read-only DuckDB SQL. Ctrl-Enter runs it, for at most "
      + `${limits.sql_seconds} s and ${plural(limits.sql_rows, "row")}.`;
    if (!this.box.value && document.activeElement !== this.box && questions.length) {
      this.saved.value = "0";
      this.box.value = questions[0].sql;
    }
  }

  #choose() {
    const question = this.questions?.[this.saved.value];
    if (this.saved.value === "" || !question) return;
    this.box.value = question.sql;
    this.#run();
  }

  #key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#run();
  }

  async #run() {
    const text = this.box.value.trim();
    if (!text) return;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.router.rename(`/sql?${new URLSearchParams({ sql: text })}`);
    this.#show(null);
    this.stop.hidden = false;
    fill(this.status, "Running …");
    try {
      const result = await sql(text, running.signal);
      if (this.running === running) this.#show(result);
    } catch (error) {
      if (this.running === running) this.#fail(error);
    }
    if (this.running === running) {
      this.running = null;
      this.stop.hidden = true;
    }
  }

  #show(result) {
    this.result = result;
    this.status.classList.remove("is-error");
    this.copy.hidden = !result;
    this.place.hidden = !result?.rows.length;
    fill(this.place, result ? resultTable(result) : null);
    if (!result) return;
    const count = result.rows.length;
    fill(this.status, result.truncated ? `First ${plural(count, "row")}; there are more` : count ? plural(count, "row") : "No rows",
      h("span", { class: "took" }, `${result.seconds.toFixed(2)} s`));
  }

  #fail(error) {
    this.#show(null);
    const cancelled = error.name === "AbortError";
    this.status.classList.toggle("is-error", !cancelled);
    fill(this.status, cancelled ? "Cancelled." : error.message);
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(csv(this.result));
      this.copy.textContent = "Copied";
    } catch {
      this.copy.textContent = "The browser did not allow it";
    }
    setTimeout(() => { this.copy.textContent = "Copy as CSV"; }, 2000);
  }
}

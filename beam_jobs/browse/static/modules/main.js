/** The application: header, footer, pages, and the keys that work everywhere. */

import { about, signOut } from "./api.js";
import { CorpusPage } from "./corpus_page.js";
import { fill, h } from "./elements.js";
import { corpusPath } from "./paths.js";
import { Player } from "./player.js";
import { RecordingPage } from "./recording_page.js";
import { mayEdit } from "./review_api.js";
import { ReviewPage } from "./review_page.js";
import { Router } from "./router.js";
import { SearchPage } from "./search_page.js";
import { SIGN_IN, SignInPage } from "./sign_in_page.js";
import { SqlPage } from "./sql_page.js";

const CORPORA_IN_A_ROW = 3;

const nav = document.getElementById("nav");
const player = new Player(document.getElementById("audio"));
const router = new Router(
  document.getElementById("main"),
  [
    [/^\/$/, (match, url, entry) => searchPage().show(url, entry)],
    [/^\/recording\/([^/]+)$/, ([, id], url) => new RecordingPage(decodeURIComponent(id), url, player, router)],
    [/^\/corpus\/([^/]+)$/, ([, name]) => new CorpusPage(decodeURIComponent(name))],
    [/^\/sql$/, (match, url) => new SqlPage(url, router)],
    [/^\/review$/, (match, url) => new ReviewPage(url, player, router)],
    [/^\/sign-in$/, (match, url) => new SignInPage(url)],
  ],
  (url) => {
    player.release();
    showCurrent(url);
  },
);
let keptSearchPage = null;

/** Kept while other pages are shown; made when it is first wanted, which may be after a sign-in. */
function searchPage() {
  keptSearchPage ??= new SearchPage(player, router);
  return keptSearchPage;
}

function links(corpora, person) {
  const named = corpora.map(({ name }) => h("a", { href: corpusPath(name) }, name));
  const folded = named.length > CORPORA_IN_A_ROW;
  const menu = folded
    ? h("details", { class: "menu" }, h("summary", {}, "Corpora"), h("div", { class: "menu-list" }, named))
    : named;
  const review = mayEdit(person) ? h("a", { href: "/review" }, "Review") : null;
  return [h("a", { href: "/" }, "Search"), menu, review, h("a", { href: "/sql" }, "SQL")];
}

function showCurrent(url) {
  for (const link of nav.querySelectorAll("a")) {
    if (link.pathname === url.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  nav.querySelector("details")?.removeAttribute("open");
}

function showAbout(known) {
  fill(nav, links(known.corpora, known.person));
  showCurrent(new URL(location.href));
  fill(document.getElementById("about"),
    `af3 archive ${known.version}, ${known.writing ? "" : "read-only "}over `, h("code", {}, known.out));
  fill(document.getElementById("person"), known.person ? signedIn(known.person, known.signs_in_by) : []);
}

function signedIn({ name, role }, by) {
  const failed = h("span", { role: "alert" });
  const leave = () => signOut().then(() => location.assign(SIGN_IN), (error) => fill(failed, error.message));
  return [
    h("span", { title: `signed in as ${role}` }, name),
    by === "token" ? h("button", { type: "button", onclick: leave }, "Sign out") : null,
    failed,
  ];
}

function typing(target) {
  return target.matches?.("input, textarea, select") || target.isContentEditable;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    if (location.pathname !== "/") router.go("/");
    searchPage().focusBox();
  } else if (event.key !== " " || !event.target.closest("button, summary, a, [role=slider]")) {
    router.page?.key?.(event);
  }
}

fill(nav, links([], null));
router.start();
document.addEventListener("keydown", pressed);
if (location.pathname !== SIGN_IN) about().then(showAbout, () => undefined);

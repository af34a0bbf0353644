const page = document.documentElement;
document.getElementById("switch").addEventListener("click", () => {
  page.dataset.lang = page.dataset.lang === "fr" ? "en" : "fr";
  page.lang = page.dataset.lang;
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
